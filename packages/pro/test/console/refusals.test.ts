import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Browser } from "playwright-core";
import { ConsolePage, launch } from "./console-page.js";
import { eventually } from "./eventually.js";
import { type Reply, StubServer } from "./stub-server.js";
import { wellWorld } from "./world.js";

jest.setTimeout(60_000);

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const KEYS = { key: "operators-key", readonlyKey: "readers-key" };

describe("a server that asks for a key", () => {
  it("is asked one thing until it has one, then everything; the key stays with the tab", async () => {
    await using server = await StubServer.start(wellWorld(), KEYS);
    await using console = await ConsolePage.open(browser, server.url);
    const { page } = console;
    await console.says(page.locator(".gate"), "A key is needed");
    expect([...server.asked.keys()]).toEqual(["GET ", "GET posture"]);

    await page.locator(".gate input").fill("wrong key");
    await page.locator(".gate [type=submit]").click();
    await console.says(page.locator(".gate"), "A key has letters, digits and signs, and no spaces");
    await page.locator(".gate input").fill("wrong");
    await page.locator(".gate [type=submit]").click();
    await console.says(page.locator(".gate"), "The key was refused");

    await page.locator(".gate input").fill(KEYS.key);
    await page.keyboard.press("Enter");
    await console.says(console.verdict, "All is well");
    await page.reload();
    await console.says(console.verdict, "All is well");
    await page.getByRole("button", { name: "Key set" }).click();
    await console.dialog.getByRole("button", { name: "Forget the key" }).click();
    await console.says(page.locator(".gate"), "A key is needed");
    expect(
      await page.evaluate("JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])"),
    ).not.toContain('key"');
    expect(console.errors).toEqual([]);
  });
});

const REFUSALS: readonly (readonly [
  name: string,
  posture: object,
  reply: Reply,
  words: readonly string[],
])[] = [
  [
    "a locked server",
    { role: "operator", unlocked: false },
    {
      status: 403,
      body: {
        code: "FORBIDDEN",
        detail: "this needs the role admin, and yours is operator; it needs BALDUR_ADMIN_UNLOCK=1 as well",
      },
    },
    ["yours is operator", "Start the server with BALDUR_ADMIN_UNLOCK=1 to allow it."],
  ],
  [
    "a key that may only read",
    { role: "viewer", unlocked: true },
    { status: 403, body: { code: "FORBIDDEN", detail: "this needs the role admin, and yours is viewer" } },
    ["yours is viewer", "It takes the key that may act: BALDUR_ADMIN_KEY."],
  ],
  [
    "an origin that the server does not know",
    {},
    {
      status: 403,
      body: { code: "ORIGIN_BLOCKED", detail: "the Host or the Origin is no name of this server" },
    },
    ["no name of this server", "BALDUR_ADMIN_ALLOWED_ORIGINS"],
  ],
  [
    "the kill switch",
    {},
    { status: 403, body: { code: "ACTION_REJECTED", detail: "Baldur is disabled" } },
    ["Baldur is disabled."],
  ],
  [
    "a state that could not be stored",
    {},
    {
      status: 503,
      body: {
        title: "Service Unavailable",
        code: "NOT_PERSISTED",
        detail: "it is in force in this process and could not be stored",
      },
    },
    ["could not be stored"],
  ],
];

