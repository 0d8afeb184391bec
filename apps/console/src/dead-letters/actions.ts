import { type Api, segment } from "../api/client.js";
import type { BatchResult, DeadLetter, ReplayResult } from "../api/types.js";
import {
  type Action,
  type Entered,
  type Field,
  OPTIONAL_REASON,
  type Outcome,
  REASON,
} from "../parts/action.js";
import { brief } from "../text/clean.js";
import { batchOutcome, replayOutcome } from "./outcomes.js";
import type { Narrowing } from "./query.js";
import { REDRIVABLE, REPLAYABLE, SETTLEABLE } from "./statuses.js";

const NOTE: Field = { ...OPTIONAL_REASON, name: "note", label: "Note (optional)" };
const TICKET: Field = {
  name: "ticket_url",
  label: "Ticket (optional)",
  kind: "text",
  longest: 500,
  help: "Where this was decided.",
};
const BATCH: Field = {
  name: "batch_size",
  label: "At most so many",
  kind: "number",
  initial: "50",
  isRequired: true,
  least: 1,
  most: 200,
  help: "1 to 200.",
};

interface Wording extends Omit<Action, "button" | "send" | "changes"> {
  readonly step: string;
  readonly of: readonly string[];
  outcome(answer: unknown): Outcome;
}

const done = (text: string) => (): Outcome => ({ isGood: true, text });

const WORDINGS: readonly Wording[] = [
  {
    step: "retry",
    of: REPLAYABLE,
    title: "Replay",
    verb: "Replay",
    risk: "external",
    needs: "operator",
    effect:
      "The handler of this name runs again with the captured arguments. It costs the entry one of its replays.",
    fields: [OPTIONAL_REASON],
    outcome: (answer) => replayOutcome(answer as ReplayResult),
  },
  {
    step: "force-redrive",
    of: REDRIVABLE,
    title: "Redrive",
    verb: "Redrive",
    risk: "external",
    needs: "admin",
    effect:
      "The handler runs at once, whatever the entry has used up, and the entry has a fresh budget of replays. What it had before stays on record.",
    fields: [REASON, TICKET],
    outcome: (answer) => replayOutcome(answer as ReplayResult),
  },
  {
    step: "resolve",
    of: SETTLEABLE,
    title: "Resolve",
    verb: "Resolve",
    risk: "destructive",
    needs: "operator",
    effect: "Says that the work was done in another way. The entry is never replayed again.",
    fields: [NOTE],
    outcome: done("The entry is resolved"),
  },
  {
    step: "reject",
    of: SETTLEABLE,
    title: "Reject",
    verb: "Reject",
    risk: "destructive",
    needs: "operator",
    effect: "Says that the work is not to be done. The entry is never replayed again.",
    fields: [NOTE],
    outcome: done("The entry is rejected"),
  },
];

/** What can be done to an entry as it is now. */
export function entryActions(entry: DeadLetter, api: Api, changes: Action["changes"]): readonly Action[] {
  const title = brief(entry.name, 60);
  return WORDINGS.filter(({ of }) => of.includes(entry.status)).map(
    ({ step, of: _, outcome, ...action }) => ({
      ...action,
      button: action.verb,
      title: `${action.title} a call of ${title}`,
      changes,
      send: async (entered: Entered) => outcome(await api.post(`dlq/${segment(entry.id)}/${step}`, entered)),
    }),
  );
}

/** Replays what is pending, within the domain and the name that the list is narrowed to. */
export function batchAction({ domain, name }: Narrowing, api: Api, changes: Action["changes"]): Action {
  const within = [domain && `domain ${brief(domain, 60)}`, name && `name ${brief(name, 60)}`]
    .filter(Boolean)
    .join(" and ");
  return {
    button: "Replay a batch",
    title: "Replay a batch",
    verb: "Replay",
    risk: "external",
    needs: "operator",
    effect: `The handlers run again for entries that are pending${within === "" ? ", of all domains" : `, of ${within}`}.`,
    fields: [BATCH, OPTIONAL_REASON],
    changes,
    send: async ({ batch_size: size, ...entered }) => {
      const narrow = { ...(domain !== "" && { domain }), ...(name !== "" && { name }) };
      return batchOutcome(
        await api.post<BatchResult>("dlq/replay", { ...entered, ...narrow, batch_size: Number(size) }),
      );
    },
  };
}

const DAYS: Field = {
  name: "older_than_days",
  label: "Older than so many days",
  kind: "number",
  initial: "30",
  isRequired: true,
  least: 1,
  most: 3650,
};

/** Puts away what was resolved, and removes what was put away. */
export function upkeepActions(api: Api, changes: Action["changes"]): readonly Action[] {
  return [
    {
      button: "Archive",
      title: "Archive resolved entries",
      verb: "Archive",
      risk: "destructive",
      needs: "operator",
      effect:
        "Entries that were resolved that long ago leave the lists of open work. They are kept until they are purged.",
      fields: [DAYS],
      changes,
      send: async ({ older_than_days: days }) => {
        const { archived } = await api.post<{ archived?: number }>("dlq/cleanup/archive", {
          older_than_days: Number(days),
        });
        return { isGood: true, text: `Archived: ${archived ?? "not said how many"}` };
      },
    },
    {
      button: "Purge",
      title: "Purge archived entries",
      verb: "Purge",
      risk: "destructive",
      needs: "admin",
      effect: "Archived entries of that age are removed for good, with their arguments.",
      fields: [{ ...DAYS, initial: "90", least: 0 }],
      changes,
      send: async ({ older_than_days: days }) => {
        const body = { older_than_days: Number(days), confirm: true };
        const { purged } = await api.post<{ purged?: number }>("dlq/cleanup/purge", body);
        return { isGood: true, text: `Purged: ${purged ?? "not said how many"}` };
      },
    },
  ];
}
