import type { Declarations, Plugin } from "@baldur/core/plugin";
import { licenseSettings } from "@baldur/pro-license";
import * as events from "./events.js";
import * as metrics from "./metrics.js";
import { dlq } from "./plugin.js";
import { dlqSettings, replaySettings, secretsSettings } from "./settings.js";

export type {
  Arming,
  BatchFilter,
  BatchReplayResult,
  Dlq,
  DlqOptions,
  DlqStats,
  EntryFilter,
  Facets,
  Page,
  ReplayResult,
} from "./api.js";
export type { ReplayTrigger, ResolutionType } from "./entry/entry.js";
export { DLQEntryNotFoundError, DLQStateConflictError } from "./errors.js";
export { dlq, getDlq } from "./plugin.js";
export type { DlqSettings, Priority, ReplaySettings, SecretsSettings } from "./settings.js";
export type { CompressedSummary } from "./store/compressed.js";
export type { OverflowStrategy } from "./store/store.js";

/** For discovery. @public */
export const plugin = (): Plugin => dlq();

/** Everything that the package declares. @public */
export function declarations(): Declarations {
  return {
    errors: [
      {
        name: "DLQEntryNotFoundError",
        code: "ERR_BALDUR_DLQ_ENTRY_NOT_FOUND",
        base: "DLQError",
        help: "there is no entry of this id",
      },
      {
        name: "DLQStateConflictError",
        code: "ERR_BALDUR_DLQ_STATE_CONFLICT",
        base: "DLQError",
        help: "the entry's state does not allow what was asked",
      },
    ],
    settings: [dlqSettings, replaySettings, secretsSettings, licenseSettings],
    events: Object.values(events),
    metrics: Object.values(metrics),
  };
}