describe("a refusal", () => {
  let server: StubServer;
  let console: ConsolePage;
  beforeAll(async () => {
    server = await StubServer.start(wellWorld());
    console = await ConsolePage.open(browser, server.url);
  });
  afterAll(async () => {
    await console[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  it.each(REFUSALS)("by %s says what to do about it", async (_, posture, reply, words) => {
    server.world.posture = { ...wellWorld().posture, ...posture };
    server.instead.set("POST system/disable", reply);
    const panel = await console.unfold("control");
    await console.askAgain();
    await panel.getByRole("button", { name: "Switch off…" }).click();
    const { dialog } = console;
    await dialog.locator("[name=reason]").fill("because");
    await dialog.locator("[name=confirm]").fill("CONFIRM");
    await dialog.locator("[type=submit]").click();
    const alert = dialog.locator("[role=alert]");
    for (const each of words) await console.says(alert, each);
    expect(await dialog.locator("[name=reason]").inputValue()).toBe("because");
    await console.page.keyboard.press("Escape");
    await eventually("no dialog", async () => (await console.page.locator("dialog").count()) === 0);
  });

  it("that is to be expected is told before anything is sent", async () => {
    const { world } = server;
    world.posture = { ...world.posture, role: "operator", unlocked: false };
    await console.askAgain();
    const panel = await console.unfold("control");
    await panel.getByRole("button", { name: "Switch off…" }).click();
    await console.says(
      console.dialog,
      "locked for this. It is allowed once the server is started with BALDUR_ADMIN_UNLOCK=1",
    );
    world.posture = { ...world.posture, role: "viewer" };
    await console.askAgain();
    await console.says(console.dialog, "Your key may only read: the server will refuse this");
  });
});

describe("a server that is asked too often", () => {
  it("is left alone for as long as it says", async () => {
    await using server = await StubServer.start(wellWorld());
    await using console = await ConsolePage.open(browser, server.url);
    await console.says(console.verdict, "All is well");
    server.instead.set("GET control/status", {
      status: 429,
      headers: { "retry-after": "2" },
      body: { error: "rate_limit_exceeded", message: "more than 100 requests in 60 s", retry_after: 2 },
    });
    await console.askAgain();
    await console.says(
      await console.unfold("circuits"),
      "What is shown is old: more than 100 requests in 60 s",
    );
    server.instead.clear();
    const asked = server.moments.length;
    const refusedAt = server.moments.at(-1) ?? 0;
    server.tell("baldur", { name: "system_control.dry_run_enabled", level: "warning", at: "", payload: {} });
    await eventually("the next question", () => server.moments.length > asked);
    expect((server.moments[asked] ?? 0) - refusedAt).toBeGreaterThan(1500);
    await console.says(console.verdict, "All is well");
    expect(console.errors).toEqual([]);
  });
});

describe("a server that dies", () => {
  it("is missed at once, keeps what is known with its age, and is taken up again when it is back", async () => {
    await using server = await StubServer.start(wellWorld());
    await using console = await ConsolePage.open(browser, server.url);
    await console.says(console.verdict, "All is well");
    await eventually("a stream", () => server.streams === 1);
    await server.die();
    await console.says(console.verdict, /The server has not answered for \d+ s: what is shown is old/);
    await console.says(console.basis, "0 of 7 sources reported");
    expect(await console.page.locator(".verdict").getAttribute("data-grade")).toBe("unknown");
    await console.says(console.page.locator(".pulse"), /Reconnecting… for \d+ s/);
    await console.says(await console.unfold("storage"), "redis");
    await console.says(console.row("storage"), /What is shown is of \d\d:\d\d:\d\d/);

    const panel = await console.unfold("control");
    await panel.getByRole("button", { name: "Begin dry run…" }).click();
    await console.dialog.locator("[name=confirm]").fill("CONFIRM");
    await console.dialog.locator("[type=submit]").click();
    await console.says(console.dialog.locator("[role=alert]"), "the server does not answer");
    await console.says(console.dialog.locator("[role=alert]"), "It is not repeated by itself");
    await console.page.keyboard.press("Escape");

    server.asked.clear();
    await server.comeBack();
    await console.says(console.verdict, "All is well");
    await eventually("a stream", () => server.streams === 1);
    await console.says(console.page.locator(".pulse"), "Live");
    expect(console.errors).toEqual([]);
  });

  it("without a stream is asked every few seconds", async () => {
    await using server = await StubServer.start(wellWorld());
    server.instead.set("GET events", { status: 404, body: { detail: "there is no route" } });
    await using console = await ConsolePage.open(browser, server.url);
    await console.says(console.page.locator(".pulse"), "Asking every few seconds");
    server.world.control = { ...server.world.control, enabled: false };
    await console.says(console.verdict, "Baldur is switched off");
  });

  it("with a stream tells of a change by itself, and asks no more often than before", async () => {
    await using server = await StubServer.start(wellWorld());
    await using console = await ConsolePage.open(browser, server.url);
    await console.says(console.verdict, "All is well");
    await eventually("a stream", () => server.streams === 1);
    const before = server.asked.get("GET system/status") ?? 0;
    server.world.control = { ...server.world.control, dryRun: true };
    for (let times = 0; times < 500; times++)
      server.tell("baldur", {
        name: "system_control.dry_run_enabled",
        level: "warning",
        at: new Date().toISOString(),
        payload: {},
      });
    await console.says(console.verdict, "Dry run");
    expect((server.asked.get("GET system/status") ?? 0) - before).toBeLessThan(5);
  });
});
