import type { QueueStats } from "../api/types.js";
import { entryOf } from "../state/shape.js";
import { type Finding, type Standing, standing } from "../state/standing.js";
import { serverNow } from "../state/time.js";
import { brief } from "../text/clean.js";
import { count, numberOf, span, timeOf, whole } from "../text/format.js";

/** So many entries that wait are more than an outage of a moment. */
const MANY = 50;
/** After which even a few that wait are not about to be replayed: most likely none of them can be by itself. */
const LONG = 15 * 60_000;

export function assessQueue(stats: QueueStats): Standing {
  const open = numberOf(stats.open);
  if (open === undefined)
    return standing("not known", [{ grade: "unknown", text: "How many dead letters are open was not said" }]);
  return standing(summaryOf(stats, open), [
    ...byPeople(stats),
    ...waiting(stats, open),
    ...unarmed(stats, open),
    ...lost(stats),
  ]);
}

function summaryOf({ oldestOpenAt, total }: QueueStats, open: number): string {
  const all = numberOf(total);
  if (open === 0) return `none open${all === undefined ? "" : ` of ${whole(all)} kept`}`;
  const oldest = timeOf(oldestOpenAt);
  return `${count(open, "open entry", "open entries")}${oldest === undefined ? "" : `, the oldest ${span(serverNow() - oldest)} old`}`;
}

function byPeople({ byStatus = {} }: QueueStats): Finding[] {
  const review = numberOf(byStatus["requires_review"]) ?? 0;
  if (review === 0) return [];
  return [{ grade: "warn", text: `${count(review, "dead letter waits", "dead letters wait")} for a person` }];
}

function waiting({ byStatus = {}, oldestOpenAt }: QueueStats, open: number): Finding[] {
  const pending = numberOf(byStatus["pending"]) ?? open;
  const oldest = timeOf(oldestOpenAt);
  const isOld = oldest !== undefined && serverNow() - oldest > LONG;
  return pending === 0 || (pending <= MANY && !isOld)
    ? []
    : [{ grade: "warn", text: `${count(pending, "dead letter waits", "dead letters wait")} to be replayed` }];
}

function unarmed({ arming }: QueueStats, open: number): Finding[] {
  if (arming?.armed === true) return [];
  if (arming?.armed !== false)
    return [{ grade: "unknown", text: "Whether dead letters are replayed by themselves is not known" }];
  if (open === 0) return [];
  return [
    { grade: "warn", text: `Dead letters are not replayed by themselves: ${linkWords(arming.missingLink)}` },
  ];
}

function lost({ outbox }: QueueStats): Finding[] {
  const dropped = numberOf(outbox?.dropped) ?? 0;
  if (dropped === 0) return [];
  return [
    {
      grade: "warn",
      text: `${count(dropped, "failed call")} found the outbox full and went to the spill file`,
    },
  ];
}

const LINKS: Readonly<Record<string, string>> = {
  disabled: "automatic replay is switched off",
  handler_missing: "no handler is registered for them",
  map_unconfigured: "no failure type is mapped",
  probe_failed: "it could not be found out why",
};

/** Why nothing replays, in words. */
export function linkWords(link: unknown): string {
  return entryOf(LINKS, link) ?? brief(link ?? "nobody said why", 120).replaceAll("_", " ");
}
