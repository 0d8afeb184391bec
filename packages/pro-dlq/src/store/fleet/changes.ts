import { AdapterError } from "@baldur/core";
import type { EntryState } from "../../entry/entry.js";
import { isEntryId } from "../../entry/id.js";
import { encodeState } from "../../entry/record.js";
import { transition } from "../../entry/transition.js";
import type { Change, Changed } from "../store.js";
import type { Engine, Move } from "./engine.js";
import { stateOf } from "./reader.js";
import type { Kept, Seen } from "./seen.js";

export interface TimedChange {
  readonly change: Change;
  readonly now: number;
}

/** What is asked for of one entry. */
interface Asked {
  readonly id: string;
  /** Of the answers. */
  readonly places: number[];
  /** What it is, if that is known. */
  kept: Kept | undefined;
  /** It was so a moment ago, and was not read for this. */
  isAssumed: boolean;
}

/** What is to be written for an entry, and answered once it is. */
interface Plan {
  readonly asked: Asked;
  readonly move: Move;
  readonly state: EntryState;
  readonly answers: readonly Changed[];
}

const NOT_FOUND: Changed = Object.freeze({ refused: "not_found" as const });

/** An entry that changes more often than this while it is looked at is not of this world. */
const MOST_ROUNDS = 20;

/**
 * Changes states that others change too: decides on what is there, sets what is right if that is still there, and begins
 * anew with those where it is not.
 */
export async function changeAll(
  engine: Pick<Engine, "states" | "swap">,
  seen: Seen,
  changes: readonly TimedChange[],
): Promise<Changed[]> {
  return new Changes(engine, seen, changes).run();
}

class Changes {
  readonly #answers: Changed[];
  /** Entries that are not done with. */
  #open: Asked[];

  constructor(
    private readonly engine: Pick<Engine, "states" | "swap">,
    private readonly seen: Seen,
    private readonly changes: readonly TimedChange[],
  ) {
    this.#answers = changes.map(() => NOT_FOUND);
    this.#open = this.#sorted();
  }

  async run(): Promise<Changed[]> {
    for (let round = 0; this.#open.length > 0; round++) {
      if (round === MOST_ROUNDS)
        throw new AdapterError("others kept changing the entries that were to be changed");
      await this.#read();
      const plans = this.#plan();
      if (plans.length > 0) await this.#write(plans, round > 0);
    }
    return this.#answers;
  }

  /** By the entries that they are about. What was seen a moment ago is assumed to be so still. */
  #sorted(): Asked[] {
    const byId = new Map<string, Asked>();
    for (const [place, { change }] of this.changes.entries()) {
      const { id } = change;
      const asked = byId.get(id);
      if (asked !== undefined) {
        asked.places.push(place);
        continue;
      }
      const kept = this.seen.take(id);
      if (kept !== undefined || isEntryId(id))
        byId.set(id, { id, places: [place], kept, isAssumed: kept !== undefined });
    }
    return [...byId.values()];
  }

  /** Those that nothing is known about. What is not there is answered already. */
  async #read(): Promise<void> {
    const unknown = this.#open.filter(({ kept }) => kept === undefined);
    if (unknown.length === 0) return;
    const found = new Map<string, Kept>();
    for (const row of await this.engine.states(unknown.map(({ id }) => id))) {
      const state = stateOf(row);
      if (state !== undefined) found.set(row.id, { state, mark: row.mark });
    }
    for (const asked of unknown) {
      asked.kept = found.get(asked.id);
      asked.isAssumed = false;
    }
    this.#open = this.#open.filter(({ kept }) => kept !== undefined);
  }

  /** What is to be written. Refusals are answered, unless they rest on what is only assumed: then it is to be read. */
  #plan(): Plan[] {
    const plans: Plan[] = [];
    const again: Asked[] = [];
    for (const asked of this.#open) {
      const kept = asked.kept as Kept;
      const answers: Changed[] = [];
      const state = this.#decide(kept.state, asked, answers);
      if (state !== kept.state) plans.push({ asked, move: moveOf(asked.id, kept, state), state, answers });
      else if (asked.isAssumed) again.push(asked);
      else this.#answer(asked, answers);
      asked.kept = undefined;
    }
    this.#open = again;
    return plans;
  }

  /** One after the other, each on what the one before made of it. */
  #decide(before: EntryState, { places }: Asked, answers: Changed[]): EntryState {
    let state = before;
    for (const place of places) {
      const { change, now } = this.changes[place] as TimedChange;
      const outcome = transition(state, change.input, now);
      if ("state" in outcome) state = outcome.state;
      answers.push("state" in outcome ? outcome : { refused: outcome.refused, state });
    }
    return state;
  }

  async #write(plans: readonly Plan[], isPatient: boolean): Promise<void> {
    const marks = await this.engine.swap(
      plans.map(({ move }) => move),
      isPatient,
    );
    for (const { asked, state, answers } of plans) {
      const mark = marks.get(asked.id);
      if (mark === undefined) {
        this.#open.push(asked);
        continue;
      }
      // What was claimed here is settled here.
      if (state.status === "replaying") this.seen.note(asked.id, { state, mark });
      this.#answer(asked, answers);
    }
  }

  #answer({ places }: Asked, answers: readonly Changed[]): void {
    for (const [at, place] of places.entries()) this.#answers[place] = answers[at] as Changed;
  }
}

function moveOf(id: string, { state, mark }: Kept, to: EntryState): Move {
  return { id, mark, from: state.status, to: to.status, text: encodeState(to) };
}
