import { healthSettings } from "./health/settings.js";
import { httpSettings } from "./http/settings.js";
import { journalSettings } from "./journal/settings.js";
import { shutdownProblems, shutdownSettings } from "./lifecycle/settings.js";
import { precomputedCacheSettings } from "./precomputed-cache/settings.js";
import { dailyReportSettings, dashboardSettings } from "./report/settings.js";
import { leaderElectionProblems } from "./scheduler/lease.js";
import { leaderElectionSettings, schedulerSettings } from "./scheduler/settings.js";
import type { SettingsCatalog } from "./settings/catalog.js";
import type { SettingsGroup } from "./settings/define.js";

/** Settings that are read from the start of a runtime on. */
export const OPERATIONS_SETTINGS: readonly SettingsGroup[] = [
  shutdownSettings,
  healthSettings,
  precomputedCacheSettings,
  schedulerSettings,
  leaderElectionSettings,
  journalSettings,
  dailyReportSettings,
  dashboardSettings,
  httpSettings,
];

/** Settles the settings that are read from the start of a runtime on, and answers everything that is wrong with them. @public */
export function resolveOperations(settings: SettingsCatalog): readonly string[] {
  const problems = settings.add(OPERATIONS_SETTINGS);
  return [
    ...problems,
    ...shutdownProblems(settings.of(shutdownSettings)),
    ...leaderElectionProblems(settings.of(leaderElectionSettings)),
  ];
}
