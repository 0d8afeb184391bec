import type { Clock } from "../../clock.js";
import { type EventDefinition, type EventFamily, LEVELS, type Level, type TelemetryEvent } from "../event.js";
import type { Logger } from "../logger.js";
import { redact } from "../redact.js";
import type { Sink } from "../telemetry.js";

export type LogLevels = Readonly<Record<EventFamily | "root", Level>>;

/** So many of the same event in so long; more are counted and summed up. */
const BURST = 10;
const PERIOD = 10_000;

interface Burst {
  since: number;
  count: number;
  suppressed: number;
}

/** Writes events as log lines: by level and family, without secrets, and without drowning the reader. */
export class LogSink implements Sink {
  readonly name = "log";
  readonly #levels: Record<EventFamily | "root", Level>;
  readonly #bursts = new Map<string, Burst>();

  constructor(
    private readonly logger: Logger,
    private readonly clock: Clock,
    levels: LogLevels,
  ) {
    this.#levels = { ...levels };
  }

  setLevel(family: EventFamily | "root", level: Level): void {
    this.#levels[family] = level;
  }

  emit(event: TelemetryEvent, definition: EventDefinition<object>): void {
    if (!this.#wanted(definition)) return;
    const suppressed = isUrgent(event.level) ? 0 : this.#limit(event);
    if (suppressed === undefined) return;
    if (suppressed > 0)
      this.#write(event, { event: "telemetry.events_suppressed", suppressed_event: event.name, suppressed });
    return this.#write(event, { ...(redact(event.payload) as object), event: event.name });
  }

  #wanted({ level, family, always }: EventDefinition<object>): boolean {
    return always || LEVELS.indexOf(level) >= LEVELS.indexOf(this.#levels[family ?? "root"]);
  }

  /** How many were suppressed before this one may pass; undefined if it may not. */
  #limit({ name }: TelemetryEvent): number | undefined {
    const now = this.clock.monotonic();
    const burst = this.#bursts.get(name) ?? { since: now, count: 0, suppressed: 0 };
    this.#bursts.set(name, burst);
    const { suppressed } = burst;
    if (now - burst.since >= PERIOD) Object.assign(burst, { since: now, count: 0, suppressed: 0 });
    if (++burst.count <= BURST) return burst.count === 1 ? suppressed : 0;
    burst.suppressed++;
    return undefined;
  }

  #write(
    { level, at, correlationId }: TelemetryEvent,
    fields: { event: string; [field: string]: unknown },
  ): void {
    const { event, ...rest } = fields;
    // The line's own fields come first and last: first for readers, last because a payload may have such a field too.
    const own = { timestamp: at.toISOString(), level, event };
    const line = {
      ...own,
      ...rest,
      ...own,
      ...(correlationId !== undefined && { correlation_id: correlationId }),
    };
    const method =
      level === "warning" ? "warn" : isUrgent(level) ? "error" : level === "debug" ? "debug" : "info";
    return this.logger[method](line, fields.event);
  }
}

function isUrgent(level: Level): boolean {
  return level === "error" || level === "critical";
}
