import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Browser } from "playwright-core";
import { ConsolePage, launch } from "./console-page.js";
import { StubServer } from "./stub-server.js";
import { circuit, deadLetter, openCircuit, sickWorld, type World, wellWorld } from "./world.js";

jest.setTimeout(40_000);

let browser: Browser;
let server: StubServer;
let console: ConsolePage;
beforeAll(async () => {
  browser = await launch();
  server = await StubServer.start(wellWorld());
  console = await ConsolePage.open(browser, server.url);
});
beforeEach(() => server.instead.clear());
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await browser.close();
});

/** The server says something else, and is asked again. */
async function say(world: World): Promise<void> {
  server.world = world;
  await console.askAgain();
}

/** The page is opened at a server that says this. */
async function open(world: World): Promise<void> {
  server.world = world;
  await console.page.reload();
}

describe("the verdict", () => {
  it("is that all is well, and says how many sources reported", async () => {
    await open(wellWorld());
    await console.says(console.verdict, "All is well");
    await console.says(console.basis, "7 of 7 sources reported · newest answer");
    expect(console.errors).toEqual([]);
    expect(await console.refused()).toEqual([]);
  });

  it("names the worst offender, and counts the others", async () => {
    await say(sickWorld());
    await console.says(console.verdict, /^payments is open for 3 min \d+ s — and 5 more$/);
  });

  it("puts a switched off Baldur before everything else", async () => {
    const world = sickWorld();
    const disabled = { at: new Date().toISOString(), by: "mia", reason: "release 42" };
    world.control = { ...world.control, enabled: false, disabled };
    await say(world);
    await console.says(console.verdict, "Baldur is switched off by mia: release 42");
  });

  it.each([
    "silence",
    "garbage",
    { status: 500, body: { detail: "the request failed; the log says why" } },
  ] as const)("is unknown, not good, when a part answers with %j", async (instead) => {
    server.instead.set("GET health", instead);
    await open(wellWorld());
    await console.says(console.verdict, "Not known in full: health did not report");
    await console.says(console.basis, "6 of 7 sources reported; not: health");
    expect(await console.sectionOf("health")).toBe("Needs attention");
  });

  it("takes bad health for an answer, though its status is 503", async () => {
    const world = wellWorld();
    world.healthStatus = 503;
    world.health = {
      status: "unhealthy",
      checks: { redis: { status: "unhealthy", detail: "connection refused" } },
    };
    await say(world);
    await console.says(console.verdict, "Check redis is unhealthy: connection refused");
    await console.says(console.basis, "7 of 7");
  });

  it("has a check that says nothing count as unknown", async () => {
    const world = wellWorld();
    world.health = { status: "unknown", checks: { redis: { status: "unknown" }, memory: {} } };
    await say(world);
    await console.says(console.verdict, "Check redis is unknown");
    await console.says(console.row("health"), "0 of 2 checks well");
  });
});

describe("rows", () => {
  it("move between what needs attention and the rest, and keep what was opened and typed in them", async () => {
    await open(wellWorld());
    const panel = await console.unfold("circuits");
    await panel.locator(".filter").fill("pay");
    expect(await console.sectionOf("circuits")).toBe("System");

    await say({ ...wellWorld(), circuits: [openCircuit("payments", 1000), circuit("search")] });
    await console.says(console.verdict, "payments is open");
    expect(await console.sectionOf("circuits")).toBe("Needs attention");
    expect(await panel.locator(".filter").inputValue()).toBe("pay");
    const focused = "document.activeElement?.className ?? 'nothing'";
    expect(await console.page.evaluate(focused)).toBe("filter");

    server.world.circuits = [circuit("payments"), circuit("search")];
    await console.says(console.verdict, "All is well");
    expect(await console.sectionOf("circuits")).toBe("System");
    expect(await panel.locator("tbody tr").count()).toBe(1);
    expect(console.errors).toEqual([]);
  });

  it("are there for what the server has, and no others", async () => {
    const world = wellWorld();
    world.letters = undefined;
    world.posture = {
      ...world.posture,
      tier: "oss",
      plugins: [{ name: "@baldur/pro-dlq", status: "inert", reason: "no licence is set" }],
    };
    await open(world);
    await console.says(console.basis, "6 of 6 sources reported");
    expect(await console.row("queue").count()).toBe(0);
    await console.says(
      console.page.locator(".bottom"),
      "@baldur/pro-dlq is installed and does nothing: no licence is set",
    );
    await console.says(console.page.locator(".legend"), "there is no dead-letter queue");
  });

  it("show their own error, and leave the others as they are", async () => {
    server.instead.set("GET storage/status", {
      status: 500,
      body: { detail: "the request failed; the log says why" },
    });
    await open(wellWorld());
    const panel = await console.unfold("storage");
    await console.says(panel, "Nothing is known: the request failed; the log says why.");
    await console.says(await console.unfold("health"), "answers in 0.4 ms");
    server.instead.clear();
    await panel.getByRole("button", { name: "Try again" }).click();
    await console.says(panel, "State is kept in redis");
    await console.says(console.verdict, "All is well");
  });
});

