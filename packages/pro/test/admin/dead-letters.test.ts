// The control API of a runtime that keeps dead letters, over HTTP.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type AdminServer, type AdminServerOptions, startAdminServer } from "@baldur/admin";
import { type Baldur, createBaldur } from "@baldur/core";
import { getDlq } from "@baldur/pro-dlq";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { pro } from "../../src/pro.js";
import { LICENCE } from "../licences.js";

jest.setTimeout(60_000);

const KEY = "key-of-the-test";
const READONLY_KEY = "read-only-key";
const NO_ID = "0mjuohs00-0123456789abcdef-0000";
const quiet = (): undefined => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

interface Answer {
  readonly status: number;
  readonly body: Record<string, never>;
}

/** An application with a dependency that can be down. */
class Application implements AsyncDisposable {
  down = true;
  readonly #folder: string;
  server!: AdminServer;

  private constructor(
    readonly baldur: Baldur,
    folder: string,
  ) {
    this.#folder = folder;
  }

  static async start(
    env: Record<string, string> = { BALDUR_LICENSE_FILE: LICENCE },
    folder: string = mkdtempSync(join(tmpdir(), "baldur-admin-")),
  ): Promise<Application> {
    const own = { ...env, BALDUR_DATA_DIR: folder, BALDUR_REPLAY_AUTOMATION_ENABLED: "false" };
    const baldur = createBaldur({ discover: false, plugins: pro(), logger, env: own });
    await baldur.start();
    return new Application(baldur, folder);
  }

  async serve(options: AdminServerOptions = {}): Promise<void> {
    this.server = await startAdminServer({
      baldur: this.baldur,
      port: 0,
      key: KEY,
      readonlyKey: READONLY_KEY,
      ...options,
    });
  }

