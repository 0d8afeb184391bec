import type { Baldur } from "./api.js";
import * as circuitEvents from "./circuit-breaker/events.js";
import type { HotClock, Random } from "./clock.js";
import * as controlEvents from "./control/events.js";
import type { DocumentStore } from "./documents/documents.js";
import { RuntimeHealth } from "./health/runtime-health.js";
import { healthSettings } from "./health/settings.js";
import { addChecks } from "./health-checks.js";
import type { JournalPlaces } from "./journal/choose.js";
import { EventJournal } from "./journal/journal.js";
import { journalSettings } from "./journal/settings.js";
import { type Holding, release } from "./lifecycle/release.js";
import { RuntimeLifecycle, type RuntimeLifecycleParts } from "./lifecycle/runtime-lifecycle.js";
import { shutdownSettings } from "./lifecycle/settings.js";
import { Signals } from "./lifecycle/signals.js";
import { resolveOperations } from "./operations-settings.js";
import { closeFailed } from "./plugins/events.js";
import { precomputedCacheSettings } from "./precomputed-cache/settings.js";
import { RuntimeReports } from "./report/runtime-reports.js";
import { dailyReportSettings, dashboardSettings } from "./report/settings.js";
import { electorOf } from "./scheduler/elect.js";
import { JobHistory } from "./scheduler/history.js";
import { RESOURCE, RuntimeScheduler } from "./scheduler/runtime-scheduler.js";
import { leaderElectionSettings, schedulerSettings } from "./scheduler/settings.js";
import type { SettingsCatalog } from "./settings/catalog.js";
import type { SlotTable } from "./slots/slot.js";
import * as storageEvents from "./storage/events.js";
import type { EventDefinition } from "./telemetry/event.js";
import type { TelemetryHub } from "./telemetry/telemetry.js";

export { discoverPlugins } from "./plugins/discovery.js";
export { PluginHost } from "./plugins/host.js";

export interface OperationsParts {
  readonly runtime: Baldur;
  readonly settings: SettingsCatalog;
  readonly clock: HotClock;
  readonly random: Random;
  readonly telemetry: TelemetryHub;
  readonly slots: SlotTable;
  readonly documents: DocumentStore;
  readonly stateFolder: () => string;
  readonly calls: RuntimeLifecycleParts["calls"];
  readonly shutDown: RuntimeLifecycleParts["shutDown"];
}

/** What a runtime has opened for its state. */
export interface Opened extends JournalPlaces {
  readonly embeddedProblem: () => string | undefined;
}

/** What makes a kept answer about health wrong. */
const TELLING: ReadonlySet<string> = new Set(
  [
    circuitEvents.circuitOpened,
    circuitEvents.circuitHalfOpened,
    circuitEvents.circuitClosed,
    circuitEvents.manualOverrideSet,
    circuitEvents.manualOverrideExpired,
    controlEvents.killSwitchActivated,
    controlEvents.killSwitchDeactivated,
    controlEvents.dryRunEnabled,
    controlEvents.dryRunDisabled,
    storageEvents.degradedModeEntered,
    storageEvents.redisModeRecovered,
  ].map(({ name }: Pick<EventDefinition<object>, "name">) => name),
);
const EMERGENCY = "emergency.";

/** What operates a runtime while it is at work: in a chunk of its own, which is loaded when a runtime starts. */
export class Operations {
  /** What is wrong with its settings. */
  readonly problems: readonly string[];
  readonly lifecycle: RuntimeLifecycle;
  readonly health: RuntimeHealth;
  readonly scheduler: RuntimeScheduler;
  /** Undefined where the settings say so. */
  readonly journal: EventJournal | undefined;
  readonly reports: RuntimeReports;
  readonly signals: Signals;
  #areChecksAdded = false;
  #listening: Disposable | undefined;

  constructor(private readonly parts: OperationsParts) {
    const { settings } = parts;
    this.problems = resolveOperations(settings);
    const journal = settings.of(journalSettings);
    this.journal = journal.enabled ? new EventJournal({ ...parts, settings: journal }) : undefined;
    this.lifecycle = this.#createLifecycle();
    this.health = new RuntimeHealth({
      ...parts,
      settings: settings.of(healthSettings),
      cache: settings.of(precomputedCacheSettings),
      phase: () => this.lifecycle.phase,
    });
    this.scheduler = this.#createScheduler();
    this.reports = new RuntimeReports({
      ...parts,
      daily: settings.of(dailyReportSettings),
      dashboard: settings.of(dashboardSettings),
      cache: settings.of(precomputedCacheSettings),
      isEntitled: () => parts.runtime.posture().entitlement.status === "active",
    });
    this.signals = new Signals({
      ...parts,
      shutDown: (reason) => parts.shutDown({ reason, trigger: "signal" }),
    });
  }

  /** Throws `AdapterNotFoundError` where the journal is to be in a place that there is not. */
  opened({ embeddedProblem, ...places }: Opened): void {
    const { runtime, clock, telemetry, settings } = this.parts;
    const { redis, sql } = places;
    this.journal?.use(places);
    this.reports.use({ isShared: redis !== undefined || sql !== undefined });
    if (this.#areChecksAdded) return; // by a start that failed afterwards
    this.#areChecksAdded = true;
    addChecks(this.health, {
      runtime,
      redis,
      sql,
      embeddedProblem,
      clock,
      telemetry,
      settings: settings.of(healthSettings),
    });
  }

  /** The runtime has started. */
  start(): void {
    this.#listening = this.parts.telemetry.subscribe(({ name }) => {
      if (TELLING.has(name) || name.startsWith(EMERGENCY)) this.health.invalidate(name);
    });
    this.health.start();
    const { job } = this.reports;
    if (job !== undefined) this.scheduler.add(job);
    this.scheduler.start();
  }

  /** Ends what needs the stores of the runtime. Answers what did not end in time. Never rejects. */
  async close(limit: number): Promise<string[]> {
    this.#listening?.[Symbol.dispose]();
    this.health.close();
    return this.scheduler.close(limit);
  }

  /** Closes what keeps the state of the runtime. Answers what did not end in time. Never rejects. */
  release(limit: number, holdings: readonly Holding[]): Promise<string[]> {
    const { clock, telemetry } = this.parts;
    const onFailed = (name: string, error: string): void => telemetry.report(closeFailed, { name, error });
    return release({ clock, onFailed }, limit, holdings);
  }

  #createLifecycle(): RuntimeLifecycle {
    const { settings, runtime } = this.parts;
    const isRecovering = (): boolean => runtime.storage.mode === "recovering";
    const lifecycle = new RuntimeLifecycle({
      ...this.parts,
      settings: settings.of(shutdownSettings),
      isRecovering,
    });
    lifecycle.onShutdown({ name: "scheduler", onShutdownStart: () => this.scheduler.stop() });
    return lifecycle;
  }

  #createScheduler(): RuntimeScheduler {
    const { settings, runtime } = this.parts;
    return new RuntimeScheduler({
      ...this.parts,
      settings: settings.of(schedulerSettings),
      history: new JobHistory(this.parts),
      control: runtime.control,
      elector: () =>
        electorOf({ ...this.parts, resource: RESOURCE, settings: settings.of(leaderElectionSettings) }),
    });
  }
}
