import { afterEach, describe, expect, it } from "@jest/globals";
import { type Bench, Benches } from "./fixture.js";
import type { AdapterSubject, TestRoute } from "./subject.js";

const shown: TestRoute = {
  method: "GET",
  path: "/context",
  handler: ({ context }) => ({
    body: {
      first: context.correlationId,
      second: context.correlationId,
      trace: context.traceId ?? null,
      remaining: context.remaining ?? null,
    },
  }),
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TRACE = "0af7651916cd43dd8448eb211c80319c";

/** What is known of a request. */
export function contextCases(subject: AdapterSubject): void {
  describe("context", () => {
    const benches = new Benches(subject);
    afterEach(() => benches.stop());

    const seen = async (
      { ask }: Bench,
      headers: Record<string, string> = {},
    ): Promise<Record<string, unknown>> =>
      JSON.parse((await ask("/context", { headers })).body) as Record<string, unknown>;

    it("knows a request by the id that it came with, else by one of its own", async () => {
      const bench = await benches.start({ routes: [shown] });
      const own = await seen(bench);
      expect(own["first"]).toMatch(UUID);
      expect(own["second"]).toBe(own["first"]);
      expect((await seen(bench))["first"]).not.toBe(own["first"]);
      await expect(seen(bench, { "x-request-id": "r-1" })).resolves.toMatchObject({ first: "r-1" });
      await expect(seen(bench, { "x-correlation-id": "c-1", "x-request-id": "r-1" })).resolves.toMatchObject({
        first: "c-1",
      });
      for (const hostile of ["a b", "x".repeat(129), '{"a":1}', "a,b"]) {
        expect((await seen(bench, { "x-correlation-id": hostile }))["first"]).toMatch(UUID);
      }
    });

    it("knows the trace that it is part of", async () => {
      const bench = await benches.start({ routes: [shown] });
      const traced = (traceparent: string): Promise<object> => seen(bench, { traceparent });
      await expect(traced(`00-${TRACE}-b7ad6b7169203331-01`)).resolves.toMatchObject({ trace: TRACE });
      await expect(traced(`01-${TRACE}-b7ad6b7169203331-01-more`)).resolves.toMatchObject({ trace: TRACE });
      for (const bad of [
        `ff-${TRACE}-b7ad6b7169203331-01`,
        `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
        "00-xyz",
      ])
        await expect(traced(bad)).resolves.toMatchObject({ trace: null });
    });

    it("knows how long its caller still waits", async () => {
      const bench = await benches.startTimed({ routes: [shown] });
      await expect(seen(bench)).resolves.toMatchObject({ remaining: null });
      await expect(seen(bench, { "x-deadline-remaining": "1500" })).resolves.toMatchObject({
        remaining: 1500,
      });
      await expect(seen(bench, { "x-deadline-remaining": "soon" })).resolves.toMatchObject({
        remaining: null,
      });
    });

    it("refuses who will not wait for the answer, where that is wanted", async () => {
      const bench = await benches.startTimed({ routes: [shown], options: { deadline: { minimum: 50 } } });
      const patient = (ms: string) => bench.ask("/context", { headers: { "x-deadline-remaining": ms } });
      await expect(patient("50")).resolves.toMatchObject({ status: 200 });
      const refused = await patient("49");
      expect(refused).toMatchObject({
        status: 503,
        headers: { "retry-after": "0", "x-baldur-deadline-rejected": "true" },
      });
      expect(JSON.parse(refused.body)).toMatchObject({
        code: "DEADLINE_FAST_FAIL",
        remaining_ms: 49,
        retry_after: 0,
      });
      await expect(bench.ask("/context")).resolves.toMatchObject({ status: 200 });
    });

    it("is found from afar where it is stored, also behind a body that was read", async () => {
      const ambient: TestRoute = {
        method: "POST",
        path: "/ambient",
        handler: async ({ ambient, context }) => {
          await new Promise(setImmediate);
          return { body: { same: ambient() === context, id: ambient()?.correlationId } };
        },
      };
      const bench = await benches.start({ routes: [ambient], options: { context: { storage: true } } });
      const one = (id: string) =>
        bench.ask("/ambient", { body: { large: "x".repeat(80_000) }, headers: { "x-request-id": id } });
      const answers = await Promise.all(["a", "b", "c"].map(one));
      expect(answers.map(({ body }) => JSON.parse(body))).toEqual([
        { same: true, id: "a" },
        { same: true, id: "b" },
        { same: true, id: "c" },
      ]);
    });

    it("keeps apart what is sent apart [ASGI: multiple Set-Cookie lost]", async () => {
      const cookies: TestRoute = {
        method: "GET",
        path: "/cookies",
        handler: () => ({ headers: { "set-cookie": ["a=1", "b=2"] }, body: "ok" }),
      };
      const bench = await benches.start({ routes: [cookies], options: { rateLimit: { limit: 5 } } });
      await expect(bench.ask("/cookies")).resolves.toMatchObject({
        headers: { "set-cookie": ["a=1", "b=2"] },
      });
    });
  });
}
