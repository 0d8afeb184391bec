import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Browser } from "playwright-core";
import { ConsolePage, launch } from "./console-page.js";
import { eventually } from "./eventually.js";
import { StubServer } from "./stub-server.js";
import { sickWorld } from "./world.js";

jest.setTimeout(60_000);

let browser: Browser;
let server: StubServer;
beforeAll(async () => {
  browser = await launch();
  server = await StubServer.start(sickWorld());
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await browser.close();
});

const FOCUSED = `(() => {
  const { activeElement: element } = document;
  return element.getAttribute("aria-label") ?? element.textContent.trim().replace(/\\s+/g, " ").slice(0, 60);
})()`;
/** Whether what has the focus can be told from what has not. */
const HAS_RING = `(() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
})()`;

describe("without a mouse", () => {
  it("Tab goes through the page in its order, and what has the focus shows it", async () => {
    await using console = await ConsolePage.open(browser, server.url);
    await console.row("queue").waitFor();
    const order: string[] = [];
    for (let steps = 0; steps < 14; steps++) {
      await console.page.keyboard.press("Tab");
      order.push(await console.page.evaluate<string>(FOCUSED));
      expect(await console.page.evaluate<boolean>(HAS_RING)).toBe(true);
    }
    expect(order.slice(0, 5)).toEqual([
      "Skip to the rows",
      "Pause",
      "Ask again now",
      "No key",
      "Colours as the system has them. Change",
    ]);
    expect(order.slice(5, 9)).toEqual(["15 min", "1 h", "6 h", "24 h"]);
    expect(order.slice(9, 12)).toEqual([
      "As a table",
      expect.stringContaining("Circuits"),
      "Filter circuits by name",
    ]);
  });

  it("/ leads to the filter, Escape empties it, and neither disturbs typing", async () => {
    await using console = await ConsolePage.open(browser, server.url);
    const filter = console.row("circuits").locator(".filter");
    await filter.waitFor();
    await console.page.keyboard.press("/");
    await console.page.keyboard.type("a/b");
    expect(await filter.inputValue()).toBe("a/b");
    await console.says(console.row("circuits"), "No circuit matches");
    await console.page.keyboard.press("Escape");
    expect(await filter.inputValue()).toBe("");
  });

  it("Enter opens what Escape closes, one dialog at a time, and the focus comes back", async () => {
    await using console = await ConsolePage.open(browser, server.url);
    const details = console.row("circuits").locator('[data-name="payments"] button');
    await details.focus();
    await console.page.keyboard.press("Enter");
    await eventually("the details", async () => (await console.page.locator("dialog[open]").count()) === 1);
    await console.dialog.getByRole("button", { name: "Reset…" }).focus();
    await console.page.keyboard.press("Enter");
    await eventually("the question", async () => (await console.page.locator("dialog[open]").count()) === 2);
    expect(await console.page.evaluate("document.activeElement.name")).toBe("reason");
    await console.page.keyboard.press("Shift+Tab");
    await console.page.keyboard.press("Shift+Tab");
    expect(
      await console.page.evaluate(
        "document.activeElement.closest('dialog') !== null || document.activeElement === document.body",
      ),
    ).toBe(true);
    await console.page.keyboard.press("Escape");
    await eventually("the question to go", async () => (await console.page.locator("dialog").count()) === 1);
    expect(await console.page.evaluate<string>(FOCUSED)).toBe("Reset…");
    await console.page.keyboard.press("Escape");
    await eventually("the details to go", async () => (await console.page.locator("dialog").count()) === 0);
    expect(await console.page.evaluate<string>(FOCUSED)).toBe("Details and actions of payments");
  });

  it("a row is opened and closed by its heading, which says which it is", async () => {
    await using console = await ConsolePage.open(browser, server.url);
    const head = console.row("health").locator(".row-head button");
    await head.focus();
    expect(await head.getAttribute("aria-expanded")).toBe("false");
    await console.page.keyboard.press("Space");
    expect(await head.getAttribute("aria-expanded")).toBe("true");
    await console.says(console.row("health"), "2 circuits are open");
    await console.page.keyboard.press("Space");
    expect(await head.getAttribute("aria-expanded")).toBe("false");
  });
});
