import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AdapterError, type Baldur, createBaldur, type ProtectedOptions } from "@baldur/core";
import type {
  Audit,
  AuditEntry,
  Governance,
  GovernanceRequest,
  KeyValueReader,
  KeyValueStore,
  KeyValueWriter,
  Plugin,
  PluginContext,
} from "@baldur/core/plugin";
import { auditSlot, emergencySlot, governanceSlot, MemoryKeyValueStore } from "@baldur/core/plugin";
import { createFakeClock, type FakeClock, type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import type { Dlq, DlqOptions } from "../../src/api.js";
import { dlq, getDlq } from "../../src/plugin.js";

const LICENSE = readFileSync(
  new URL("../../../../tooling/license/development.license", import.meta.url),
  "utf8",
);
const ignore = () => undefined;
export const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };
export const MINUTE = 60_000;
export const HOUR: number = 60 * MINUTE;
export const DAY: number = 24 * HOUR;

/** Large counts in a soak. */
export const runs = (usual: number): number => (process.env["BALDUR_SOAK"] === "1" ? usual * 50 : usual);
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
export const down = async (): Promise<never> => {
  throw new Error("down");
};

/** Nothing is read or written: the fake time must not pass while the real one does. */
async function filesAtRest(): Promise<void> {
  do await turn();
  while (process.getActiveResourcesInfo().some((resource) => /^FSReq|^CloseReq$/.test(resource)));
}

/** Moves the clock until it has come about, while the file system does its part. */
export async function until({ clock }: { clock: FakeClock }, isSo: () => unknown): Promise<void> {
  for (let second = 0; second < 300; second++) {
    await filesAtRest();
    if (await isSo()) return;
    await clock.advance(1000);
  }
  throw new Error("it did not come about");
}

/** The error of a promise that must reject. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not reject");
}

/** An ordered map that several runtimes share, as processes share a folder, and that fails when told to. */
export class SharedMap implements KeyValueStore {
  readonly location = "shared";
  /** Which accesses fail: all, those that write, or none. */
  broken: "all" | "writes" | "none" = "none";
  writes = 0;
  #losing = 0;
  readonly #map = new MemoryKeyValueStore();
  #held: Promise<void> | undefined;
  #release: () => void = ignore;

  constructor(readonly durable = true) {}

  read<T>(work: (reader: KeyValueReader) => T): T {
    if (this.broken === "all") throw new AdapterError("the map is broken");
    return this.#map.read(work);
  }

  async write<T>(work: (writer: KeyValueWriter) => T): Promise<T> {
    const isLost = ++this.writes === this.#losing;
    await this.#held;
    if (this.broken !== "none") throw new AdapterError("the map is broken");
    const answer = await this.#map.write(work);
    if (isLost) throw new AdapterError("the answer is lost");
    return answer;
  }

  async close(): Promise<void> {
    // Others go on with it.
  }

  /** The write that is so many from now is done, and its answer is lost. */
  loseAnswer(after: number): void {
    this.#losing = this.writes + after;
  }

  /** Writes wait until they are let go. */
  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  /** Those that wait go on waiting, and others pass them. */
  overtake(): void {
    this.#held = undefined;
  }

  letGo(): void {
    this.#release();
    this.#held = undefined;
  }

  get(key: string): string | undefined {
    return this.#map.read((reader) => reader.get(key));
  }

  put(key: string, value: string): Promise<void> {
    return this.#map.write((writer) => writer.put(key, value));
  }

  keys(prefix: string): string[] {
    return this.#map.read((reader) => reader.keys({ from: prefix, to: `${prefix}\x7f` }));
  }
}

export interface QueueSetup extends DlqOptions {
  /** `BALDUR_…` without the prefix. */
  readonly env?: Readonly<Record<string, string>>;
  readonly map?: SharedMap;
  readonly clock?: FakeClock;
  readonly plugins?: readonly Plugin[];
  /** Below the folder of the test: two runtimes of one folder share their spill files. */
  readonly folder?: string;
  /** Check the development licence. */
  readonly licensed?: boolean;
  /** What is done before the start, as an application does it while it is loaded. */
  readonly before?: (baldur: Baldur) => void;
}

export interface TestQueue extends AsyncDisposable {
  readonly baldur: Baldur;
  readonly clock: FakeClock;
  readonly telemetry: RecordedTelemetry;
  readonly queue: Dlq;
  readonly map: SharedMap;
  readonly folder: string;
  readonly context: PluginContext;
  readonly audits: AuditEntry[];
  /** Closes while the clock moves on. */
  close(): Promise<void>;
  /** Answers when the promise is settled; the clock moves until then, by at most so much. */
  during<T>(work: Promise<T>, most?: number): Promise<T>;
}

