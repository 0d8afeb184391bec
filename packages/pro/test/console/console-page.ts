import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CHROMIUM_FLAGS, findChromium } from "@baldur/services";
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { eventually } from "./eventually.js";

type Scheme = "light" | "dark";

export interface OpenOptions {
  readonly width?: number;
  readonly scheme?: Scheme;
}

/** Where pictures of a run are put; not part of the repository. */
const PICTURES = fileURLToPath(new URL("../../../../.cache/console/", import.meta.url));
const PATIENCE = 10_000;
const HEIGHT = 900;
/** What the browser itself says of an answer that is an error: each is meant where a test brings it about. */
const NETWORK = /^Failed to load resource/;
/** Collects what the page's policy refused, before any of its scripts runs. */
const WATCH = `
  globalThis.refusedByPolicy = [];
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
    globalThis.refusedByPolicy.push([violatedDirective, blockedURI, sample].join(" ")));`;

/** What reaches beyond the side of the page or of its dialog, and makes it scroll sideways. */
export const BEYOND = `[document.documentElement, ...document.querySelectorAll("dialog")]
  .filter((box) => box.scrollWidth > box.clientWidth)
  .flatMap((box) => [...box.querySelectorAll("*")].filter((each) => each.getBoundingClientRect().right > box.getBoundingClientRect().left + box.clientWidth + 1))
  .map((each) => each.outerHTML.slice(0, 120))`;

/** The rows of the page below the ledger, by their ids. */
export const ROWS: readonly string[] = [
  "control",
  "circuits",
  "queue",
  "storage",
  "health",
  "scheduler",
  "posture",
  "summary",
  "journal",
  "config",
];

export function launch(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: [...CHROMIUM_FLAGS, ...flags] });
}

/** The console in a browser, as an operator has it before them. */
export class ConsolePage implements AsyncDisposable {
  /** Errors of the page, and what it wrote to the browser's console. */
  readonly errors: string[] = [];

  private constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      const text = message.text();
      if (message.type() === "error" && !NETWORK.test(text)) this.errors.push(text);
    });
  }

  static async open(browser: Browser, url: string, options: OpenOptions = {}): Promise<ConsolePage> {
    const { width = 1440, scheme = "light" } = options;
    const context = await browser.newContext({
      viewport: { width, height: HEIGHT },
      colorScheme: scheme,
      reducedMotion: "reduce",
    });
    const page = await context.newPage();
    await page.addInitScript(WATCH);
    const opened = new ConsolePage(context, page);
    await page.goto(url);
    return opened;
  }

  get verdict(): Locator {
    return this.page.locator(".verdict-headline bdi");
  }

  get basis(): Locator {
    return this.page.locator(".verdict-basis");
  }

  row(id: string): Locator {
    return this.page.locator(`#row-${id}`);
  }

  /** The dialog on top. */
  get dialog(): Locator {
    return this.page.locator("dialog[open]").last();
  }

  get notices(): Locator {
    return this.page.locator(".notices");
  }

  /** Asks for everything, so that nobody has to wait for the next time; the focus stays where it is. */
  askAgain(): Promise<void> {
    return this.page.getByRole("button", { name: "Ask again now" }).dispatchEvent("click");
  }

  /** Shown in another window, and by another taste. */
  async look({ width, scheme }: Required<OpenOptions>): Promise<void> {
    await this.page.setViewportSize({ width, height: HEIGHT });
    await this.page.emulateMedia({ colorScheme: scheme });
    await eventually(`${scheme} colours`, async () => (await this.theme()) === scheme);
  }

  /** The colours that are shown. */
  theme(): Promise<string> {
    return this.page.evaluate<string>("document.documentElement.dataset.theme");
  }

  /** Opens the panel of a row, if it is not. */
  async unfold(id: string): Promise<Locator> {
    const head = this.row(id).locator(".row-head button");
    if ((await head.getAttribute("aria-expanded")) !== "true") await head.click();
    return this.row(id).locator(".row-panel");
  }

  /** The part of the page under whose heading a row stands. */
  async sectionOf(id: string): Promise<string> {
    const script = `(() => {
      let heading = "";
      for (const each of document.querySelector(".rows").children) {
        if (each.tagName === "H2") heading = each.textContent;
        if (each.id === "row-${id}") return heading;
      }
      return "absent";
    })()`;
    return this.page.evaluate<string>(script);
  }

  async says(locator: Locator, text: string | RegExp, within?: number): Promise<void> {
    const what = `${String(text)} in ${String(locator)}`;
    await eventually(
      what,
      async () => {
        // biome-ignore lint/performance/useDomNodeTextContent: what is seen, and not what is only said
        const found = (await locator.innerText()).replace(/\s+/g, " ");
        if (typeof text === "string" ? found.includes(text) : text.test(found)) return true;
        throw new Error(`it says ${found.slice(0, 500)}`);
      },
      within,
    );
  }

  /** What the policy of the page refused. */
  refused(): Promise<string[]> {
    return this.page.evaluate<string[]>("globalThis.refusedByPolicy");
  }

  /** A picture for people; the caret is left as it is, for hiding it takes a style that the policy refuses. */
  async picture(name: string, whole = true): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await this.page.screenshot({ path: `${PICTURES}${name}.png`, fullPage: whole, caret: "initial" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
  }
}
