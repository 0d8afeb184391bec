import { controlSettings } from "./control/settings.js";
import { text } from "./describe.js";
import type { SettingsCatalog } from "./settings/catalog.js";
import { runtimeSettings, storageSettings } from "./settings/runtime.js";
import {
  PACKAGES,
  requireConfiguredStores,
  requireDurableStores,
  type StorageKind,
  type StorageRequirements,
} from "./storage/requirements.js";

/**
 * Why a start with these settings would be refused for its stores, where these packages are installed. Servers that are
 * configured are taken to answer. Never throws.
 */
export function storeProblems(settings: SettingsCatalog, packages: readonly string[]): readonly string[] {
  const storage = settings.of(storageSettings);
  const isConfigured = { redis: storage.redisUrl, sql: storage.sqlDsn, embedded: true };
  const isProvided = (kind: StorageKind): boolean =>
    isConfigured[kind] !== undefined && packages.includes(PACKAGES[kind]);
  const requirements: StorageRequirements = {
    runtime: settings.of(runtimeSettings),
    storage,
    control: settings.of(controlSettings),
    isProvided,
    isReached: isProvided,
  };
  return [requireConfiguredStores, requireDurableStores].flatMap((rule) => broken(rule, requirements));
}

function broken(rule: (given: StorageRequirements) => void, given: StorageRequirements): string[] {
  try {
    rule(given);
    return [];
  } catch (error) {
    return [text(error)];
  }
}
