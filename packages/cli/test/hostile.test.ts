// Names, messages and reasons that others have written: no terminal may obey them.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import picocolors from "picocolors";
import { clean, toJson } from "../src/output/clean.js";
import { sayFindings } from "../src/scan/words.js";
import { cli } from "./fixture.js";

const EVIL = [
  "\u202etxt.exe",
  "\u001b]0;owned\u0007",
  "\u001b[2J\u001b[H",
  "\u009b31m",
  "\r\nhealthy",
  "\u0000\u0008\u007f",
  "\u2066a\u2069",
  "\u2028\u2029",
  "\ud800",
  "\ufeff\u200b",
  "\u{e0041}",
].join("");
/** What a terminal would obey, or would show as something else. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Every field of every answer, as bad as it can be. */
function evil(value: unknown): unknown {
  if (typeof value === "string") return `${value}${EVIL}`;
  if (Array.isArray(value)) return value.map(evil);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, evil(each)]));
}

const CHECKS = { [`db${EVIL}`]: { status: "healthy", detail: "x" } };
const CIRCUIT = {
  ...{ name: "payments", state: "open", since: "2026-01-31", openUntil: "2026-01-31", lastFailureAt: "x" },
  window: { calls: "1", failures: "1", slow: "1", rateLimited: "1" },
  probes: { live: "1", limit: "3", successes: "0" },
  manual: { state: "forced_open", reason: "why", actor: "who", until: "x" },
  fleet: { votes: "1", quorum: "2" },
};
const ENTRY = {
  ...{
    id: "1",
    name: "n",
    domain: "d",
    status: "pending",
    failureType: "f",
    errorCode: "c",
    errorMessage: "m",
  },
  ...{
    retryCount: "1",
    maxRetries: "2",
    createdAt: "x",
    lastRetryAt: "x",
    resolvedAt: "x",
    resolutionType: "r",
  },
  ...{ resolutionNote: "n", recommendedAction: "a", requestData: { args: ["a", { [`k${EVIL}`]: "v" }] } },
  attempts: [{ number: "1", startedAt: "x", duration: 1, error: { message: "m" } }],
};
const CONTROL = {
  ...{ status: "disabled", enabled: false, dryRun: true, persisted: true, backend: "b" },
  ...{ disabled: { at: "x", by: "who", reason: "why" }, dryRunSince: { at: "x", by: "who" } },
};
const ENTITLEMENT = { status: "active", organisation: "o", expires: "x" };
const POSTURE = {
  ...{ version: "v", environment: "e", uptime_seconds: 1, instance: "i", tier: "t", storage: "s", role: "r" },
  ...{ storageMode: "m", metrics: "m", entitlement: ENTITLEMENT, degraded: ["d"] },
  plugins: [{ name: "p", status: "failed", reason: "r" }],
};
const REPORT = {
  ...{
    date: "2026-01-31",
    title: "t",
    severity: "critical",
    custom_counts: { [`c${EVIL}`]: 1 },
    dlq_pending: 1,
  },
  entries: [{ task_name: "t", severity: "info", result: { [`r${EVIL}`]: "x" } }],
  pending_breakdown: {
    total: 1,
    by_failure_type: { [`f${EVIL}`]: { count: 1, domains: ["d"], action: "a" } },
  },
  automated_actions: { [`a${EVIL}`]: 1 },
  shadow_pro: { [`s${EVIL}`]: "x" },
};
const ANSWERS: Readonly<Record<string, unknown>> = {
  "/health": { status: "healthy", phase: "draining", checks: CHECKS },
  "/health/pool": { status: "healthy", pools: CHECKS },
  "/posture": POSTURE,
  "/control/status": { circuits: [CIRCUIT], enabled: false, dryRun: false },
  "/control/status/payments": CIRCUIT,
  "/control/block/payments": {
    service_name: "n",
    previous_state: "a",
    state: "b",
    message: "m",
    expires_at: "x",
  },
  "/system/status": CONTROL,
  "/scheduler/jobs": {
    leading: true,
    jobs: [{ name: "j", every: 1, runs: "1", errors: "1", lastRunAt: "x", lastError: "e" }],
  },
  "/reports/daily": REPORT,
  "/reports/daily/trend": { reports: [{ date: "x", severity: "critical" }] },
  "/dlq/list": { items: [ENTRY], next: "n", total: "1" },
  "/dlq/1": ENTRY,
  "/dlq/facets": { byName: { [`n${EVIL}`]: 1 } },
  "/dlq/cleanup/stats": {
    total: "1",
    open: "1",
    byStatus: { [`s${EVIL}`]: 1 },
    arming: { armed: false, missingLinks: ["m"] },
  },
  "/dlq/1/retry": { success: false, dlqId: "1", message: "m", error: "e", skipped: false },
  "/dlq/replay": {
    ...{ total: 2, successCount: 0, failedCount: 1, skippedCount: 1, stoppedBy: "s" },
    results: [
      { dlqId: "1", success: false, message: "m", error: "e", skipped: false },
      { dlqId: "2", success: true, message: "m", skipped: true, data: { skip_reason: "r" } },
    ],
  },
};

