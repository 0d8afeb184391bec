import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Browser } from "playwright-core";
import { BEYOND, ConsolePage, launch, ROWS } from "./console-page.js";
import { eventually } from "./eventually.js";
import { hollowed, hostileWorld, misfits, misshapen } from "./hostile.js";
import { StubServer } from "./stub-server.js";
import { openCircuit, sickWorld, type World } from "./world.js";

jest.setTimeout(90_000);

const SOAK = process.env["BALDUR_SOAK"] === "1";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** Things that only markup of a value could have made. */
const FOREIGN =
  "main img, main script, main [onerror], main [onload], dialog img, dialog script, main a, dialog a";

/** Looks at everything that a value may be shown in. */
async function lookAtAll(console: ConsolePage): Promise<void> {
  for (const id of ROWS) {
    if ((await console.row(id).count()) === 0) continue;
    const panel = await console.unfold(id);
    await eventually(
      `${id} to be drawn`,
      async () => (await panel.locator("[aria-busy=true]").count()) === 0,
    );
    await expectOwn(console);
  }
  for (const row of ["circuits", "queue"]) {
    const first = console.row(row).locator("tbody tr button").first();
    if ((await first.count()) === 0) continue;
    await first.click();
    await eventually("the details", async () => (await console.dialog.locator(".facts").count()) > 0);
    await expectOwn(console);
    const action = console.dialog.locator(".block .buttons .button").last();
    if ((await action.count()) > 0) {
      await action.click();
      await eventually("the question", async () => (await console.page.locator("dialog").count()) === 2);
      await expectOwn(console);
      await console.page.keyboard.press("Escape");
    }
    await console.page.keyboard.press("Escape");
  }
}

async function expectOwn({ page }: ConsolePage): Promise<void> {
  expect(await page.locator(FOREIGN).count()).toBe(0);
  expect(await page.evaluate("globalThis.hacked")).toBeUndefined();
  expect(await page.evaluate<string[]>(BEYOND)).toEqual([]);
}

describe("values from outside", () => {
  it.each(SOAK ? [0, 1, 2, 3, 4, 5, 6, 7, 8] : [0, 5])(
    "are text, whatever they say and wherever they stand (%i)",
    async (first) => {
      await using server = await StubServer.start(hostileWorld(sickWorld(), first));
      await using console = await ConsolePage.open(browser, server.url, { width: 360 });
      await console.row("circuits").waitFor();
      await lookAtAll(console);
      expect(console.errors).toEqual([]);
      expect(await console.refused()).toEqual([]);
    },
  );

  it("are spelled out where they are not seen, and do not turn what stands around them", async () => {
    const world = sickWorld();
    world.circuits = [openCircuit("pay\u202Ements\u0000", 1000)];
    await using server = await StubServer.start(world);
    await using console = await ConsolePage.open(browser, server.url);
    await console.says(console.row("circuits"), "pay⟨U+202E⟩ments⟨U+0000⟩");
  });

  it.each(
    [
      { where: "everywhere", worldOf: (first: number) => misshapen(sickWorld(), misfits(first)) as World },
      {
        where: "in place of lists and maps",
        worldOf: (first: number) => hollowed(sickWorld(), misfits(first)),
      },
    ].flatMap((each) => (SOAK ? [0, 2, 4, 6, 8] : [0]).map((first) => ({ ...each, first }))),
  )("of the wrong kind, $where ($first), leave the page standing", async ({ worldOf, first }) => {
    await using server = await StubServer.start({ ...worldOf(first), healthStatus: 200 });
    await using console = await ConsolePage.open(browser, server.url);
    await console.row("circuits").waitFor();
    await lookAtAll(console);
    expect(console.errors).toEqual([]);
    expect(await console.page.locator("text=This cannot be shown").count()).toBe(0);
  });

  it("that are no answer at all are an error of their block alone", async () => {
    await using server = await StubServer.start(sickWorld());
    await using console = await ConsolePage.open(browser, server.url);
    const paths = ["posture", "system/status", "control/status", "health", "storage/status"];
    const others = ["scheduler/jobs", "config"];
    for (const body of [[], null, {}]) {
      for (const path of [...paths, ...others]) server.instead.set(`GET ${path}`, { status: 200, body });
      await console.page.reload();
      await console.says(console.row("queue"), "1 dead letter waits for a person");
      for (const id of ["circuits", "scheduler", "config"])
        await console.says(await console.unfold(id), "the answer cannot be understood");
    }
    expect(console.errors).toEqual([]);
  });
});
