import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Browser } from "playwright-core";
import { ConsolePage, launch } from "./console-page.js";
import { eventually } from "./eventually.js";
import { StubServer } from "./stub-server.js";
import { circuit, deadLetter, type Json, openCircuit, wellWorld } from "./world.js";

jest.setTimeout(60_000);

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const CIRCUITS = 1000;
const LETTERS = 100_000;
const ELEMENTS = "document.querySelectorAll('*').length";
const FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1";

const circuits = (turn: number): Json[] =>
  Array.from({ length: CIRCUITS }, (_, index) =>
    index < 3
      ? openCircuit(`service-${index}`, 60_000 + turn)
      : circuit(`service-${index}`, {
          window: { calls: turn % 100, failures: index % 3, slow: 0, rateLimited: 0 },
        }),
  );

describe("a thousand circuits and a hundred thousand dead letters", () => {
  it("are narrowed, paged and followed with no more on the page than is looked at", async () => {
    const world = wellWorld();
    world.circuits = circuits(0);
    world.letters = Array.from({ length: LETTERS }, (_, index) => deadLetter(`dl-${index}`));
    await using server = await StubServer.start(world);
    await using console = await ConsolePage.open(browser, server.url);
    const panel = await console.unfold("circuits");
    await console.says(panel, "1–25 of 1,000 circuits");
    expect(await panel.locator("tbody tr").count()).toBe(25);

    const letters = await console.unfold("queue");
    await console.says(letters, "1–25 of 100,000 dead letters");
    await letters.getByRole("button", { name: "Next" }).click();
    await console.says(letters, "26–50 of 100,000 dead letters");
    await letters.getByRole("button", { name: "Previous" }).click();
    await console.says(letters, "1–25 of 100,000 dead letters");
    expect(await console.page.evaluate<number>(ELEMENTS)).toBeLessThan(1500);

    await panel.locator(".filter").fill("service-99");
    await console.says(panel, "1–11 of 11 circuits");
    for (let turn = 1; turn <= 3; turn++) {
      const asked = server.asked.get("GET control/status") ?? 0;
      server.world.circuits = circuits(turn);
      await console.askAgain();
      await eventually("another look", () => (server.asked.get("GET control/status") ?? 0) > asked);
    }
    await console.says(panel, "of 3 calls failed");
    await panel.locator(".filter").fill("");
    await panel.getByRole("button", { name: "Open 3" }).click();
    await console.says(panel, "1–3 of 3 circuits");
    await panel.getByRole("button", { name: "All 1000" }).click();
    await panel.getByRole("button", { name: "Next" }).click();
    await console.says(panel, "26–50 of 1,000 circuits");
    expect(console.errors).toEqual([]);
  });

  it("do not delay the first paint, which waits for no answer", async () => {
    await using server = await StubServer.start(wellWorld());
    for (const path of ["posture", "control/status", "journal", "events"])
      server.instead.set(`GET ${path}`, "silence");
    await using console = await ConsolePage.open(browser, server.url);
    await console.says(console.verdict, "Asking…");
    const paint = await console.page.evaluate<number>(FIRST_PAINT);
    process.stdout.write(`console: first paint after ${Math.round(paint)} ms\n`);
    expect(paint).toBeGreaterThan(0);
  });
});
