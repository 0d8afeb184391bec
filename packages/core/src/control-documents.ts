import type { Clock } from "./clock.js";
import { controlSettings } from "./control/settings.js";
import { text } from "./describe.js";
import type { DocumentStore } from "./documents/documents.js";
import { watcherFailed } from "./documents/events.js";
import { DeferredDocumentStore } from "./documents/stores/deferred.js";
import { FileDocumentStore } from "./documents/stores/file.js";
import { KvDocumentStore } from "./documents/stores/kv.js";
import { MemoryDocumentStore } from "./documents/stores/memory.js";
import type { KeyValueStore } from "./kv/kv.js";
import type { SettingsCatalog } from "./settings/catalog.js";
import type { TelemetryHub } from "./telemetry/telemetry.js";

export interface ControlDocumentsParts {
  readonly clock: Clock;
  readonly telemetry: TelemetryHub;
  readonly settings: SettingsCatalog;
  /** The folder for the state of this host; asked for when it is first used. */
  readonly dataFolder: () => string;
  /** The ordered map of the runtime; throws before the start. */
  readonly keyValue: () => KeyValueStore;
}

/** Where the kill switch is kept, as the settings say. Nothing is read or made yet. */
export function createDocuments(parts: ControlDocumentsParts): DeferredDocumentStore {
  return new DeferredDocumentStore(firstStore(parts));
}

/** What they are in before the servers of the fleet are known; nothing, where they are to be on one of them. */
function firstStore({
  clock,
  telemetry,
  settings,
  dataFolder,
  keyValue,
}: ControlDocumentsParts): DocumentStore | undefined {
  const { backend, dir, pollInterval } = settings.of(controlSettings);
  if (backend === "memory") {
    return new MemoryDocumentStore(clock, (error) => telemetry.report(watcherFailed, { error: text(error) }));
  }
  if (backend === "embedded") {
    return new KvDocumentStore({ store: keyValue, clock, telemetry, pollInterval });
  }
  if (backend === "redis" || backend === "sql") return undefined;
  const folder = (): string => dir ?? `${dataFolder()}/control`;
  return new FileDocumentStore({ folder, clock, telemetry, pollInterval });
}
