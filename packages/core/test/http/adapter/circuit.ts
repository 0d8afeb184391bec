import { afterEach, describe, expect, it } from "@jest/globals";
import { Gate, RawClient, until } from "./client.js";
import { type Bench, Benches } from "./fixture.js";
import type { AdapterSubject, TestRoute } from "./subject.js";

const OPTIONS = { failureThreshold: 3, minimumCalls: 3, recoveryTimeout: 10_000, successThreshold: 1 };

/** Answers with the status that it is asked for, or throws. */
const work: TestRoute = {
  method: "GET",
  path: "/jobs/:status",
  guard: { circuitBreaker: OPTIONS },
  handler: ({ params }) => {
    if (params["status"] === "throw") throw new Error("broken");
    return { status: Number(params["status"]), body: "done" };
  },
};

const NAME = "http:GET /jobs/:status";

/** Circuits around the handlers of routes. */
export function circuitCases(subject: AdapterSubject): void {
  describe("circuit", () => {
    const benches = new Benches(subject);
    afterEach(() => benches.stop());

    const opened = async (
      how = "503",
    ): Promise<Bench & { clock: { advance(ms: number): Promise<void> } }> => {
      const bench = await benches.startTimed({ routes: [work] });
      for (let n = 0; n < 3; n++) await bench.ask(`/jobs/${how}`);
      await until("open", () => bench.runtime.circuit(NAME).state === "open");
      return bench;
    };

    it("refuses while it is open, and says for how long", async () => {
      const bench = await opened();
      await bench.clock.advance(4200);
      const refused = await bench.ask("/jobs/200");
      expect(refused).toMatchObject({
        status: 503,
        headers: { "retry-after": "6", "x-baldur-circuit-breaker": "open" },
      });
      expect(JSON.parse(refused.body)).toEqual({
        error: "service_unavailable",
        message: `circuit ${NAME} is open`,
        service: NAME,
        code: "CIRCUIT_BREAKER_OPEN",
      });
      expect(bench.telemetry.named("middleware.request_blocked_cb_open")).toMatchObject([
        {
          level: "warning",
          payload: { circuit: NAME, state: "open", retry_after: 6 },
          correlationId: expect.any(String),
        },
      ]);
      expect(bench.telemetry.value("baldur_circuit_breaker_blocked_total", { name: NAME })).not.toBe(0);
    });

    it("recovers through probes [middleware rejects HALF_OPEN and takes no slot]", async () => {
      const bench = await opened();
      await bench.clock.advance(10_001);
      await expect(bench.ask("/jobs/200")).resolves.toMatchObject({ status: 200 });
      await until("closed", () => bench.runtime.circuit(NAME).state === "closed");
    });

    it("takes an exception for a failure [middleware: unhandled exceptions are never recorded]", async () => {
      await expect(opened("throw")).resolves.toBeDefined();
    });

    it("takes a client's own mistake, and its leaving, for neither", async () => {
      const gate = new Gate();
      const slow: TestRoute = {
        ...work,
        path: "/slow",
        guard: { circuitBreaker: { ...OPTIONS, name: "slow" } },
        handler: async () => {
          await gate.pass();
          return {};
        },
      };
      const bench = await benches.startTimed({ routes: [work, slow] });
      for (const status of [404, 422, 429, 501]) await bench.ask(`/jobs/${status}`);
      await bench.ask("/jobs/204");
      await until("recorded", () => bench.runtime.circuit(NAME).snapshot().window.calls === 1);
      expect(bench.runtime.circuit(NAME).snapshot().window).toMatchObject({ calls: 1, failures: 0 });
      const client = new RawClient(bench.port).send("GET /slow HTTP/1.1", "Host: a");
      await gate.reached();
      client.reset();
      await until("ended", () => bench.runtime.lifecycle.inFlight === 0);
      expect(bench.runtime.circuit("slow").snapshot().window.calls).toBe(0);
      gate.open();
    });

    it("learns from the statuses that the settings name", async () => {
      const bench = await benches.startTimed({
        routes: [work],
        runtime: { env: { BALDUR_MIDDLEWARE_CB_STATUS_CODES: "418,429" } },
      });
      for (const status of [418, 429, 500]) await bench.ask(`/jobs/${status}`);
      await until("recorded", () => bench.runtime.circuit(NAME).snapshot().window.failures === 2);
    });

    it("may be one around all routes", async () => {
      const other: TestRoute = { method: "GET", path: "/other", handler: () => ({ body: "ok" }) };
      const { guard: _guard, ...plain } = work;
      const bench = await benches.startTimed({
        routes: [plain, other],
        options: { circuitBreaker: { ...OPTIONS, name: "shop" } },
      });
      for (let n = 0; n < 3; n++) await bench.ask("/jobs/500");
      await until("open", () => bench.runtime.circuit("shop").state === "open");
      await expect(bench.ask("/other")).resolves.toMatchObject({ status: 503 });
      await expect(bench.ask("/api/baldur/health/live")).resolves.toMatchObject({ status: 200 });
    });

    it("refuses nobody where an operator has switched everything off", async () => {
      const bench = await opened();
      await bench.runtime.control.disable({ actor: "test", reason: "test" });
      await expect(bench.ask("/jobs/200")).resolves.toMatchObject({ status: 200 });
    });
  });
}