describe("a server whose every word is hostile", () => {
  let server: Server;
  let status = 200;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://a");
      const type = status === 200 ? "application/json" : "application/problem+json";
      const body = status === 200 ? ANSWERS[pathname] : { detail: "d", title: "t", code: "FORBIDDEN" };
      response
        .writeHead(body === undefined ? 404 : status, { "content-type": type })
        .end(JSON.stringify(evil(body)));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  const ask = (argv: readonly string[]): ReturnType<typeof cli> => {
    const { port } = server.address() as { port: number };
    return cli(argv, { env: { BALDUR_ADMIN_URL: `http://127.0.0.1:${port}` } });
  };
  /** What they ask for is answered, and did not succeed. */
  const FAILING = ["dlq retry 1", "dlq replay"];
  const COMMANDS = [
    ...[
      "health",
      "health pool",
      "posture",
      "cb list",
      "cb show payments",
      "cb force-open payments",
      "system",
    ],
    ...["scheduler", "report", "report --days 2", "dlq list", "dlq show 1", "dlq facets", "dlq stats"],
    ...FAILING,
  ].map((command) => command.split(" "));

  it.each(COMMANDS.map((argv) => [argv.join(" "), argv] as const))("%s", async (command, argv) => {
    status = 200;
    for (const each of [argv, [...argv, "--json"]]) {
      const { code, out, err } = await ask(each);
      expect({ code, err }).toEqual({ code: FAILING.includes(command) ? 1 : 0, err: "" });
      for (const line of out.split("\n")) expect(line).not.toMatch(UNSAFE);
      expect(out).toMatch(/\\(?:x1b|u001b)/);
      expect(out).toContain("\\u202e");
    }
  });

  it("cannot do it by an error", async () => {
    status = 403;
    const { code, err } = await ask(["cb", "list"]);
    expect(code).toBe(2);
    for (const line of err.split("\n")) expect(line).not.toMatch(UNSAFE);
  });

  it("cannot do it by the command line itself", async () => {
    for (const argv of [
      [EVIL],
      ["cb", "show", "--", EVIL],
      ["--url", EVIL, "health"],
      ["migrate-env", EVIL],
    ]) {
      const { err } = await ask(argv);
      for (const line of err.split("\n")) expect(line).not.toMatch(UNSAFE);
    }
  });
});

describe("text that is cleaned", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string(), fc.constant(EVIL));

  it("is one safe line, and what was safe is as it was", () => {
    fc.assert(
      fc.property(text, (given) => {
        const cleaned = clean(given);
        expect(cleaned).not.toMatch(UNSAFE);
        if (!UNSAFE.test(given)) expect(cleaned).toBe(given);
      }),
    );
  });

  it("is so in what a scan says", () => {
    const said = sayFindings(picocolors.createColors(false), [
      { policy: EVIL, level: "note", finding: EVIL },
    ]);
    for (const line of said.split("\n")) expect(line).not.toMatch(UNSAFE);
  });

  it("reads back as what it was, where it is JSON", () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.dictionary(text, text), fc.array(text)), (given) => {
        const json = toJson(given);
        for (const line of json.split("\n")) expect(line).not.toMatch(UNSAFE);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(given)));
      }),
    );
  });
});
