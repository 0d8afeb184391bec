// The page as the admin server serves it, before a runtime with its dead letters on disk.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Browser, Locator } from "playwright-core";
import { Shop } from "./application.js";
import { ConsolePage, launch, ROWS } from "./console-page.js";
import { eventually } from "./eventually.js";
import { HOSTILE } from "./hostile.js";

jest.setTimeout(120_000);

const KEYS = { key: "operators-key", readonlyKey: "readers-key" };
const SOAK = process.env["BALDUR_SOAK"] === "1";
const MANY = SOAK ? 100_000 : 5000;
const BUILT = new URL("../../../../apps/console/dist/index.html", import.meta.url);

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** Fills in a question, and has it done. */
async function answer(console: ConsolePage, typed: Readonly<Record<string, string>> = {}): Promise<void> {
  const { dialog } = console;
  for (const [name, value] of Object.entries(typed)) await dialog.locator(`[name=${name}]`).fill(value);
  const word = dialog.locator("[name=confirm]");
  if ((await word.count()) > 0) await word.fill("CONFIRM");
  await dialog.locator("[type=submit]").click();
}

async function details(console: ConsolePage, row: string, item: string): Promise<void> {
  const panel = await console.unfold(row);
  await panel.locator(item).getByRole("button").click();
}

const press = (place: Locator, name: string): Promise<void> =>
  place.getByRole("button", { name, exact: true }).click();
const WHY = { reason: "a test says so" };

async function enter(console: ConsolePage, key: string): Promise<void> {
  await console.page.locator(".gate input").fill(key);
  await console.page.keyboard.press("Enter");
}

describe("the page", () => {
  it("is the one that was built, with a nonce of its own on every load", async () => {
    await using shop = await Shop.open();
    const load = async (): Promise<string> => (await fetch(shop.url)).text();
    const [one, two] = [await load(), await load()];
    const nonce = (html: string): string => /nonce="([^"]+)"/.exec(html)?.[1] ?? "";
    expect(nonce(one)).not.toBe(nonce(two));
    expect(one.replaceAll(nonce(one), "__BALDUR_NONCE__")).toBe(readFileSync(BUILT, "utf8"));
  });

  it("makes no request but to its server, and breaks no rule of its policy", async () => {
    await using shop = await Shop.open();
    await shop.loses(5);
    await using console = await ConsolePage.open(browser, shop.url);
    const elsewhere: string[] = [];
    console.page.on("request", (request) => {
      if (!request.url().startsWith(shop.url) && !request.url().startsWith("data:"))
        elsewhere.push(request.url());
    });
    await console.page.reload();
    await console.says(console.verdict, /^charge is open/);
    for (const id of ROWS) {
      const panel = await console.unfold(id);
      await eventually(
        `${id} to answer`,
        async () => (await panel.locator("[aria-busy=true]").count()) === 0,
      );
      expect(await panel.locator(".trouble").allInnerTexts()).toEqual([]);
    }
    await console.says(console.basis, "7 of 7 sources reported");
    expect(elsewhere).toEqual([]);
    expect(console.errors).toEqual([]);
    expect(await console.refused()).toEqual([]);
    await console.picture("real");
  });
});

