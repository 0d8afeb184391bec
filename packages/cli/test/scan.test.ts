import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { cli, Service } from "./fixture.js";

const HERE = fileURLToPath(new URL(".", import.meta.url));

interface Scanned {
  readonly policies: readonly { readonly name: string }[];
  readonly findings: readonly { readonly policy: string; readonly level: string; readonly finding: string }[];
  readonly unknown: readonly string[];
}

async function scanned(env: Record<string, string> = {}): Promise<Scanned> {
  const { code, out, err } = await cli(["scan", "policies.mjs", "--json"], { cwd: HERE, env });
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out) as Scanned;
}

const said = ({ findings }: Scanned, policy: string): string[] =>
  findings.filter((each) => each.policy === policy).map(({ level, finding }) => `${level}: ${finding}`);

describe("a scan of a module", () => {
  it("measures what each policy does to a dependency that fails or hangs", async () => {
    const { policies } = await scanned();
    expect(policies.map(({ name }) => name)).toEqual([
      ...["careful", "charge", "endless", "hasty", "patient", "send", "stacked"],
    ]);
    const of = (name: string): unknown => policies.find((each) => each.name === name);
    expect(of("stacked")).toEqual({
      name: "stacked",
      requests: 4,
      failsAfter: 100 + 200 + 400,
      hangEndsAfter: 4 * 1000 + 700,
      hanging: 4,
      outage: { calls: 100, requests: 40, refused: 90 },
      notFound: { requests: 4, opens: true },
    });
    expect(of("endless")).toMatchObject({ requests: 1, hanging: 1 });
    expect(of("endless")).not.toHaveProperty("hangEndsAfter");
    expect(of("careful")).toMatchObject({ hangEndsAfter: 2000, notFound: { requests: 1, opens: false } });
    expect(of("send")).toMatchObject({ outage: { requests: 100, refused: 0 } });
  });

  it("says what somebody should know", async () => {
    const answer = await scanned();
    expect(said(answer, "careful")).toEqual([expect.stringMatching(/^note: its timeout ends the wait/)]);
    expect(said(answer, "endless")[0]).toMatch(/^danger: waits for ever/);
    expect(said(answer, "stacked")).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^warning: after a hang 4 requests of one call hang/),
        "warning: one failing call is 4 requests; 100 calls in an outage are 40",
        expect.stringMatching(/^warning: without idempotencyKey its work may be done up to 4 times/),
        expect.stringMatching(/^warning: an error with status 404 is tried 4 times/),
      ]),
    );
    expect(said(answer, "hasty")).toContain(
      "warning: it is never tried again: its timeout ends it before a second attempt",
    );
    expect(said(answer, "patient")).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^warning: a hang is never tried again: one attempt takes all of 60 s/),
        "note: if it is called within stacked, one call of that is 8 requests",
      ]),
    );
    expect(said(answer, "send")).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^warning: an outage is never cut short/),
        expect.stringMatching(/^warning: dlq discards/),
        expect.stringMatching(/^warning: bulkhead does nothing/),
      ]),
    );
    expect(said(answer, "charge")).toContainEqual(
      expect.stringMatching(/^note: a duplicate is rejected with an error/),
    );
    expect(answer.unknown.length).toBeGreaterThan(2);
  });

  it("has the settings of the environment", async () => {
    const { policies, findings } = await scanned({ BALDUR_PROTECT_DEFAULT_TIMEOUT_SECONDS: "3" });
    expect(policies.find(({ name }) => name === "endless")).toMatchObject({ hangEndsAfter: 3000 });
    expect(findings.filter(({ level }) => level === "danger")).toEqual([]);
  });

  it("shows a table, the worst first, and fails for what is dangerous when it is told to", async () => {
    const { code, out } = await cli(["scan", "policies.mjs", "--strict"], { cwd: HERE });
    expect(code).toBe(1);
    expect(out).toMatch(
      /^POLICY +REQUESTS OF A FAILING CALL +FAILS AFTER +A HANG ENDS AFTER +100 CALLS IN AN OUTAGE\n/,
    );
    expect(out).toMatch(/^endless +1 +0 ms +never +10 requests, 90 refused$/m);
    expect(out).toMatch(/\n\ndanger endless: waits for ever/);
    const env = { BALDUR_PROTECT_DEFAULT_TIMEOUT_SECONDS: "3" };
    expect((await cli(["scan", "policies.mjs", "--strict"], { cwd: HERE, env })).code).toBe(0);
  });

  it("says why it cannot", async () => {
    const folder = mkdtempSync(join(tmpdir(), "baldur-cli-"));
    try {
      writeFileSync(join(folder, "empty.mjs"), "export const answer = 42;");
      writeFileSync(join(folder, "broken.mjs"), "throw new Error('no database');");
      const ask = (file: string): ReturnType<typeof cli> => cli(["scan", file], { cwd: folder });
      await expect(ask("empty.mjs")).resolves.toMatchObject({
        code: 1,
        err: expect.stringContaining("exports no function"),
      });
      await expect(ask("broken.mjs")).resolves.toMatchObject({
        code: 1,
        err: expect.stringContaining("cannot load broken.mjs: no database"),
      });
      for (const none of ["none.mjs", "."])
        await expect(ask(none)).resolves.toMatchObject({
          code: 1,
          err: expect.stringContaining(`there is no file ${none}\nname what Node can import`),
        });
      writeFileSync(join(folder, "endless.mjs"), "await new Promise(() => {});");
      await expect(cli(["scan", "endless.mjs", "--timeout", "1"], { cwd: folder })).resolves.toMatchObject({
        code: 1,
        err: expect.stringContaining("cannot load endless.mjs: it is not loaded after 1 s"),
      });
      writeFileSync(join(folder, "half.mjs"), "export const a =");
      await expect(ask("half.mjs")).resolves.toMatchObject({
        code: 1,
        err: expect.stringMatching(/cannot load half\.mjs: .*\nname what Node can import/),
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("a scan of a running application", () => {
  it("says what holds for calls that say nothing themselves, and what is refused now", async () => {
    await using service = await Service.start();
    await service.baldur.circuit("payments").forceOpen({ reason: "drill", actor: "test" });
    const { code, out } = await service.ask(["scan", "--strict"]);
    expect(code).toBe(1);
    expect(out).toContain("danger settings: a call that names no timeout waits for ever");
    expect(out).toContain("note settings: a call that asks for retry and no more is up to 3 requests");
    expect(out).toContain("warning payments: is refused now: its circuit is forced_open");
    expect(out).toContain("Not seen\n- the options of single calls");
  });

  it("knows its settings, and its switches", async () => {
    const protect = { defaultTimeout: 5000, defaultRetry: true };
    await using service = await Service.start({}, { settings: { protect } });
    await service.baldur.control.disable({ reason: "drill", actor: "test" });
    const { findings } = JSON.parse((await service.ask(["scan", "--json"])).out) as Scanned;
    expect(findings.map(({ level, finding }) => `${level}: ${finding}`)).toEqual([
      "note: a call that names no timeout ends after 5 s",
      "warning: a call is up to 3 requests, unless it says otherwise: BALDUR_PROTECT_DEFAULT_RETRY is true",
      "danger: nothing is protected: the kill switch is off",
    ]);
  });
});
