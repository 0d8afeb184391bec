import { type Baldur, type BaldurOptions, createBaldur } from "@baldur/core";
import { type DocumentStore, KvIdempotencyStore, type Plugin } from "@baldur/core/plugin";
import {
  createFakeClock,
  documentStoreContract,
  type FakeClock,
  idempotencyStoreContract,
} from "@baldur/testkit";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { embedded } from "../src/index.js";
import { type Child, Children } from "./child.js";
import { errorOf, Folder } from "./fixture.js";

const POLL_INTERVAL = 500;

idempotencyStoreContract({
  name: "the idempotency store in the embedded store",
  create: async () => {
    const folder = await Folder.create();
    const clock = createFakeClock();
    const store = new KvIdempotencyStore({ clock, store: await folder.open() });
    return { store, clock, close: () => folder[Symbol.asyncDispose]() };
  },
});

let clock: FakeClock;

documentStoreContract({
  name: "the document store in the embedded store",
  create: async () => {
    const folder = await Folder.create();
    clock = createFakeClock();
    const [first, second] = [await documents(folder), await documents(folder)];
    const close = async (): Promise<void> => {
      await Promise.all([first.baldur.close(), second.baldur.close()]);
      await folder[Symbol.asyncDispose]();
    };
    return { first: first.store, second: second.store, close };
  },
  propagate: () => clock.advance(POLL_INTERVAL),
});

/** Those of a runtime that keeps its control state in the folder. */
async function documents({ path }: Folder): Promise<{ baldur: Baldur; store: DocumentStore }> {
  let store: DocumentStore | undefined;
  const probe: Plugin = { name: "probe", register: (context) => void (store = context.documents) };
  const options: BaldurOptions = { clock, plugins: [embedded({ path }), probe] };
  const baldur = await quiet({ BALDUR_SYSTEM_CONTROL_BACKEND: "embedded" }, options).start();
  return { baldur, store: store as DocumentStore };
}

function quiet(env: Record<string, string>, options: BaldurOptions): Baldur {
  const ignore = () => undefined;
  const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  return createBaldur({ discover: false, env, logger, ...options });
}

describe("the processes of a host in production", () => {
  let folder: Folder;
  let children: Children;
  beforeEach(async () => {
    folder = await Folder.create();
    children = new Children();
  });
  afterEach(async () => {
    await children[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const runtime = () => {
    const env = {
      BALDUR_ENVIRONMENT: "production",
      BALDUR_DATA_DIR: folder.path,
      BALDUR_SYSTEM_CONTROL_BACKEND: "embedded",
    };
    return quiet(env, { plugins: [embedded()] });
  };

  it("do the work of a key once among them, through a kill", async () => {
    const script = `
      const call = (id) => baldur.protect("charge", async () => { say({ ran: id }); return id; },
        { idempotencyKey: "id", context: { id } }).catch(({ decision }) => decision);
      await new Promise((resolve) => process.stdin.once("data", resolve));
      for (let id = 0; id < 50; id++) await call(id);
      say("done");
      setInterval(() => undefined, 1000);`;
    const all = [1, 2, 3].map(() => children.run(script, { args: [folder.path] }));
    for (const { process } of all) process.stdin?.write("go\n");
    for (const child of all) await toTheEnd(child);
    const ran = all.flatMap(({ lines }) => lines.filter((line) => line !== "done"));
    expect(ran).toHaveLength(50);
    expect(new Set(ran.map((line) => (line as { ran: number }).ran)).size).toBe(50);
    for (const { process } of all) process.kill("SIGKILL");
    const baldur = await runtime().start();
    const options = { idempotencyKey: "id", context: { id: 7 } };
    expect(await errorOf(baldur.protect("charge", async () => 7, options))).toMatchObject({
      decision: "skip",
    });
    await baldur.close();
  });

  it("keep the kill switch for those who come after", async () => {
    const first = await runtime().start();
    await first.control.disable({ actor: "ops", reason: "incident" });
    await first.close();
    const second = await runtime().start();
    expect(second.control.enabled).toBe(false);
    expect(second.posture()).toMatchObject({ storage: "embedded", degraded: [] });
    await second.close();
  });
});

async function toTheEnd(child: Child): Promise<void> {
  while ((await child.next()) !== "done");
}
