import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Browser } from "playwright-core";
import { ConsolePage, launch } from "./console-page.js";
import { eventually } from "./eventually.js";
import { StubServer } from "./stub-server.js";
import { type Json, sickWorld } from "./world.js";

jest.setTimeout(60_000);

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

type Risk = "reversible" | "destructive" | "external";

interface Case {
  /** What is opened first: a row, and within it something with details. */
  readonly at: readonly [row: string, item?: string];
  readonly button: string;
  readonly risk: Risk;
  /** What is typed, by the names of the fields. */
  readonly typed: Readonly<Record<string, string>>;
  readonly posted: { readonly path: string; readonly body: Json };
}

const WORDS: Readonly<Record<Risk, RegExp>> = {
  reversible: /can be taken back here/,
  destructive: /protection or work may be lost/,
  external: /effects outside Baldur/,
};

const CIRCUIT: Case["at"] = ["circuits", '[data-name="search"]'];
const LETTER: Case["at"] = ["queue", '[data-id="dl-0001"]'];
const why = { reason: "because" };

const CASES: readonly Case[] = [
  {
    at: CIRCUIT,
    button: "Lift the pin…",
    risk: "reversible",
    typed: why,
    posted: { path: "control/auto/search", body: why },
  },
  {
    at: CIRCUIT,
    button: "Reset…",
    risk: "reversible",
    typed: why,
    posted: { path: "control/reset/search", body: why },
  },
  {
    at: CIRCUIT,
    button: "Force open…",
    risk: "destructive",
    typed: { ...why, ttl_minutes: "15" },
    posted: { path: "control/block/search", body: { ...why, ttl_minutes: 15 } },
  },
  {
    at: CIRCUIT,
    button: "Force closed…",
    risk: "destructive",
    typed: why,
    posted: { path: "control/allow/search", body: { ...why, ttl_minutes: 90 } },
  },
  {
    at: ["control"],
    button: "Switch off…",
    risk: "destructive",
    typed: why,
    posted: { path: "system/disable", body: why },
  },
  {
    at: ["control"],
    button: "Begin dry run…",
    risk: "destructive",
    typed: {},
    posted: { path: "system/dry-run/enable", body: {} },
  },
  {
    at: ["storage"],
    button: "Look again…",
    risk: "reversible",
    typed: {},
    posted: { path: "storage/recover", body: {} },
  },
  {
    at: LETTER,
    button: "Replay…",
    risk: "external",
    typed: why,
    posted: { path: "dlq/dl-0001/retry", body: why },
  },
  {
    at: LETTER,
    button: "Redrive…",
    risk: "external",
    typed: { ...why, ticket_url: "https://tickets.example/1" },
    posted: { path: "dlq/dl-0001/force-redrive", body: { ...why, ticket_url: "https://tickets.example/1" } },
  },
  {
    at: LETTER,
    button: "Resolve…",
    risk: "destructive",
    typed: { note: "refunded" },
    posted: { path: "dlq/dl-0001/resolve", body: { note: "refunded" } },
  },
  {
    at: LETTER,
    button: "Reject…",
    risk: "destructive",
    typed: {},
    posted: { path: "dlq/dl-0001/reject", body: {} },
  },
  {
    at: ["queue"],
    button: "Replay a batch…",
    risk: "external",
    typed: { ...why, batch_size: "7" },
    posted: { path: "dlq/replay", body: { ...why, batch_size: 7 } },
  },
  {
    at: ["queue"],
    button: "Archive…",
    risk: "destructive",
    typed: {},
    posted: { path: "dlq/cleanup/archive", body: { older_than_days: 30 } },
  },
  {
    at: ["queue"],
    button: "Purge…",
    risk: "destructive",
    typed: { older_than_days: "120" },
    posted: { path: "dlq/cleanup/purge", body: { older_than_days: 120, confirm: true } },
  },
];

async function begin(console: ConsolePage, [row, item]: Case["at"], button: string): Promise<void> {
  const panel = await console.unfold(row);
  if (item === undefined) return panel.getByRole("button", { name: button }).click();
  await panel.locator(item).getByRole("button").click();
  await console.dialog.getByRole("button", { name: button }).click();
}

