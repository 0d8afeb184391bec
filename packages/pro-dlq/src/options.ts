import type { DlqOptions } from "./api.js";
import { checked } from "./check.js";
import type { ReplaySettings } from "./settings.js";

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;
const isPositive = (value: unknown): boolean =>
  typeof value === "number" && value > 0 && Number.isFinite(value);
const isDuration = (value: unknown): boolean =>
  typeof value === "number" && value >= 0 && Number.isFinite(value);
const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 1;

type Rule = readonly [rule: string, keeps: (value: unknown) => boolean];

const RULES: Readonly<Record<keyof DlqOptions, Rule>> = {
  lease: ["a positive number of milliseconds", isPositive],
  replay: ["an object", isObject],
  automatic: ["a boolean", (value) => typeof value === "boolean"],
  encryptionKey: ["a non-empty string", (value) => typeof value === "string" && value !== ""],
};

const REPLAY_RULES: Readonly<Record<keyof NonNullable<DlqOptions["replay"]>, Rule>> = {
  rate: ["a positive number per second", isPositive],
  rampUp: ["a number of milliseconds", isDuration],
  concurrency: ["a positive integer", isCount],
  maxRetries: ["a positive integer", isCount],
};

/** Throws `ConfigurationError` that names the first option that breaks its rule. */
export function checkOptions(options: DlqOptions): void {
  checked("options", "an object", options, isObject);
  checkAll(options, RULES, "");
  if (options.replay !== undefined) checkAll(options.replay, REPLAY_RULES, "replay.");
}

function checkAll(given: object, rules: Readonly<Record<string, Rule>>, at: string): void {
  for (const [option, value] of Object.entries(given)) {
    const known = `an option (${Object.keys(rules).join(", ")})`;
    checked(`${at}${option}`, known, option, () => Object.hasOwn(rules, option));
    const [rule, keeps] = rules[option] as Rule;
    // An encryption key is never shown.
    const shown = option === "encryptionKey" && typeof value === "string" ? "" : value;
    if (value !== undefined && !keeps(value)) checked(`${at}${option}`, rule, shown, () => false);
  }
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
