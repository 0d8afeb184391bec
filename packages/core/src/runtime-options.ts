import type { Clock } from "./clock.js";
import type { SettingsByArea } from "./declared-settings.js";
import { ConfigurationError, invalid } from "./errors.js";
import { definePlugin, type Plugin } from "./plugins/plugin.js";
import { nearest } from "./settings/nearest.js";
import type { SettingsOverrides } from "./settings/resolve.js";
import type { StorageSettings } from "./settings/runtime.js";
import type { Logger } from "./telemetry/logger.js";
import { isObject } from "./validate.js";

/** Where state is kept beyond the process; each place needs its package. @public */
export type StorageOptions = Partial<StorageSettings>;

/** What a runtime is made of; everything has a default. @public */
export interface BaldurOptions {
  /** Plugins besides those that are found. Of two with one name the first holds. */
  plugins?: readonly Plugin[];
  /** Search the application's dependencies for plugins. Default true. */
  discover?: boolean;
  /** Settings by area, in the units of options (milliseconds). They win over the environment. */
  settings?: SettingsByArea;
  /** Where state is kept beyond the process; the same as `settings.storage`. */
  storage?: StorageOptions;
  /** Default: the system's. */
  clock?: Clock;
  /** Numbers in [0, 1) for jitter. Default: `Math.random`. */
  random?: () => number;
  /** Default: JSON lines on the error stream. */
  logger?: Logger;
  /** Read in place of `process.env`. */
  env?: Record<string, string | undefined>;
  /**
   * Drain on SIGTERM and SIGINT, and then end the process the way the signal does, unless the application listens to the
   * signal itself; the second signal ends it at once. Default: true for `init()`, false for `createBaldur()`.
   */
  signals?: boolean;
  /** Told when settings break their rules, in place of an exception; their defaults are then in force. */
  onFatalConfig?(error: ConfigurationError): void;
}

const isFunction = (value: unknown): boolean => typeof value === "function";
const has =
  (...methods: readonly string[]) =>
  (value: unknown): boolean =>
    isObject(value) && methods.every((method) => isFunction((value as Record<string, unknown>)[method]));

type Rule = readonly [rule: string, keeps: (value: unknown) => boolean];

const RULES: Readonly<Record<keyof BaldurOptions, Rule>> = {
  plugins: ["an array of plugins", Array.isArray],
  discover: ["a boolean", (value) => typeof value === "boolean"],
  settings: ["an object of settings by area", isObject],
  storage: ["an object", isObject],
  clock: [
    "an object with now(), monotonic(), setTimeout() and clearTimeout()",
    has("now", "monotonic", "setTimeout", "clearTimeout"),
  ],
  random: ["a function", isFunction],
  logger: ["an object with debug(), info(), warn() and error()", has("debug", "info", "warn", "error")],
  env: ["an object", isObject],
  signals: ["a boolean", (value) => typeof value === "boolean"],
  onFatalConfig: ["a function", isFunction],
};

/** Throws `ConfigurationError` that names the first option that breaks its rule. */
export function checkOptions(options: BaldurOptions): void {
  if (!isObject(options)) throw invalid("options", "an object", options);
  for (const [option, value] of Object.entries(options)) {
    if (!Object.hasOwn(RULES, option)) throw unknown(option);
    const [rule, keeps] = RULES[option as keyof BaldurOptions];
    if (value !== undefined && !keeps(value)) throw invalid(option, rule, value);
  }
  options.plugins?.forEach(definePlugin);
}

function unknown(option: string): ConfigurationError {
  const known = Object.keys(RULES);
  const meant = nearest(option, known);
  const hint = meant === undefined ? `known are ${known.join(", ")}` : `did you mean ${meant}?`;
  return new ConfigurationError(`${option} is not an option of a runtime; ${hint}`);
}

/** The settings given as options, by area. */
export function overridesOf({ settings, storage }: BaldurOptions): SettingsOverrides {
  const merged =
    storage === undefined ? settings : { ...settings, storage: { ...settings?.storage, ...storage } };
  return (merged ?? {}) as SettingsOverrides;
}