/** A runtime with a dead-letter queue, started. Nothing but the clock that is given moves it. */
export async function started(setup: QueueSetup = {}): Promise<TestQueue> {
  const {
    env = {},
    map = new SharedMap(),
    clock = createFakeClock(),
    plugins = [],
    before = ignore,
    licensed = false,
    ...rest
  } = setup;
  const { folder = mkdtempSync(join(tmpdir(), "baldur-dlq-")), ...options } = rest;
  let context: PluginContext | undefined;
  const audits: AuditEntry[] = [];
  const surroundings: Plugin = {
    name: "surroundings",
    register(given) {
      context = given;
      given.provider("embedded", () => map);
      given.fill(auditSlot, recordingAudit(audits));
    },
  };
  const baldur = createBaldur({
    clock,
    random: () => 0.5,
    discover: false,
    logger: SILENT,
    env: {
      BALDUR_LICENSE_KEY: LICENSE,
      BALDUR_DLQ_FALLBACK_PATH: join(folder, "spill"),
      ...Object.fromEntries(Object.entries(env).map(([name, value]) => [`BALDUR_${name}`, value])),
    },
    settings: { control: { backend: "memory" } },
    plugins: [surroundings, ...plugins, licensed ? dlq(options) : unlicensed(options)],
  });
  const telemetry = recordTelemetry(baldur);
  before(baldur);
  await baldur.start();
  await turn();
  const during = async <T>(work: Promise<T>, most = 10 * MINUTE): Promise<T> => {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    work.then(mark, mark);
    await turn();
    const steps = 2000;
    for (let step = 0; step < steps && !settled; step++) {
      await filesAtRest();
      if (!settled) await clock.advance(most / steps);
    }
    if (!settled) throw new Error(`it was not settled after ${most} ms`);
    return work;
  };
  const close = async (): Promise<void> => {
    await during(baldur.close());
  };
  return {
    baldur,
    clock,
    telemetry,
    queue: getDlq(baldur),
    map,
    folder,
    context: context as PluginContext,
    audits,
    close,
    during,
    async [Symbol.asyncDispose]() {
      map.broken = "none";
      map.letGo();
      await close();
      if (setup.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The signature costs more than all else together, so most tests go without. */
function unlicensed(options: DlqOptions): Plugin {
  const { entitlement: _, ...plugin } = dlq(options);
  return plugin;
}

function recordingAudit(audits: AuditEntry[]): Audit {
  return {
    kind: "recording",
    record: async (entry) => {
      audits.push(entry);
      return { recorded: true };
    },
    integrity: async () => "intact",
  };
}

/** A governance that answers what the test says, and remembers what it was asked. */
export class TestGovernance {
  blockedBy: "error_budget" | "manually_blocked" | undefined;
  throws = false;
  readonly asked: GovernanceRequest[] = [];

  readonly plugin: Plugin = {
    name: "governance",
    register: (context) => context.fill(governanceSlot, this.#governance),
  };

  readonly #governance: Governance = {
    kind: "test",
    check: async (request) => {
      this.asked.push(request);
      if (this.throws) throw new Error("no answer");
      const { blockedBy } = this;
      const skipped = request.skip?.some((check) => check === blockedBy) ?? false;
      if (blockedBy === undefined || skipped) return { allowed: true, degradedChecks: [] };
      return { allowed: false, blockedBy, degradedChecks: [] };
    },
  };
}

/** An emergency of the level that the test says. */
export class TestEmergency {
  level: 0 | 1 | 2 | 3 = 0;
  throws = false;

  readonly plugin: Plugin = {
    name: "emergency",
    register: (context) =>
      context.fill(emergencySlot, {
        kind: "test",
        state: () => {
          if (this.throws) throw new Error("no answer");
          return { level: this.level, automatic: false };
        },
        admits: () => true,
      }),
  };
}

/** A wrapped function that fails until it is told otherwise, and keeps its failed calls. */
export class Work {
  /** Arguments of every run, in order. */
  readonly runs: unknown[][] = [];
  behave: (...args: unknown[]) => unknown = down;
  readonly #wrapped: (...args: unknown[]) => Promise<unknown>;

  constructor(
    private readonly test: Pick<TestQueue, "baldur" | "queue">,
    readonly name: string = "orders",
    options: ProtectedOptions = {},
  ) {
    const fn = async (...args: unknown[]): Promise<unknown> => {
      this.runs.push(args);
      return this.behave(...args);
    };
    const all = { dlq: true, circuitBreaker: false, contextFrom: false, ...options } as const;
    this.#wrapped = test.baldur.protected(name, fn, all);
  }

  /** Does nothing wrong from now on, and forgets its runs. */
  recover(): this {
    this.behave = () => "ok";
    this.runs.length = 0;
    return this;
  }

  call(...args: unknown[]): Promise<unknown> {
    return this.#wrapped(...args);
  }

  /** One call for each argument; answers the ids of their entries, in order. */
  async fail(...each: unknown[]): Promise<string[]> {
    const ids: string[] = [];
    for (const arg of each) {
      await errorOf(this.call(arg));
      await turn();
      const [latest] = (await this.test.queue.list({ name: this.name, limit: 1 })).items;
      if (latest === undefined || ids.includes(latest.id)) throw new Error("nothing was captured");
      ids.push(latest.id);
    }
    return ids;
  }
}

/** Numbers from 0. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

export async function statusOf({ queue }: Pick<TestQueue, "queue">, id: string): Promise<string | undefined> {
  return (await queue.get(id))?.status;
}
