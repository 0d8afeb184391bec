// The command line at work on a queue that keeps dead letters.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type AdminServer, startAdminServer } from "@baldur/admin";
import { type Baldur, createBaldur } from "@baldur/core";
import { getDlq } from "@baldur/pro-dlq";
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { pro } from "../../src/pro.js";
import { LICENCE } from "../licences.js";

jest.setTimeout(60_000);

const MAIN = fileURLToPath(new URL("../../../cli/dist/main.js", import.meta.url));
const quiet = (): undefined => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

let folder: string;
let baldur: Baldur;
let server: AdminServer;
let isDown: boolean;
let charge: (order: number) => Promise<void>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "baldur-cli-"));
  const env = {
    BALDUR_LICENSE_FILE: LICENCE,
    BALDUR_DATA_DIR: folder,
    BALDUR_REPLAY_AUTOMATION_ENABLED: "false",
  };
  baldur = await createBaldur({ discover: false, plugins: pro(), logger, env }).start();
  server = await startAdminServer({ baldur, port: 0, unlock: true });
  const gateway = async (order: number): Promise<void> => {
    if (isDown) throw new Error(`gateway is down for ${order}`);
  };
  charge = baldur.protected("charge", gateway, { dlq: true, circuitBreaker: false });
});
afterAll(async () => {
  await server.stop({ timeout: 0 });
  await baldur.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function ask(...args: readonly string[]): Promise<Outcome> {
  const env = { PATH: process.env["PATH"], BALDUR_ADMIN_URL: server.url, BALDUR_LICENSE_FILE: LICENCE };
  const child = spawn(process.execPath, [MAIN, ...args], { env, cwd: folder });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (err += text));
  const [code] = (await once(child, "close")) as [number];
  return { code, out, err };
}

/** Fails so many calls, and answers the ids of what was kept. */
async function fail(count: number): Promise<string[]> {
  isDown = true;
  const known = new Set(await pending());
  await Promise.allSettled(Array.from({ length: count }, (_, order) => charge(order)));
  const end = performance.now() + 20_000;
  for (;;) {
    const ids = (await pending()).filter((id) => !known.has(id));
    if (ids.length === count) return ids;
    if (performance.now() > end) throw new Error("they were not kept");
    await sleep(10);
  }
}

async function pending(): Promise<string[]> {
  return (await getDlq(baldur).list({ status: "pending", limit: 100 })).items.map(({ id }) => id);
}

async function statusOf(id: string): Promise<string | undefined> {
  return (await getDlq(baldur).get(id))?.status;
}

describe("dlq", () => {
  let ids: string[];

  beforeEach(async () => {
    ids = await fail(3);
  });

  it("lists, page after page, and shows", async () => {
    const { code, out } = await ask("dlq", "list", "--pending", "--page-size", "2");
    expect(code).toBe(0);
    expect(out).toMatch(/^ID +NAME +STATUS +FAILURE +REPLAYS +SINCE +ERROR\n/);
    expect(out).toMatch(/ +charge +pending +\S+ +0\/2 +\d{4}-.*Z +gateway is down for \d\n/);
    const [, next] = /--after (\S+)/.exec(out) ?? [];
    const second = await ask("dlq", "list", "--pending", "--after", next ?? "", "--json");
    const { items } = JSON.parse(second.out) as { items: { id: string }[] };
    for (const { id } of items) expect(out).not.toContain(id);
    const one = await ask("dlq", "show", ids[0] ?? "");
    expect(one.out).toMatch(/^name +charge$/m);
    expect(one.out).toMatch(/^error +.*gateway is down for \d$/m);
    expect(one.out).toMatch(/^ATTEMPT +AT +TOOK +ERROR$/m);
    expect((await ask("dlq", "facets")).out).toMatch(/^name +charge +\d+$/m);
    expect((await ask("dlq", "stats")).out).toMatch(/^open +\d+$/m);
  });

  it("replays, resolves, rejects, redrives and puts away", async () => {
    const [first = "", second = "", third = ""] = ids;
    const failed = await ask("dlq", "retry", first, "-r", "test");
    expect(failed).toMatchObject({
      code: 1,
      err: "",
      out: expect.stringMatching(/^failed\nid +\S+\nwhy +Error: gateway is down for \d\n$/),
    });
    isDown = false;
    expect((await ask("dlq", "redrive", first, "-r", "it is back")).out).toMatch(/^replayed\n/);
    expect((await ask("dlq", "resolve", second, "--note", "by phone")).out).toMatch(/^ended +.*by phone$/m);
    expect((await ask("dlq", "reject", third)).code).toBe(0);
    await expect(Promise.all(ids.map(statusOf))).resolves.toEqual(["resolved", "resolved", "rejected"]);
    const conflict = await ask("dlq", "resolve", second);
    expect(conflict).toMatchObject({ code: 2, out: "" });
    expect((await ask("dlq", "archive")).out).toMatch(/^archived +\d+\n$/);
    expect((await ask("dlq", "purge", "--older-than-days", "1", "--confirm")).out).toMatch(
      /^removed +\d+\n$/,
    );
  });

  it("replays a batch", async () => {
    isDown = false;
    const { code, out } = await ask("dlq", "replay", "--name", "charge", "--batch-size", "200");
    expect(code).toBe(0);
    expect(out).toMatch(/^tried +[3-9]\nsucceeded +[3-9]\nfailed +0\nskipped +0$/m);
    await expect(Promise.all(ids.map(statusOf))).resolves.toEqual(["resolved", "resolved", "resolved"]);
  });

  it("says what failed and what was skipped, and why, and does not exit as if all were well", async () => {
    const queue = getDlq(baldur);
    await Promise.all([1, 2].map(() => queue.store({ name: "orphan", failureType: "LOST" })));
    const orphans = (await queue.list({ name: "orphan" })).items.map(({ id }) => id);
    const [orphan = ""] = orphans;
    const skipped = await ask("dlq", "retry", orphan);
    expect(skipped).toEqual({ code: 1, err: "", out: `skipped\nid   ${orphan}\nwhy  handler_missing\n` });
    const batch = await ask("dlq", "replay", "--name", "orphan");
    expect(batch).toMatchObject({ code: 0, err: "" }); // they are as they were
    expect(batch.out).toMatch(
      /^tried +0\nsucceeded +0\nfailed +0\nskipped +2\n\nSKIPPED +WHY +SUCH AS\n2 +handler_missing +\S+\n$/,
    );
    const failed = await ask("dlq", "replay", "--name", "charge", "--batch-size", "2");
    expect(failed).toMatchObject({ code: 1, err: "" });
    expect(failed.out).toMatch(
      /^tried +2\nsucceeded +0\nfailed +2\nskipped +0\n\nFAILED +WHY\n(\S+ +Error: gateway is down for \d\n){2}$/,
    );
    await baldur.control.disable({ reason: "drill", actor: "test" });
    const blocked = await ask("dlq", "replay", "--json");
    await baldur.control.enable({ reason: "drill", actor: "test" });
    expect(blocked.code).toBe(1);
    expect(JSON.parse(blocked.out)).toMatchObject({ total: 0, governanceBlockReason: "kill_switch" });
    await Promise.all(orphans.map((id) => queue.reject(id, { actor: "test" })));
  });

  it("says that there is no such entry", async () => {
    await expect(ask("dlq", "show", "0mjuohs00-0123456789abcdef-0000")).resolves.toMatchObject({
      code: 2,
      out: "",
    });
  });
});
