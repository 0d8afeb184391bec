import type { DlqOptions } from "./api.js";
import { checkAll, isBoolean, isCount, isDuration, isObject, type Rule } from "./check.js";
import type { ReplaySettings } from "./settings.js";

const isPositive = (value: unknown): boolean => Number.isFinite(value) && Number(value) > 0;

const RULES: Readonly<Record<keyof DlqOptions, Rule>> = {
  lease: ["a positive number of milliseconds", isPositive],
  replay: ["an object", isObject],
  automatic: ["a boolean", isBoolean],
  encryptionKey: ["a non-empty string", (value) => typeof value === "string" && value !== ""],
};

const REPLAY_RULES: Readonly<Record<keyof NonNullable<DlqOptions["replay"]>, Rule>> = {
  rate: ["a positive number per second", isPositive],
  rampUp: ["a finite number of milliseconds of at least 0", isDuration],
  concurrency: ["a positive integer", isCount],
  maxRetries: ["a positive integer", isCount],
};

/** Throws `ConfigurationError` that names the first option that breaks its rule. */
export function checkOptions(options: DlqOptions): void {
  checkAll("options", options, RULES);
  if (options.replay !== undefined) checkAll("replay", options.replay, REPLAY_RULES, "replay.");
}

/** The settings of the replay, with the options over them. */
export function replayOverrides({ lease, replay, automatic }: DlqOptions): Partial<ReplaySettings> {
  return {
    ...(lease !== undefined && { lease }),
    ...(automatic !== undefined && { onRecoveryEnabled: automatic }),
    ...(replay?.rate !== undefined && { rate: replay.rate }),
    ...(replay?.rampUp !== undefined && { rampUp: replay.rampUp }),
    ...(replay?.concurrency !== undefined && { concurrency: replay.concurrency }),
  };
}
