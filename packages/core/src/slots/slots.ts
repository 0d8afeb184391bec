import { auditSlot } from "./audit.js";
import { bulkheadSlot } from "./bulkhead.js";
import { emergencySlot } from "./emergency.js";
import { failureRecorderSlot } from "./failure-recorder.js";
import { failureStatisticsSlot } from "./failure-statistics.js";
import { governanceSlot } from "./governance.js";
import { leaderSlot } from "./leader.js";
import { metricsSlot } from "./metrics.js";
import { notifierSlot } from "./notifier.js";
import { rolloutSlot } from "./rollout.js";
import type { Slot } from "./slot.js";
import { throttleSlot } from "./throttle.js";
import { watchdogSlot } from "./watchdog.js";

/** Everything that a plugin can supply to Baldur. Their names are part of the public surface. */
export const SLOTS: readonly Slot<object>[] = Object.freeze([
  failureRecorderSlot,
  failureStatisticsSlot,
  bulkheadSlot,
  emergencySlot,
  governanceSlot,
  throttleSlot,
  rolloutSlot,
  notifierSlot,
  auditSlot,
  leaderSlot,
  watchdogSlot,
  metricsSlot,
]);