describe("an action", () => {
  let server: StubServer;
  let console: ConsolePage;
  beforeAll(async () => {
    server = await StubServer.start(sickWorld());
    console = await ConsolePage.open(browser, server.url);
  });
  afterAll(async () => {
    await console[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  it.each(CASES)(
    "$button asks as its risk demands, and does it",
    async ({ at, button, risk, typed, posted }) => {
      const before = server.posted.length;
      await begin(console, at, button);
      const { dialog } = console;
      await console.says(dialog, WORDS[risk]);
      for (const [name, value] of Object.entries(typed)) await dialog.locator(`[name=${name}]`).fill(value);
      const go = dialog.locator("[type=submit]");
      if (risk === "destructive") {
        await go.click({ force: true });
        await dialog.locator("[name=confirm]").fill("confirm");
        await go.click({ force: true });
        expect(server.posted).toHaveLength(before);
        await dialog.locator("[name=confirm]").fill("CONFIRM");
      }
      await go.click();
      await eventually("the request", () => server.posted.length > before);
      expect(server.posted.slice(before)).toEqual([{ ...posted, key: undefined }]);
      await eventually(
        "the dialog to close",
        async () => (await console.page.locator("dialog.dialog-middle").count()) === 0,
      );
      if (at[1] !== undefined) await console.page.keyboard.press("Escape");
      await eventually("no dialog", async () => (await console.page.locator("dialog").count()) === 0);
    },
  );

  it("asks for a reason where the server does, and for numbers within their bounds", async () => {
    const before = server.posted.length;
    await begin(console, CIRCUIT, "Force open…");
    const { dialog } = console;
    await dialog.locator("[name=confirm]").fill("CONFIRM");
    await dialog.locator("[name=ttl_minutes]").fill("1441");
    await dialog.locator("[type=submit]").click();
    await console.says(dialog, "Reason is needed");
    await console.says(dialog, "For how many minutes is a whole number from 1 to 1440");
    expect(await dialog.locator("[name=reason]").getAttribute("aria-invalid")).toBe("true");
    expect(server.posted).toHaveLength(before);
    await console.page.keyboard.press("Escape");
    await console.page.keyboard.press("Escape");
    await eventually("no dialog", async () => (await console.page.locator("dialog").count()) === 0);
  });

  it("that was not done as hoped for says so, and stays", async () => {
    const results: readonly [Json, RegExp][] = [
      [{ success: false, skipped: false, error: "card declined" }, /replayed, and failed: card declined/],
      [{ success: true, skipped: true, message: "skipped: no_handler" }, /not replayed: skipped: no_handler/],
      [
        { success: false, skipped: true, message: "blocked: kill_switch" },
        /not replayed: blocked: kill_switch/,
      ],
    ];
    await begin(console, LETTER, "Replay…");
    for (const [body, words] of results) {
      server.instead.set("POST dlq/dl-0001/retry", { status: 200, body });
      await console.dialog.locator("[type=submit]").click();
      await console.says(console.dialog.locator("[role=alert]"), words);
    }
    server.instead.set("POST dlq/dl-0001/retry", {
      status: 409,
      body: { code: "ERR_BALDUR_DLQ_STATE_CONFLICT", detail: "entry dl-0001 is replaying" },
    });
    await console.dialog.locator("[type=submit]").click();
    await console.says(console.dialog.locator("[role=alert]"), "entry dl-0001 is replaying");
    await console.page.keyboard.press("Escape");
    await console.page.keyboard.press("Escape");
  });

  it("on a batch says how many went which way, and is narrowed as the list is", async () => {
    const panel = await console.unfold("queue");
    await panel.getByLabel("Domain").selectOption("mail");
    await eventually("one letter", async () => (await panel.locator("tbody tr").count()) === 1);
    const blocked = {
      total: 0,
      successCount: 0,
      failedCount: 0,
      skippedCount: 0,
      governanceBlocked: true,
      governanceBlockReason: "kill_switch",
    };
    const mixed = { total: 9, successCount: 6, failedCount: 2, skippedCount: 1, governanceBlocked: false };
    const masked = { success: true, skipped: true, data: { skip_reason: "request_data_masked" } };
    const idle = { total: 2, successCount: 0, failedCount: 0, skippedCount: 2, results: [masked, masked] };
    await begin(console, ["queue"], "Replay a batch…");
    await console.says(console.dialog, "entries that are pending, of domain mail");
    for (const [body, words] of [
      [blocked, "Nothing was replayed: kill_switch"],
      [mixed, "6 of 9 replays succeeded, 2 failed, 1 skipped"],
      [idle, "0 of 2 replays succeeded, 2 skipped (request_data_masked)"], // is nothing to be glad of
    ] as const) {
      server.instead.set("POST dlq/replay", { status: 200, body });
      await console.dialog.locator("[type=submit]").click();
      await console.says(console.dialog.locator("[role=alert]"), words);
    }
    server.instead.clear();
    await console.dialog.locator("[type=submit]").click();
    await eventually("the request", () => server.posted.at(-1)?.body["domain"] === "mail");
    expect(console.errors).toEqual([]);
    expect(await console.refused()).toEqual([]);
  });
});

describe("circuits whose names are paths of their own", () => {
  it("are acted on under their names", async () => {
    const names = [".", "..", "a/b", "%2e%2e", "a?b#c"];
    const world = sickWorld();
    world.circuits = names.map((name) => ({ ...world.circuits[0], name }));
    await using server = await StubServer.start(world);
    await using console = await ConsolePage.open(browser, server.url);
    for (const [index, name] of names.entries()) {
      await begin(console, ["circuits", `[data-name="${name}"]`], "Reset…");
      await console.dialog.locator("[name=reason]").fill("because");
      await console.dialog.locator("[type=submit]").click();
      await eventually("the request", () => server.posted.length > index);
      await eventually("the answer", async () => (await console.page.locator("dialog").count()) === 1);
      await console.page.keyboard.press("Escape");
    }
    const asked = server.posted.map(({ path, body }) =>
      path === "control" ? body["service_name"] : decodeURIComponent(path.replace("control/reset/", "")),
    );
    expect(asked).toEqual(names);
  });
});
