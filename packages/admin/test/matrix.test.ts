// Every route by everyone, in every way that a server may be set up: generated from the routes that are served.
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { AdminHandlerOptions } from "../src/policy.js";
import type { RequestInfo } from "../src/request/info.js";
import {
  type Answer,
  answerOf,
  ask,
  byKey,
  KEY,
  LOCAL,
  READONLY_KEY,
  REMOTE,
  routed,
  TestRuntime,
} from "./fixture.js";
import { routesServed } from "./routes-served.js";

jest.setTimeout(120_000);

const SOAK = process.env["BALDUR_SOAK"] === "1";

type Role = "public" | "authenticated" | "viewer" | "operator" | "admin";
const RANKS: readonly Role[] = ["public", "authenticated", "viewer", "operator", "admin"];

const KEYS = { none: undefined, "read-only": READONLY_KEY, full: KEY, wrong: "wrong-key" } as const;
const PLACES: Readonly<Record<string, RequestInfo & { headers?: Record<string, string> }>> = {
  loopback: LOCAL,
  forwarded: { ...LOCAL, headers: { "x-forwarded-for": "203.0.113.7" } },
  remote: REMOTE,
  "remote that says it is local": {
    ...REMOTE,
    headers: { "x-forwarded-for": "127.0.0.1", forwarded: "for=127.0.0.1" },
  },
};
const LOCKS = { locked: false, unlocked: true } as const;
const SERVERS: Readonly<Record<string, AdminHandlerOptions>> = {
  "with both keys": { key: KEY, readonlyKey: READONLY_KEY },
  "without keys": {},
};

type Key = keyof typeof KEYS;
type Place = keyof typeof PLACES;

/** What the specification says, in words of its own: undefined for a stranger. */
function roleOf(server: string, key: Key, place: Place, unlocked: boolean): Role | undefined {
  const raised = unlocked ? "admin" : "operator";
  if (server === "without keys") return place === "loopback" ? raised : undefined;
  if (key === "full") return raised;
  return key === "read-only" ? "viewer" : undefined;
}

/** "in", or the code of the refusal. */
function expected(required: Role, role: Role | undefined): string {
  if (required === "public") return "in";
  if (role === undefined) return "UNAUTHENTICATED";
  return RANKS.indexOf(role) >= RANKS.indexOf(required) ? "in" : "FORBIDDEN";
}

function verdictOf({ status, json }: Answer): string {
  const { code } = json as { code?: string };
  if (status === 401 || code === "FORBIDDEN") return code ?? "?";
  return "in";
}

const everyRole = routed(
  ...(["public", "viewer", "operator", "admin"] as const).flatMap((role) =>
    (["GET", "POST", "PUT", "PATCH", "DELETE"] as const).map((method) => ({
      method,
      path: `/test/${role}/{id}`,
      role,
      handler: () => ({ done: true }),
    })),
  ),
);

let runtime: TestRuntime;
beforeAll(async () => {
  runtime = await TestRuntime.start({ plugins: [everyRole] });
});
afterAll(() => runtime[Symbol.asyncDispose]());

const everything = Object.keys(SERVERS).flatMap((server) =>
  Object.entries(LOCKS).flatMap(([lock, unlock]) =>
    Object.keys(PLACES).flatMap((place) =>
      (Object.keys(KEYS) as Key[]).map((key) => ({ server, lock, unlock, place, key })),
    ),
  ),
);
/** Where a key is asked for a lie about the place says nothing new, nor does a wrong key where there is none. */
const cases = everything.filter(({ server, place, key }) =>
  server === "with both keys" ? !place.includes("says") : key !== "wrong",
);

describe("every route", () => {
  it("is one of many, with every role among them", () => {
    const routes = routesServed(runtime.baldur);
    expect(routes.length).toBeGreaterThan(50);
    expect(new Set(routes.map(({ role }) => role))).toEqual(new Set(RANKS));
  });

  it.each(cases)("$server, $lock, key: $key, from: $place", async ({ server, unlock, place, key }) => {
    const handler = runtime.handler({ ...SERVERS[server], unlock });
    const { headers = {}, ...info } = PLACES[place] ?? {};
    const sent = KEYS[key];
    const given = { ...headers, ...(sent !== undefined && byKey(sent).headers) };
    const role = roleOf(server, key, place, unlock);
    const found: Record<string, string> = {};
    const wanted: Record<string, string> = {};
    for (const route of routesServed(runtime.baldur)) {
      const name = `${route.method} ${route.path}`;
      const path = name.replaceAll(/\{\w+\}/g, "x");
      const answer = await ask(handler, path, { ...info, headers: given });
      found[name] = verdictOf(answer);
      wanted[name] = expected(route.role, role);
      // Nobody is told what is behind a door that is shut.
      if (found[name] !== "in") expect(answer.headers.get("content-type")).toBe("application/problem+json");
    }
    expect(found).toEqual(wanted);
  });
});

describe("what was refused", () => {
  it("was not done", async () => {
    const handler = runtime.handler({ key: KEY, readonlyKey: READONLY_KEY, unlock: true });
    const body = { reason: "matrix" };
    for (const options of [{}, byKey(READONLY_KEY), byKey("wrong"), REMOTE])
      await ask(handler, "POST /system/disable", { ...options, body });
    expect(runtime.baldur.control.enabled).toBe(true);
    await ask(runtime.handler({ key: KEY, unlock: false }), "POST /system/disable", { ...byKey(KEY), body });
    expect(runtime.baldur.control.enabled).toBe(true);
    await ask(handler, "POST /system/disable", { ...byKey(KEY), body });
    expect(runtime.baldur.control.enabled).toBe(false);
    await ask(handler, "POST /system/enable", { ...byKey(KEY), body });
  });

  it("names what is needed, what was granted and the switch", async () => {
    const { json } = await ask(runtime.handler(), "POST /system/disable", { body: { reason: "x" } });
    expect(json).toMatchObject({
      status: 403,
      detail: "this needs the role admin, and yours is operator; it needs BALDUR_ADMIN_UNLOCK=1 as well",
      required: "admin",
      granted: "operator",
    });
  });
});

describe("through the real server", () => {
  const reachable = cases.filter(({ place }) => place === "loopback" || place === "forwarded");

  it.each(SOAK ? reachable : reachable.filter(({ unlock }) => unlock))(
    "$server, $lock, key: $key, from: $place",
    async ({ server, unlock, place, key }) => {
      const listening = await runtime.serve({ ...SERVERS[server], unlock } as object);
      const role = roleOf(server, key, place, unlock);
      const sent = KEYS[key];
      const headers = {
        "content-type": "application/json",
        ...PLACES[place]?.headers,
        ...(sent !== undefined && byKey(sent).headers),
      };
      for (const { method, path, role: required } of routesServed(runtime.baldur)) {
        const answer = await answerOf(
          await fetch(`${listening.url}${path.replaceAll(/\{\w+\}/g, "x")}`, { method, headers }),
        );
        expect([method, path, verdictOf(answer)]).toEqual([method, path, expected(required, role)]);
      }
      await listening.stop();
    },
  );
});
