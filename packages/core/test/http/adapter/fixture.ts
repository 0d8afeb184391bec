import { createFakeClock, type FakeClock, type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import type { Baldur } from "../../../src/api.js";
import { createBaldur } from "../../../src/baldur.js";
import type { BaldurOptions } from "../../../src/runtime-options.js";
import { SILENT } from "../../runtime.js";
import { type Answer, type Ask, ask } from "./client.js";
import type { AdapterSubject, AppOptions, RunningApp, TestRoute } from "./subject.js";

/** An application under test, with its runtime. */
export interface Bench {
  readonly app: RunningApp;
  readonly port: number;
  readonly runtime: Baldur;
  readonly telemetry: RecordedTelemetry;
  ask(path: string, options?: Ask): Promise<Answer>;
}

export interface BenchOptions extends Partial<Pick<AppOptions, "options" | "trustProxy">> {
  readonly routes?: readonly TestRoute[];
  readonly runtime?: BaldurOptions;
}

/** Starts applications, and stops those of a test at its end. */
export class Benches {
  readonly #ends: (() => Promise<unknown>)[] = [];

  constructor(private readonly subject: AdapterSubject) {}

  async start({ routes = [], runtime: given, options = {}, ...rest }: BenchOptions = {}): Promise<Bench> {
    const runtime = createRuntime(given);
    const app = await this.subject.start({ runtime, routes, options, ...rest });
    const telemetry = recordTelemetry(runtime);
    this.#ends.push(async () => {
      await app.stop();
      await runtime.close({ deadline: 0 });
    });
    return { app, port: app.port, runtime, telemetry, ask: (path, asked) => ask(app.port, path, asked) };
  }

  /** The same by a clock that is moved by hand. */
  async startTimed(options: BenchOptions = {}): Promise<Bench & { readonly clock: FakeClock }> {
    const clock = createFakeClock();
    return { ...(await this.start({ ...options, runtime: { ...options.runtime, clock } })), clock };
  }

  async stop(): Promise<void> {
    for (const end of this.#ends.splice(0)) await end();
  }
}

/** A runtime that asks nobody, and looks often whether its drain is over. */
export function createRuntime({ settings, ...options }: BaldurOptions = {}): Baldur {
  return createBaldur({
    env: {},
    discover: false,
    logger: SILENT,
    ...options,
    settings: { control: { backend: "memory" }, shutdown: { checkInterval: 10 }, ...settings },
  });
}
