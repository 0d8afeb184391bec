import { createFakeClock, type FakeClock, type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import type { Baldur } from "../src/api.js";
import { createBaldur } from "../src/baldur.js";
import type { BaldurOptions } from "../src/runtime-options.js";

const ignore = () => undefined;
export const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

export interface TestRuntime {
  readonly baldur: Baldur;
  readonly clock: FakeClock;
  readonly telemetry: RecordedTelemetry;
}

/** A runtime that no environment, clock or chance reaches: backoff has no jitter. */
export function testRuntime(options: BaldurOptions = {}): TestRuntime {
  const clock = createFakeClock();
  const settings = { control: { backend: "memory" as const }, ...options.settings };
  const baldur = createBaldur({
    clock,
    random: () => 0.5,
    env: {},
    discover: false,
    logger: SILENT,
    ...options,
    settings,
  });
  return { baldur, clock, telemetry: recordTelemetry(baldur) };
}

/** Large counts in a soak. */
export const runs = (usual: number): number => (process.env["BALDUR_SOAK"] === "1" ? usual * 50 : usual);

export const failure = (message = "down"): Error => new Error(message);
export const fails = async (): Promise<never> => {
  throw failure();
};
export const succeeds = async (): Promise<string> => "ok";
/** The error of a promise that must reject. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not reject");
}
/** One turn of the event loop: every promise settles that can. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
