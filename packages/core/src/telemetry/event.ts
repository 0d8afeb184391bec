import { ConfigurationError } from "../errors.js";

/** @public */
export type Level = "debug" | "info" | "warning" | "error" | "critical";

/** Families of events whose level an operator sets apart. @public */
export type EventFamily = "dlq" | "cb" | "replay" | "sla";

/** A kind of event, declared once beside the feature that reports it. @public */
export interface EventDefinition<P extends object> {
  readonly name: string;
  readonly level: Level;
  readonly family?: EventFamily;
  /** Kept in the journal, where there is one. */
  readonly journal: boolean;
  /** Printed at its own level, whatever the root level is. */
  readonly always: boolean;
  readonly help: string;
  /** Carries the type of the payload; never read. */
  readonly payload?: P;
}

/** @public */
export interface EventOptions {
  level: Level;
  family?: EventFamily;
  journal?: boolean;
  always?: boolean;
  help: string;
}

/** What listeners and sinks receive. @public */
export interface TelemetryEvent {
  readonly name: string;
  readonly level: Level;
  readonly at: Date;
  readonly payload: Record<string, unknown>;
  readonly correlationId?: string;
}

export const LEVELS: readonly Level[] = ["debug", "info", "warning", "error", "critical"];

const NAME = /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/;

export function isEventName(name: string): boolean {
  return NAME.test(name);
}

/** Operators alert on these words, so the level must keep what they promise. */
const LEAST: readonly [suffix: RegExp, least: Level][] = [
  [/_error$/, "error"],
  [/_(failed|blocked|timeout|exhausted)$/, "warning"],
];

/**
 * Declares a kind of event: `defineEvent<{ name: string }>()("cache.entry_dropped", { level: "info", help: "…" })`.
 * Throws `ConfigurationError` for a name that is not `component.entity_action`, or a level below what its ending promises.
 * @public
 */
export function defineEvent<P extends object>(): (name: string, options: EventOptions) => EventDefinition<P> {
  return (name, options) => {
    if (!isEventName(name))
      throw new ConfigurationError(`event ${name} must be named component.entity_action`);
    const least = LEAST.find(([suffix]) => suffix.test(name))?.[1];
    if (least !== undefined && LEVELS.indexOf(options.level) < LEVELS.indexOf(least)) {
      throw new ConfigurationError(
        `event ${name} must have level ${least} or above; received ${options.level}`,
      );
    }
    return Object.freeze({ journal: false, always: false, ...options, name });
  };
}