describe("what is not claimed", () => {
  it("that somebody else runs jobs, where there are none", async () => {
    const world = wellWorld();
    world.scheduler = { leading: false, jobs: [] };
    await open(world);
    await console.says(console.row("scheduler").locator(".row-head"), "none");
  });

  it("that all is well, where a few letters have waited for too long to be about to be replayed", async () => {
    const world = wellWorld();
    const since = (minutes: number) => ({ createdAt: new Date(Date.now() - minutes * 60_000).toISOString() });
    world.letters = [deadLetter("dl-1", { status: "pending", ...since(1) })];
    await open(world);
    await console.says(console.verdict, "All is well");
    world.letters = [deadLetter("dl-1", { status: "pending", ...since(20) })];
    await console.askAgain();
    await console.says(console.verdict, "1 dead letter waits to be replayed");
  });

  it("that what one process has counted is all that happened", async () => {
    const world = wellWorld();
    world.summary = {
      ...world.summary,
      recent_activity: { since: new Date(Date.now() - 90_000).toISOString(), new_in_24h: 0 },
      degraded_sources: ["recent_activity"],
    };
    await open(world);
    const panel = await console.unfold("summary");
    await console.says(panel, /counted by this process alone, since it began 1 min \d+ s ago/);
    // biome-ignore lint/performance/useDomNodeTextContent: what is seen
    expect(await panel.innerText()).not.toContain("could not be read");
  });

  it("that a circuit was tried, where nobody has called since its wait was over", async () => {
    const world = wellWorld();
    const wait = (seconds: number) => ({ openUntil: new Date(Date.now() + seconds * 1000).toISOString() });
    world.circuits = [openCircuit("idle", 60_000, wait(-30)), openCircuit("waiting", 60_000, wait(30))];
    await open(world);
    const panel = await console.unfold("circuits");
    await console.says(panel.locator("[data-name=idle] .since"), "the next call tries it");
    await console.says(panel.locator("[data-name=waiting] .since"), /tried again in \d+ s/);
  });
});

describe("what is not known", () => {
  it("is blank, not zero", async () => {
    const world = wellWorld();
    world.summary = {
      health_status: "unknown",
      overview: {},
      recent_activity: {},
      degraded_sources: ["dlq"],
    };
    world.circuits = [{ name: "bare", state: "closed" }];
    world.scheduler = { jobs: [{ name: "job" }] };
    await open(world);
    for (const id of ["summary", "scheduler", "circuits"]) {
      const panel = await console.unfold(id);
      await eventuallyBlank(console, id);
      const figures = await panel.locator(".tiles dd, tbody td").allInnerTexts();
      expect(figures.filter((text) => /\b0\b/.test(text))).toEqual([]);
    }
    await console.says(console.row("summary"), "It leaves out what could not be read: dlq");
  });

  async function eventuallyBlank(console: ConsolePage, id: string): Promise<void> {
    await console.row(id).locator(".blank").first().waitFor();
  }

  it("has an age on every block, which goes on while the server is silent", async () => {
    await open(wellWorld());
    await console.says(console.verdict, "All is well");
    await console.says(console.page.locator(".ledger .row-age"), /now|ago/);
    await console.page.getByRole("button", { name: "Pause" }).click();
    await console.says(console.row("storage").locator(".row-age"), /^\d+ s ago$/);
    for (const id of ["control", "circuits", "queue", "storage", "health", "scheduler", "posture"])
      await console.says(console.row(id).locator(".row-age"), /s ago/);
    await console.says(console.page.locator(".ledger .row-age"), /s ago/);
  });

  it("is said of the automatic replay too", async () => {
    const world = wellWorld();
    world.letters = [deadLetter("dl-1")];
    world.arming = { armed: null, missingLink: "probe_failed", missingLinks: ["probe_failed"] };
    await say(world);
    await console.says(console.verdict, "Whether dead letters are replayed by themselves is not known");
    world.arming = { armed: false, missingLink: "handler_missing", missingLinks: ["handler_missing"] };
    await console.askAgain();
    await console.says(
      console.verdict,
      "Dead letters are not replayed by themselves: no handler is registered for them",
    );
  });
});