  /** Fails so many calls, which are kept; answers their ids, the newest first. */
  async fail(count: number): Promise<string[]> {
    const charge = this.baldur.protected("charge", (order: number) => this.#charge(order), {
      dlq: true,
      circuitBreaker: false,
    });
    await Promise.allSettled(Array.from({ length: count }, (_, order) => charge(order)));
    const list = async () => (await getDlq(this.baldur).list({ limit: 100 })).items.map(({ id }) => id);
    const end = performance.now() + 20_000;
    for (;;) {
      const ids = await list();
      if (ids.length >= count) return ids;
      if (performance.now() > end) throw new Error("they were not kept");
      await sleep(10);
    }
  }

  async ask(route: string, body?: unknown, key = KEY): Promise<Answer> {
    const [method = "", path = ""] = route.split(" ");
    const headers = {
      "x-baldur-admin-key": key,
      "content-type": "application/json",
      "x-forwarded-email": "ann@example.com",
    };
    const answer = await fetch(`${this.server.url}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? {} : JSON.parse(text) };
  }

  /** The same application after it was closed, on the folder that it left. */
  async restarted(): Promise<Application> {
    await this.server.stop();
    await this.baldur.close();
    const next = await Application.start(undefined, this.#folder);
    await next.serve();
    return next;
  }

  async #charge(order: number): Promise<string> {
    if (this.down) throw new Error("the gateway is down");
    return `charged ${order}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server?.stop({ timeout: 0 });
    await this.baldur.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

let app: Application;
beforeEach(async () => {
  app = await Application.start();
  await app.serve({ unlock: true, trustProxy: true });
});
afterEach(() => app[Symbol.asyncDispose]());

describe("dead letters", () => {
  it("are listed, counted and shown", async () => {
    const ids = await app.fail(3);
    expect(await app.ask("GET /dlq/list?page_size=2&status=pending&name=charge")).toMatchObject({
      status: 200,
      body: { items: [{ id: ids[0] }, { id: ids[1] }], total: 3, next: expect.any(String) },
    });
    for (const path of ["list", "facets"])
      expect(await app.ask(`GET /dlq/${path}?status=bogus`)).toMatchObject({
        status: 400,
        body: {
          code: "BAD_REQUEST",
          field: "status",
          rule: expect.stringMatching(/^one of pending/),
          received: '"bogus"',
        },
      });
    expect((await app.ask("GET /dlq/facets?status=")).body).toMatchObject({
      byStatus: { pending: 3 },
      byName: { charge: 3 },
    });
    expect((await app.ask("GET /dlq/cleanup/stats")).body).toMatchObject({
      total: 3,
      open: 3,
      arming: expect.any(Object),
    });
    const { body } = await app.ask(`GET /dlq/${ids[0]}`);
    expect(body).toMatchObject({
      id: ids[0],
      name: "charge",
      errorMessage: "the gateway is down",
      attempts: expect.any(Array),
    });
    expect((await app.ask("GET /dlq-compressed")).body).toEqual({ items: [] });
  });

  it("are replayed, resolved and redriven in the name of who asks, and the journal has it", async () => {
    const [replayed, resolved, redriven] = await app.fail(3);
    app.down = false;
    expect((await app.ask(`POST /dlq/${replayed}/retry`, { reason: "gateway is back" })).body).toMatchObject({
      success: true,
    });
    expect(
      (await app.ask(`POST /dlq/${resolved}/resolve`, { note: "paid by hand", reason: "call" })).body,
    ).toMatchObject({
      status: "resolved",
      resolvedById: "ann@example.com",
    });
    const redrive = { reason: "urgent", ticket_url: "https://tickets.example.com/7" };
    expect((await app.ask(`POST /dlq/${redriven}/force-redrive`, redrive)).body).toMatchObject({
      success: true,
    });
    const { body } = await app.ask("GET /journal?names=admin.action");
    expect(body["entries"]).toMatchObject([
      {
        actor: "ann@example.com",
        reason: "urgent",
        payload: { path: `/dlq/${redriven}/force-redrive`, outcome: "done" },
      },
      { actor: "ann@example.com", reason: "call", payload: { facts: { note: "paid by hand" } } },
      { actor: "ann@example.com", reason: "gateway is back" },
    ]);
  });

  it("are replayed in a batch", async () => {
    await app.fail(5);
    app.down = false;
    expect(
      (await app.ask("POST /dlq/replay", { batch_size: 2, name: "charge", reason: "x" })).body,
    ).toMatchObject({ total: 2, successCount: 2 });
    expect((await app.ask("POST /dlq/sweep", { name: "charge" })).body).toMatchObject({
      total: 3,
      successCount: 3,
    });
  });

  it("say what is wrong: not found, a conflict, a bad request", async () => {
    const [id = ""] = await app.fail(1);
    expect(await app.ask(`GET /dlq/${NO_ID}`)).toMatchObject({
      status: 404,
      body: { code: "ERR_BALDUR_DLQ_ENTRY_NOT_FOUND" },
    });
    expect(await app.ask(`POST /dlq/${NO_ID}/retry`, {})).toMatchObject({ status: 404 });
    await app.ask(`POST /dlq/${id}/resolve`, { note: "x" });
    expect(await app.ask(`POST /dlq/${id}/retry`, {})).toMatchObject({
      status: 409,
      body: { code: "ERR_BALDUR_DLQ_STATE_CONFLICT" },
    });
    for (const [route, body, field] of [
      [`POST /dlq/${id}/retry`, { resaon: "x" }, "resaon"],
      [`POST /dlq/${id}/retry`, { reason: "x".repeat(501) }, "reason"],
      [`POST /dlq/${id}/force-redrive`, {}, "reason"],
      ["POST /dlq/replay", { batch_size: 201 }, "batch_size"],
      ["POST /dlq/cleanup/purge", { ids: [id] }, "confirm"],
      ["GET /dlq/list?page_size=101", undefined, "page_size"],
      ["GET /dlq/list?staus=pending", undefined, "staus"],
    ] as const)
      expect(await app.ask(route, body)).toMatchObject({ status: 400, body: { field } });
    expect((await app.ask("GET /dlq/list?status=odd")).status).toBe(400);
    expect((await app.ask(`POST /dlq/${id}/force-redrive`, { reason: "  " })).status).toBe(400);
  });

  it("are archived, purged and made to try things out", async () => {
    const made = await app.ask("POST /dlq/test/create", {});
    expect(made).toMatchObject({ status: 201, body: { captured: true } });
    expect((await app.ask("POST /dlq/cleanup/archive", { older_than_days: 1 })).body).toEqual({
      archived: 0,
    });
    expect(
      (await app.ask("POST /dlq/cleanup/purge", { confirm: true, ids: `${NO_ID},${NO_ID}` })).body,
    ).toEqual({ purged: 0 });
  });

  it("are counted in the stream of events", async () => {
    await app.fail(2);
    const answer = await fetch(`${app.server.url}/events`, {
      headers: { "x-baldur-admin-key": READONLY_KEY },
    });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes('"dlq_open":2')) text += (await reader?.read())?.value ?? "";
    await reader?.cancel();
  });
});

describe("the routes of dead letters", () => {
  const table = async (): Promise<[route: string, role: string][]> => {
    const { body } = await app.ask("GET /schema");
    const paths = body["paths"] as unknown as Record<string, Record<string, { "x-baldur-role": string }>>;
    return Object.entries(paths)
      .filter(([path]) => path.startsWith("/dlq"))
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, { "x-baldur-role": role }]): [string, string] => [
          `${method.toUpperCase()} ${path.replace("{id}", NO_ID)}`,
          role,
        ]),
      );
  };

  it.each([
    ["the read-only key", true, READONLY_KEY, ["viewer"]],
    ["the key, locked", false, KEY, ["viewer", "operator"]],
    ["the key, unlocked", true, KEY, ["viewer", "operator", "admin"]],
    ["another key", true, "wrong", []],
  ])("are for those who may: %s", async (_, unlock, key, allowed) => {
    const routes = await table();
    expect(routes.length).toBe(16);
    await app.server.stop();
    await app.serve({ unlock });
    for (const [route, role] of routes) {
      const { status, body } = await app.ask(route, route.startsWith("GET") ? undefined : {}, key);
      const refused = key === "wrong" ? 401 : 403;
      if (allowed.includes(role)) expect([route, status]).not.toEqual([route, refused]);
      else expect([route, status, body["detail"]]).toEqual([route, refused, expect.any(String)]);
    }
  });
});

describe("without a licence", () => {
  it("there is no route of dead letters, and posture says why", async () => {
    const inert = await Application.start({});
    await inert.serve();
    expect((await inert.ask("GET /dlq/list")).status).toBe(404);
    expect((await inert.ask("GET /posture")).body).toMatchObject({
      tier: "oss",
      plugins: expect.arrayContaining([
        expect.objectContaining({ name: "@baldur/pro-dlq", status: "inert" }),
      ]),
    });
    await inert[Symbol.asyncDispose]();
  });
});

describe("the journal of a host", () => {
  it("has who did what, also after the process has gone", async () => {
    await app.ask("POST /system/disable", { reason: "incident 7" });
    await app.ask("POST /system/enable", { reason: "over" });
    app = await app.restarted();
    const { body } = await app.ask("GET /control/audit?user=ann@example.com");
    expect(body["entries"]).toMatchObject([
      { name: "admin.action", reason: "over" },
      { name: "system_control.kill_switch_deactivated", reason: "over" },
      { name: "admin.action", reason: "incident 7" },
      { name: "system_control.kill_switch_activated", reason: "incident 7" },
    ]);
  });
});
