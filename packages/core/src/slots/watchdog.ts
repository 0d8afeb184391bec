import { defineSlot, type Provided, type Slot } from "./slot.js";

/** A check that did not answer is unknown, never healthy. @public */
export type ProbeStatus = "healthy" | "degraded" | "unhealthy" | "unknown";

/** How one part of Baldur is. @public */
export interface ProbeResult {
  readonly component: string;
  readonly status: ProbeStatus;
  /** Milliseconds. */
  readonly latency: number;
  readonly at: Date;
  readonly reason?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What the latest pass over all parts found. @public */
export interface WatchdogStatus {
  readonly overall: ProbeStatus;
  readonly components: readonly ProbeResult[];
  /** When the latest pass ended; absent before the first. */
  readonly checkedAt?: Date;
  /** Components whose failure is being told to people. */
  readonly escalated: readonly string[];
}

/** Watches Baldur itself. @public */
export interface Watchdog extends Provided {
  /** The latest pass: no I/O. */
  status(): WatchdogStatus;
  /** Makes a pass now, or joins the one under way. */
  check(): Promise<WatchdogStatus>;
}

const unwatched: WatchdogStatus = Object.freeze({
  overall: "unknown",
  components: Object.freeze([]),
  escalated: Object.freeze([]),
});

/** Watches nothing. @public */
export const noopWatchdog: Watchdog = Object.freeze({
  kind: "no-op",
  status: () => unwatched,
  check: async () => unwatched,
});

/** @public */
export const watchdogSlot: Slot<Watchdog> = defineSlot<Watchdog>("watchdog", { fallback: noopWatchdog });
