import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Browser } from "playwright-core";
import { BEYOND, ConsolePage, launch, ROWS } from "./console-page.js";
import { eventually } from "./eventually.js";
import { StubServer } from "./stub-server.js";
import { sickWorld, type World, wellWorld } from "./world.js";

jest.setTimeout(90_000);

const FAINT = readFileSync(new URL("contrast.mjs", import.meta.url), "utf8");
/** Things that a finger would miss. */
const SMALL = `[...document.querySelectorAll("main button, main input, main select, header button")]
  .map((each) => [each.getBoundingClientRect(), each])
  .filter(([{ width, height }]) => width > 0 && (width < 24 || height < 24))
  .map(([, each]) => each.outerHTML.slice(0, 80))`;
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const offWorld = (): World => ({
  ...sickWorld(),
  control: {
    enabled: false,
    dryRun: true,
    persisted: true,
    version: 9,
    disabled: {
      at: new Date(Date.now() - 90_000).toISOString(),
      by: "mia@example.com",
      reason: "release 42 is rolling out",
    },
  },
});
const bareWorld = (): World => ({ ...wellWorld(), circuits: [], letters: undefined, journal: [] });

const STATES = { well: wellWorld, sick: sickWorld, off: offWorld, bare: bareWorld } as const;
const LOOKS = (["light", "dark"] as const).flatMap((scheme) =>
  ([1440, 360] as const).map((width) => ({ scheme, width })),
);

/** Looks at what is shown, in every window and colour. */
async function expectReadable(console: ConsolePage, name: string, whole = true): Promise<void> {
  for (const look of LOOKS) {
    await console.look(look);
    const faint = await console.page.evaluate<string[]>(FAINT);
    const beyond = await console.page.evaluate<string[]>(BEYOND);
    const small = await console.page.evaluate<string[]>(SMALL);
    await console.picture(`${name}-${look.scheme}-${look.width}`, whole);
    expect({ ...look, faint, beyond, small }).toEqual({ ...look, faint: [], beyond: [], small: [] });
  }
}

describe("wide and narrow, light and dark,", () => {
  it.each(Object.keys(STATES) as (keyof typeof STATES)[])(
    "a server that is %s can be read",
    async (state) => {
      await using server = await StubServer.start(STATES[state]());
      await using console = await ConsolePage.open(browser, server.url);
      await console.says(console.basis, /(\d) of \1 sources reported/);
      await console.says(console.page.locator(".ledger .row-age"), /now|ago/);
      await expectReadable(console, state);
    },
  );

  it("everything that unfolds, and the dialogs, can be read", async () => {
    await using server = await StubServer.start(sickWorld());
    await using console = await ConsolePage.open(browser, server.url);
    await console.row("queue").waitFor();
    for (const id of ROWS) await console.unfold(id);
    await eventually(
      "all answers",
      async () => (await console.page.locator("[aria-busy=true]").count()) === 0,
    );
    await expectReadable(console, "unfolded");

    await console.row("circuits").locator('[data-name="search"] button').click();
    await console.dialog.locator(".facts").first().waitFor();
    await expectReadable(console, "circuit", false);
    await console.page.keyboard.press("Escape");

    await console.row("queue").locator('[data-id="dl-0001"] button').click();
    await console.dialog.locator(".attempt").first().waitFor();
    await expectReadable(console, "letter", false);
    await console.dialog.getByRole("button", { name: "Redrive…" }).click();
    await console.dialog.locator("[type=submit]").click();
    await console.says(console.dialog, "Reason is needed");
    await expectReadable(console, "redrive", false);
    await console.page.keyboard.press("Escape");
    await console.page.keyboard.press("Escape");

    await server.die();
    await console.says(console.verdict, "The server has not answered");
    await expectReadable(console, "silent", false);
    expect(console.errors).toEqual([]);
    expect(await console.refused()).toEqual([]);
  });

  it("the question for a key can be read", async () => {
    await using server = await StubServer.start(wellWorld(), { key: "secret" });
    await using console = await ConsolePage.open(browser, server.url);
    await console.page.locator(".gate").waitFor();
    await expectReadable(console, "key", false);
  });
});

describe("the colours", () => {
  it("follow the system until they are chosen, and the choice stays", async () => {
    await using server = await StubServer.start(wellWorld());
    await using console = await ConsolePage.open(browser, server.url, { scheme: "dark" });
    const { page } = console;
    expect(await console.theme()).toBe("dark");
    await console.look({ width: 1440, scheme: "light" });
    await page.getByRole("button", { name: "Colours as the system has them. Change" }).click();
    await page.getByRole("button", { name: "Light colours. Change" }).click();
    expect(await console.theme()).toBe("dark");
    await page.reload();
    expect(await console.theme()).toBe("dark");
  });
});