describe("what an operator does", () => {
  it("to a circuit: forces it open and closed, lifts the pin, resets it", async () => {
    await using shop = await Shop.open();
    await shop.loses(3);
    await using console = await ConsolePage.open(browser, shop.url);
    const { baldur } = shop;
    const steps = [
      ["Force closed…", { ...WHY, ttl_minutes: "5" }, "forced_closed"],
      ["Force open…", WHY, "forced_open"],
      ["Reset…", WHY, "closed"],
      ["Force open…", WHY, "forced_open"],
      ["Lift the pin…", WHY, undefined],
    ] as const;
    await details(console, "circuits", '[data-name="charge"]');
    for (const [button, typed, state] of steps) {
      await press(console.dialog, button);
      await answer(console, typed);
      await eventually(`${button} to be done`, () => {
        const { state: now, manual } = baldur.circuit("charge").snapshot();
        return state === undefined ? manual === undefined : now === state;
      });
      await eventually("the answer", async () => (await console.page.locator("dialog").count()) === 1);
    }
    await console.says(console.dialog.locator(".events"), "by loopback — a test says so");
    expect(console.errors).toEqual([]);
  });

  it("to Baldur as a whole: switches it off and on, begins and ends a dry run", async () => {
    await using shop = await Shop.open();
    await using console = await ConsolePage.open(browser, shop.url);
    const { control } = shop.baldur;
    const steps = [
      ["Switch off…", () => !control.enabled, "Baldur is switched off by loopback: a test says so"],
      ["Switch on…", () => control.enabled, "All is well"],
      ["Begin dry run…", () => control.dryRun, "Dry run: decisions are made, and not applied"],
      ["End dry run…", () => !control.dryRun, "All is well"],
    ] as const;
    const panel = await console.unfold("control");
    for (const [button, isDone, verdict] of steps) {
      await press(panel, button);
      await answer(console, WHY);
      await eventually(`${button} to be done`, isDone);
      await console.says(console.verdict, verdict);
    }
    await console.says(await console.unfold("journal"), "system control · kill switch activated");
  });

  it("to a dead letter: reads it, replays it, redrives it, resolves and rejects it", async () => {
    await using shop = await Shop.open();
    const [replayed = "", redriven = "", resolved = "", rejected = "", failing = ""] = await shop.loses(5);
    await shop.baldur.circuit("charge").reset({ actor: "test", reason: "test" });
    await using console = await ConsolePage.open(browser, shop.url);
    const doIt = async (
      id: string,
      button: string,
      typed: Readonly<Record<string, string>>,
    ): Promise<void> => {
      await details(console, "queue", `[data-id="${id}"]`);
      await press(console.dialog, button);
      await answer(console, typed);
    };
    const leave = async (): Promise<void> => {
      await console.page.keyboard.press("Escape");
      await console.page.keyboard.press("Escape");
      await eventually("no dialog", async () => (await console.page.locator("dialog").count()) === 0);
    };

    await doIt(failing, "Replay…", WHY);
    await console.says(
      console.dialog.locator("[role=alert]"),
      "It was replayed, and failed: Error: the gateway is down",
    );
    await console.page.keyboard.press("Escape");
    await console.says(console.dialog, /Error.*the gateway is down caused by Error ECONNREFUSED/);
    await console.says(console.dialog, /"id": "order-\d"/);
    await console.says(console.dialog, "1 of 2, the last");
    await console.says(console.dialog.locator(".events"), "dlq · entry operated");
    await leave();

    shop.isGatewayDown = false;
    await doIt(replayed, "Replay…", WHY);
    await console.says(console.notices, "It was replayed, and succeeded");
    await leave();
    await doIt(redriven, "Redrive…", { ...WHY, ticket_url: "https://tickets.example/1" });
    await eventually("the redrive", async () => (await shop.statusOf(redriven)) === "resolved");
    await leave();
    await doIt(resolved, "Resolve…", { note: "refunded" });
    await eventually("the end", async () => (await shop.statusOf(resolved)) === "resolved");
    await leave();
    await doIt(rejected, "Reject…", { note: "a test order" });
    await eventually("the end", async () => (await shop.statusOf(rejected)) === "rejected");
    await leave();
    expect(shop.charged).toHaveLength(2);
    await console.says(console.page.locator(".legend"), /5 captured 2 replayed 2 settled by hand/);
    expect(console.errors).toEqual([]);
  });

  it("to many at once: narrows, replays a batch, archives and purges", async () => {
    await using shop = await Shop.open();
    await shop.loses(8);
    shop.isGatewayDown = false;
    await shop.baldur.circuit("charge").reset({ actor: "test", reason: "test" });
    await using console = await ConsolePage.open(browser, shop.url);
    const panel = await console.unfold("queue");
    await panel.getByLabel("Name").selectOption("charge");
    await press(panel, "Replay a batch…");
    await answer(console, { ...WHY, batch_size: "6" });
    await console.says(console.notices, "6 of 6 replays succeeded");
    await eventually("six charges", () => shop.charged.length === 6);
    await panel.getByLabel("Status").selectOption("pending");
    await console.says(panel, "1–2 of 2 dead letters");
    await press(panel, "Archive…");
    await answer(console);
    await console.says(console.notices, "Archived: 0");
    await press(panel, "Purge…");
    await answer(console, { older_than_days: "0" });
    await console.says(console.notices, "Purged: 0");
  });
});

