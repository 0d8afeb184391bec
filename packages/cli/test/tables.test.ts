// What people see, of a real runtime by its real admin server.

import { stripVTControlCharacters } from "node:util";
import { createFakeClock } from "@baldur/testkit";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { cli, Service } from "./fixture.js";

const START = Date.parse("2026-01-31T12:00:00Z");

describe("a healthy runtime with two circuits", () => {
  let service: Service;

  beforeAll(async () => {
    service = await Service.start({ unlock: true }, { clock: createFakeClock(START) });
    service.baldur.circuit("payments");
    service.baldur.circuit("mail");
    await service.baldur.protect("mail", () => 1);
  });
  afterAll(() => service[Symbol.asyncDispose]());

  const shows = async (argv: readonly string[], ...lines: readonly string[]): Promise<void> => {
    const { code, out, err } = await service.ask(argv);
    expect(err).toBe("");
    expect(out.split("\n").slice(0, -1)).toEqual(lines);
    expect(code).toBe(0);
  };

  it("health", async () => {
    const { out, code } = await service.ask(["health", "--fresh"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^healthy\nCHECK +STATUS +DETAIL\ncircuits +healthy +-\n/);
    await shows(["health", "ready"], "ready");
    await shows(["health", "pool"], "healthy");
    await shows(["health", "live"], "alive");
  });

  it("cb list", async () => {
    await shows(
      ["cb", "list"],
      "CIRCUIT   STATE   SINCE                 FAILURES  UNTIL  BY HAND",
      "mail      closed  2026-01-31 12:00:00Z  0/1       -      -",
      "payments  closed  2026-01-31 12:00:00Z  0/0       -      -",
    );
    await shows(["cb", "list", "--state", "open"], "no circuits");
  });

  it("cb force-open, show, reset", async () => {
    await shows(
      ["cb", "force-open", "payments", "--reason", "vendor called: back at 14:00", "--ttl", "20"],
      "circuit  payments",
      "state    closed -> forced_open",
      "until    2026-01-31 12:20:00Z",
    );
    await shows(
      ["cb", "list", "--state", "forced_open"],
      "CIRCUIT   STATE        SINCE                 FAILURES  UNTIL                 BY HAND",
      "payments  forced_open  2026-01-31 12:00:00Z  0/0       2026-01-31 12:20:00Z  loopback: vendor called: back at 14:00",
    );
    await shows(
      ["cb", "show", "payments"],
      "circuit  payments",
      "state    forced_open",
      "since    2026-01-31 12:00:00Z",
      "calls    0, of them 0 failed, 0 slow, 0 rate limited",
      "probes   0 of 3, 0 succeeded",
      "by hand  forced_open by loopback: vendor called: back at 14:00",
      "until    2026-01-31 12:20:00Z",
    );
    await shows(["cb", "reset", "payments"], "circuit  payments", "state    forced_open -> closed");
  });

  it("a circuit by hand, in every way", async () => {
    const state = (): string => service.baldur.circuit("payments").state;
    const now = async (action: string): Promise<string> => {
      expect((await service.ask(["cb", action, "payments", "-r", "test"])).code).toBe(0);
      return state();
    };
    await expect(now("force-open")).resolves.toBe("forced_open");
    await expect(now("force-close")).resolves.toBe("forced_closed");
    await expect(now("auto")).resolves.toBe("closed");
  });

  it("system, its kill switch and its dry run", async () => {
    await shows(["system"], "baldur   enabled", "dry run  off", "stored   yes, in memory");
    await shows(
      ["system", "disable", "-r", "drill"],
      "baldur       disabled",
      "dry run      off",
      "disabled by  loopback, 2026-01-31 12:00:00Z: drill",
      "stored       yes, in memory",
    );
    expect(service.baldur.control.enabled).toBe(false);
    expect((await service.ask(["cb", "list"])).out).toMatch(
      /^the kill switch is off: circuits refuse nobody\n/,
    );
    expect((await service.ask(["system", "enable"])).code).toBe(0);
    expect((await service.ask(["system", "dry-run", "on"])).code).toBe(0);
    expect(service.baldur.control).toMatchObject({ enabled: true, dryRun: true });
    await expect(service.ask(["system", "dry-run", "off"])).resolves.toMatchObject({
      code: 1,
      err: "error: decisions are applied from then on: say that it is meant\nadd --confirm\n",
    });
    expect((await service.ask(["system", "dry-run", "off", "--confirm"])).code).toBe(0);
    expect(service.baldur.control.dryRun).toBe(false);
  });

  it("posture", async () => {
    const { out, code } = await service.ask(["posture"]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^tier +oss\nlicence +missing\nstorage +memory, normal\nmetrics +none\nyou may +admin, unlocked\n/m,
    );
  });

  it("report", async () => {
    const { out, code } = await service.ask(["report"]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^2026-01-31\n\S.* processed, .*\ncounted by this process alone, since \S+ \S+Z\n\ncircuit transitions +\d+\n/,
    );
  });

  it("scheduler", async () => {
    expect((await service.ask(["scheduler", "list"])).out).toBe("no jobs\n");
    using _job = service.baldur.scheduler.add({ name: "sweep", every: 90_000, run: () => undefined });
    const { out, code } = await service.ask(["scheduler"]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^this process (?:runs|does not run) the jobs\nJOB +EVERY +RUNS +ERRORS +LAST RUN +NEXT RUN +LAST ERROR$/m,
    );
    expect(out).toMatch(/^sweep +90 s +0 +0 +- /m);
  });

  it("is coloured on a terminal, and nowhere else", async () => {
    const argv = ["cb", "list"];
    const coloured = (await service.ask(argv, { isTTY: true })).out;
    const plain = (await service.ask(argv)).out;
    expect(coloured).toContain("\u001b[32mclosed\u001b[39m");
    expect(stripVTControlCharacters(coloured)).toBe(plain);
    const env = [{ NO_COLOR: "1" }, { TERM: "dumb" }];
    for (const each of env) expect((await service.ask(argv, { isTTY: true, env: each })).out).toBe(plain);
  });

  it("--json is what the API answered, wherever it stands", async () => {
    const answered: unknown = await (await fetch(`${service.url}/control/status/mail`)).json();
    for (const argv of [
      ["--json", "cb", "show", "mail"],
      ["cb", "show", "mail", "--json"],
    ]) {
      const { out, code } = await service.ask(argv);
      expect(JSON.parse(out)).toEqual(answered);
      expect(code).toBe(0);
    }
  });

  it("finds the server by --url, a prefix included, before the environment", async () => {
    const env = { BALDUR_ADMIN_URL: "http://127.0.0.1:1" };
    expect((await cli(["health", "live", "--url", `${service.url}/`], { env })).code).toBe(0);
    const blank = { BALDUR_ADMIN_URL: ` ${service.url}/ ` };
    expect((await cli(["health", "live"], { env: blank })).code).toBe(0);
    const { port } = new URL(service.url);
    expect((await cli(["health", "live"], { env: { BALDUR_ADMIN_PORT: port } })).code).toBe(0);
  });
});
