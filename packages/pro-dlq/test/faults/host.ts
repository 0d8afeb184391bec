import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Baldur, createBaldur } from "@baldur/core";
import type { KeyValueStore, Plugin, PluginContext } from "@baldur/core/plugin";
import { embedded } from "@baldur/embedded";
import { createFakeClock, type FakeClock, type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import type { Dlq, DlqOptions } from "../../src/api.js";
import { dlq, getDlq } from "../../src/plugin.js";

const LICENSE = readFileSync(
  new URL("../../../../tooling/license/development.license", import.meta.url),
  "utf8",
);
const ignore = () => undefined;
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

export const NAME = "work";
export const HOUR: number = 3_600_000;

export interface HostOptions extends DlqOptions {
  /** `BALDUR_…` without the prefix. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: in the memory of the process. */
  readonly isEmbedded?: boolean;
  /** Decorates the store. */
  readonly decorate?: (store: KeyValueStore) => KeyValueStore;
  readonly handler?: (id: string) => unknown;
}

/** An application with a dead-letter queue, in this process. */
export interface Host {
  readonly baldur: Baldur;
  readonly queue: Dlq;
  readonly clock: FakeClock;
  readonly telemetry: RecordedTelemetry;
  readonly map: KeyValueStore;
  /** Ids of the entries that the handler ran, in order. */
  readonly runs: string[];
  /** Keeps so many operations; answers their ids. */
  store(
    count: number,
    operation?: { name?: string; failureType?: string; domain?: string },
  ): Promise<string[]>;
  /** Waits for work that is done by threads, while the clock moves. */
  during<T>(work: Promise<T>): Promise<T>;
  /** So many milliseconds go by, and what threads have to do in them is done. */
  passes(milliseconds: number): Promise<void>;
}

/** Shorter than the engine waits for its own threads. */
const STEP = 5000;
/** Files are read and written between two steps. */
const BREATH = 2;

/** A folder, and the applications that work in it. */
export class Site implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "baldur-faults-"));
  readonly clock: FakeClock = createFakeClock();
  readonly #running: Host[] = [];

  get state(): string {
    return join(this.folder, "state");
  }

  async start(options: HostOptions = {}): Promise<Host> {
    const { env = {}, isEmbedded = false, decorate, handler, ...own } = options;
    let context: PluginContext | undefined;
    const probe: Plugin = { name: "probe", register: (given) => void (context = given) };
    const provider = embedded();
    const decorated: Plugin = {
      ...provider,
      register: (context) =>
        provider.register({
          ...context,
          provider: (kind, open) =>
            context.provider(kind, async () =>
              (decorate ?? ((store) => store))((await open()) as KeyValueStore),
            ),
        }),
    };
    const baldur = createBaldur({
      clock: this.clock,
      random: () => 0.5,
      discover: false,
      logger: SILENT,
      env: {
        BALDUR_LICENSE_KEY: LICENSE,
        BALDUR_DATA_DIR: this.state,
        BALDUR_CB_ENABLED: "false",
        ...Object.fromEntries(Object.entries(env).map(([name, value]) => [`BALDUR_${name}`, value])),
      },
      settings: { control: { backend: "memory" } },
      plugins: [probe, ...(isEmbedded ? [decorated] : []), dlq({ automatic: false, ...FAST, ...own })],
    });
    const telemetry = recordTelemetry(baldur);
    const runs: string[] = [];
    baldur.onReplay(NAME, async ({ id }) => {
      runs.push(id);
      return handler?.(id);
    });
    await this.#during(baldur.start());
    const queue = getDlq(baldur);
    const store: Host["store"] = async (count, operation) => {
      const results = await this.#during(
        Promise.all(
          Array.from({ length: count }, (_, n) =>
            queue.store({ name: NAME, failureType: "KIND", requestData: { n }, ...operation }),
          ),
        ),
      );
      return results.map((result) => {
        if (!result.captured) throw new Error(result.reason);
        return result.id;
      });
    };
    const host: Host = {
      baldur,
      queue,
      clock: this.clock,
      telemetry,
      map: (context as unknown as PluginContext).keyValue(),
      runs,
      store,
      during: (work) => this.#during(work),
      passes: async (milliseconds) => {
        for (let left = milliseconds; left > 0; left -= STEP) {
          await this.clock.advance(Math.min(left, STEP));
          await new Promise((resolve) => setTimeout(resolve, BREATH));
          await host.map.write(() => undefined).catch(ignore); // whatever was written before it is on the disk
        }
      },
    };
    this.#running.push(host);
    return host;
  }

  async stop({ baldur }: Host): Promise<void> {
    await this.#during(baldur.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.#running) await this.stop(host);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The threads of the engine know no fake clock, so the process waits for them; every look moves the clock on. */
  async #during<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    work.then(over, over);
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await this.clock.advance(1);
    }
    return work;
  }
}

const FAST = { replay: { rate: 1e6, rampUp: 0 } };