describe("who may", () => {
  it("do nothing without a key, look with one, act with another", async () => {
    await using shop = await Shop.open(KEYS);
    await using console = await ConsolePage.open(browser, shop.url);
    await console.says(console.page.locator(".gate"), "send the key in the header");
    await enter(console, "wrong");
    await console.says(console.page.locator(".gate"), "The key was refused");

    await enter(console, KEYS.readonlyKey);
    await console.says(console.verdict, "All is well");
    const panel = await console.unfold("control");
    await press(panel, "Switch off…");
    await console.says(console.dialog, "Your key may only read");
    await answer(console, WHY);
    await console.says(
      console.dialog.locator("[role=alert]"),
      "yours is viewer. It takes the key that may act: BALDUR_ADMIN_KEY.",
    );
    expect(shop.baldur.control.enabled).toBe(true);
    await console.page.keyboard.press("Escape");

    await press(console.page.locator(".top"), "Reading");
    await console.dialog.locator("input").fill(KEYS.key);
    await console.page.keyboard.press("Enter");
    await console.says(await console.unfold("posture"), "read and act");
    await press(panel, "Switch off…");
    await answer(console, WHY);
    await eventually("the switch", () => !shop.baldur.control.enabled);
    await console.says(console.verdict, "Baldur is switched off by key:operator: a test says so");
    expect(console.errors).toEqual([]);
  });

  it("destroy nothing while the server is locked, which is told before and after", async () => {
    await using shop = await Shop.open({ unlock: false });
    await using console = await ConsolePage.open(browser, shop.url);
    const panel = await console.unfold("control");
    await press(panel, "Switch off…");
    await console.says(console.dialog, "The server is locked for this");
    await answer(console, WHY);
    await console.says(
      console.dialog.locator("[role=alert]"),
      "Start the server with BALDUR_ADMIN_UNLOCK=1 to allow it.",
    );
    expect(shop.baldur.control.enabled).toBe(true);
  });

  it("not come by a name that is not the server's", async () => {
    await using shop = await Shop.open();
    const { port } = new URL(shop.url);
    const own = await launch([`--host-resolver-rules=MAP evil.example 127.0.0.1`]);
    try {
      const page = await own.newPage();
      const response = await page.goto(`http://evil.example:${port}/`);
      expect(response?.status()).toBe(403);
      expect(await page.locator("#console").count()).toBe(0);
    } finally {
      await own.close();
    }
  });
});

describe("a real server", () => {
  it("that goes away and comes back is followed, with all that happened meanwhile", async () => {
    await using shop = await Shop.open();
    await using console = await ConsolePage.open(browser, shop.url);
    await console.says(console.verdict, "All is well");
    const port = shop.server.boundPort;
    await shop.server.stop({ timeout: 0 });
    await console.says(console.verdict, "The server has not answered");
    await shop.loses(4);
    await shop.serve({ port });
    await console.says(console.verdict, /^charge is open/);
    await console.says(console.page.locator(".legend"), "4 captured");
    await console.says(console.page.locator(".pulse"), "Live");
    expect(console.errors).toEqual([]);
  });

  it("keeps names and reasons as they are, and the page shows them as text", async () => {
    await using shop = await Shop.open();
    const names = HOSTILE.filter((name) => name.length <= 128 && !/\p{Cc}/u.test(name));
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) {
      const failing = shop.baldur.protect(name, () => Promise.reject(new Error(name)), { dlq: true });
      await failing.catch(() => undefined);
      await shop.baldur.circuit(name).forceOpen({ actor: name, reason: name });
    }
    await eventually("dead letters", async () => (await shop.dlq.stats()).total === names.length);
    await using console = await ConsolePage.open(browser, shop.url, { width: 360 });
    for (const id of ["queue", "journal", "circuits"]) await console.unfold(id);
    await eventually(
      "a row for each",
      async () => (await console.row("circuits").locator("tbody tr").count()) === names.length,
    );
    for (const name of names) {
      await details(console, "circuits", `[data-name=${JSON.stringify(name)}]`); // the rows change places
      await press(console.dialog, "Lift the pin…");
      await answer(console, { reason: names[0] ?? "" });
      await eventually("the answer", async () => (await console.page.locator("dialog").count()) === 1);
      await console.page.keyboard.press("Escape");
    }
    for (const name of names) expect(shop.baldur.circuit(name).snapshot().manual).toBeUndefined();
    expect(await console.page.evaluate("globalThis.hacked")).toBeUndefined();
    expect(console.errors).toEqual([]);
    expect(await console.refused()).toEqual([]);
  });

  it(`with a thousand circuits and ${MANY} dead letters is looked through`, async () => {
    await using shop = await Shop.open();
    for (let index = 0; index < 1000; index++) await shop.baldur.protect(`service-${index}`, () => index);
    for (let lost = 0; lost < MANY; lost += 1000)
      await Promise.allSettled(
        Array.from({ length: 1000 }, (_, index) => shop.charge({ id: `order-${lost + index}` })),
      );
    await eventually("the dead letters", async () => (await shop.dlq.stats()).total >= MANY, 60_000);
    await using console = await ConsolePage.open(browser, shop.url);
    const panel = await console.unfold("circuits");
    await console.says(panel, "1–25 of 1,001 circuits");
    await panel.locator(".filter").fill("service-77");
    await console.says(panel, "1–11 of 11 circuits");
    const letters = await console.unfold("queue");
    await console.says(letters, `of ${MANY.toLocaleString("en")} dead letters`);
    await press(letters, "Next");
    await console.says(letters, "26–50");
    expect(console.errors).toEqual([]);
  });
});
