import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Browser } from "playwright-core";
import { ConsolePage, launch } from "./console-page.js";
import { eventually } from "./eventually.js";
import { StubServer } from "./stub-server.js";
import { circuit, type Json, journalEntry, openCircuit, sickWorld, wellWorld } from "./world.js";

jest.setTimeout(60_000);

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const MINUTE = 60_000;
const captured = (index: number, at: number, count = 1): Json =>
  journalEntry(index, "dlq.entry_created", at, {
    name: "payments",
    domain: "orders",
    failure_type: "TIMEOUT",
    count,
  });

/** How many pixels of the chart have a colour of the palette. */
const painted = (name: string): string => `(() => {
  const canvas = document.querySelector(".chart canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--${name}").trim();
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
  let count = 0;
  for (let at = 0; at < data.length; at += 4)
    if (data[at] === r && data[at + 1] === g && data[at + 2] === b && data[at + 3] === 255) count++;
  return count;
})()`;

describe("the ledger", () => {
  it("counts what was captured, replayed and settled, says which circuits were open, and draws it", async () => {
    await using server = await StubServer.start(sickWorld());
    await using console = await ConsolePage.open(browser, server.url);
    const legend = console.page.locator(".legend");
    await console.says(legend, /89 captured 40 replayed 1 settled by hand open: payments \d+ min/);
    await console.says(legend, /payments \d+ min \d+ s, still open; mail [^;]+ s, still open and 1 more/);
    for (const mark of ["captured", "replayed", "settled", "span"])
      expect(await console.page.evaluate<number>(painted(mark))).toBeGreaterThan(20);
    await console.page.locator("text=As a table").click();
    const rows = console.page.locator(".ledger tbody tr");
    await eventually("the table", async () => (await rows.count()) > 10);
    const sums = await Promise.all([2, 3, 4].map((column) => sumOf(console, column)));
    expect(sums).toEqual([89, 40, 1]);
    expect(console.errors).toEqual([]);
  });

  async function sumOf(console: ConsolePage, column: number): Promise<number> {
    const texts = await console.page.locator(`.ledger tbody tr > :nth-child(${column})`).allInnerTexts();
    return texts.reduce((sum, text) => sum + (Number(text) || 0), 0);
  }

  it("goes on with what happens, and reads only what is new", async () => {
    await using server = await StubServer.start(wellWorld());
    await using console = await ConsolePage.open(browser, server.url);
    const legend = console.page.locator(".legend");
    await console.says(legend, "0 captured 0 replayed 0 settled by hand no circuit open");
    await eventually("a stream", () => server.streams === 1);
    const at = Date.now();
    server.world.journal = [captured(1, at, 7), ...server.world.journal];
    server.tell("baldur", {
      name: "dlq.entry_created",
      level: "info",
      at: new Date(at).toISOString(),
      payload: {},
    });
    await console.says(legend, "7 captured");
    server.world.journal = [
      journalEntry(1.5, "dlq_replay.batch_progressed", at + 9, { name: "payments", success_count: 2 }),
      journalEntry(2, "dlq_replay.batch_completed", at + 10, {
        name: "payments",
        success_count: 5,
        progressed_count: 2,
      }),
      journalEntry(3, "dlq.entry_operated", at + 11, { name: "payments", action: "replay", success: true }),
      journalEntry(4, "dlq.entry_operated", at + 12, { name: "payments", action: "replay", success: false }),
      ...server.world.journal,
    ];
    server.tell("baldur", { name: "dlq_replay.batch_completed", level: "info", at: "", payload: {} });
    await console.says(legend, "7 captured 6 replayed");
  });

  it("shows what an hour holds when it is asked to, in as many parts as it takes", async () => {
    const world = wellWorld();
    const now = Date.now();
    world.journal = Array.from({ length: 1800 }, (_, index) =>
      captured(1800 - index, now - index * 1500 - 2000),
    );
    await using server = await StubServer.start(world);
    await using console = await ConsolePage.open(browser, server.url);
    const legend = console.page.locator(".legend");
    await console.says(legend, /\b(5\d\d|600) captured/); // one leaves the quarter of an hour every 1.5 s
    await console.page.getByRole("button", { name: "1 h" }).click();
    await console.says(legend, "1,800 captured");
    expect(await console.page.locator(".ledger .trouble").count()).toBe(0);
  });

  it("does not call zero what it did not read", async () => {
    const world = wellWorld();
    const now = Date.now();
    world.journal = Array.from({ length: 6000 }, (_, index) =>
      captured(6000 - index, now - index * 100 - 2000),
    );
    await using server = await StubServer.start(world);
    await using console = await ConsolePage.open(browser, server.url);
    await console.says(console.page.locator(".ledger"), "There is more than can be shown");
    await console.says(console.page.locator(".legend"), "5,000 captured");
  });

  it("says that the journal cannot be read, and that it was not read in full", async () => {
    await using server = await StubServer.start(wellWorld());
    server.instead.set("GET journal", { status: 200, body: { entries: [], complete: false } });
    await using console = await ConsolePage.open(browser, server.url);
    await console.says(console.page.locator(".ledger"), "only what this process remembers is shown");
    server.instead.set("GET journal", { status: 500, body: { detail: "the request failed" } });
    server.tell("baldur", { name: "dlq.entry_created", level: "info", at: "", payload: {} });
    await console.says(console.page.locator(".ledger"), "The journal could not be read: the request failed");
  });

  it("says how long a circuit has been open, and not until when the chart goes", async () => {
    const world = wellWorld();
    world.circuits = [openCircuit("just-opened", 0, { since: new Date(Date.now() - 3000).toISOString() })];
    await using server = await StubServer.start(world);
    await using console = await ConsolePage.open(browser, server.url);
    await console.page.getByRole("button", { name: "24 h" }).click(); // bars of 24 minutes
    await console.says(console.page.locator(".legend"), /open: just-opened \d+ s, still open/);
  });

  it("knows of an outage in which the process died, which nobody told the end of", async () => {
    const world = wellWorld();
    const at = Date.now() - 10 * MINUTE;
    world.circuits = [circuit("died-open", { since: new Date(at + 4 * MINUTE).toISOString() })];
    world.journal = [journalEntry(1, "circuit_breaker.opened", at, { name: "died-open" })];
    await using server = await StubServer.start(world);
    await using console = await ConsolePage.open(browser, server.url);
    await console.says(console.page.locator(".legend"), /open: died-open 4 min/);
  });

  it("draws a circuit that is open though the journal does not say since when", async () => {
    const world = wellWorld();
    world.circuits = [
      circuit("payments", { state: "half_open", since: new Date(Date.now() - 40 * MINUTE).toISOString() }),
    ];
    await using server = await StubServer.start(world);
    await using console = await ConsolePage.open(browser, server.url);
    await console.says(console.page.locator(".legend"), /open: payments 1[45] min( \d+ s)?, still open/);
  });
});
