import type { JSX } from "preact";
import { assessCircuits } from "../circuits/assess.js";
import { CircuitsPanel } from "../circuits/panel.js";
import { ConfigPanel } from "../config/panel.js";
import { assessControl } from "../control/assess.js";
import { ControlPanel } from "../control/panel.js";
import { assessQueue } from "../dead-letters/assess.js";
import { DeadLettersPanel } from "../dead-letters/panel.js";
import { assessHealth } from "../health/assess.js";
import { HealthPanel } from "../health/panel.js";
import { JournalPanel } from "../journal/panel.js";
import { assessPosture } from "../posture/assess.js";
import { PosturePanel } from "../posture/panel.js";
import { assessScheduler } from "../scheduler/assess.js";
import { SchedulerPanel } from "../scheduler/panel.js";
import type { Source } from "../state/source.js";
import type { Sources } from "../state/sources.js";
import { type Moment, type Standing, standingOf } from "../state/standing.js";
import { assessStorage } from "../storage/assess.js";
import { StoragePanel } from "../storage/panel.js";
import { SummaryPanel } from "../summary/panel.js";

/** A row of the page. */
export interface RowKind {
  readonly id: string;
  readonly title: string;
  /** Where its standing comes from; a row without one is there to be read, and stands well. */
  readonly part?: keyof Sources["always"];
  readonly assess: (sources: Sources["always"], moment: Moment) => Standing;
  readonly Panel: () => JSX.Element;
}

type Parts = Sources["always"];
type DataOf<K extends keyof Parts> = Parts[K] extends Source<infer T> ? T : never;

function judged<K extends keyof Parts>(
  part: K,
  assess: (data: DataOf<K>, now: number) => Standing,
): Pick<RowKind, "part" | "assess"> {
  const sourceOf = (sources: Parts): Source<DataOf<K>> => sources[part] as unknown as Source<DataOf<K>>;
  return {
    part,
    assess: (sources, moment) => standingOf(sourceOf(sources), moment, (data) => assess(data, moment.now)),
  };
}

const readOnly = (summary: string): Pick<RowKind, "assess"> => ({
  assess: () => ({ grade: "good", summary, findings: [] }),
});

/** In the order of the page. */
export const KINDS: readonly RowKind[] = [
  { id: "control", title: "System control", Panel: ControlPanel, ...judged("control", assessControl) },
  { id: "circuits", title: "Circuits", Panel: CircuitsPanel, ...judged("circuits", assessCircuits) },
  { id: "queue", title: "Dead letters", Panel: DeadLettersPanel, ...judged("queue", assessQueue) },
  { id: "storage", title: "Shared state", Panel: StoragePanel, ...judged("storage", assessStorage) },
  { id: "health", title: "Health", Panel: HealthPanel, ...judged("health", assessHealth) },
  {
    id: "scheduler",
    title: "Scheduled jobs",
    Panel: SchedulerPanel,
    ...judged("scheduler", assessScheduler),
  },
  { id: "posture", title: "Posture", Panel: PosturePanel, ...judged("posture", assessPosture) },
  {
    id: "summary",
    title: "Summary",
    Panel: SummaryPanel,
    ...readOnly("what came in and what was settled, in a day and a week"),
  },
  {
    id: "journal",
    title: "Journal",
    Panel: JournalPanel,
    ...readOnly("what happened, when, and who did it"),
  },
  {
    id: "config",
    title: "Configuration",
    Panel: ConfigPanel,
    ...readOnly("the settings in force, and where each comes from"),
  },
];
