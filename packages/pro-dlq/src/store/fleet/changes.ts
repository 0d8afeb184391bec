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

/** What is asked for of one entry, by the places of the answers. */
type Asked = number[];

/** What is to be written for an entry, and answered once it is. */
interface Plan {
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
  readonly #open = new Map<string, Asked>();

  constructor(
    private readonly engine: Pick<Engine, "states" | "swap">,
    private readonly seen: Seen,
    private readonly changes: readonly TimedChange[],
  ) {
    this.#answers = changes.map(() => NOT_FOUND);
    for (const [index, { change }] of changes.entries()) {
      const asked = this.#open.get(change.id);
      if (asked !== undefined) asked.push(index);
      else if (isEntryId(change.id)) this.#open.set(change.id, [index]);
    }
  }

  async run(): Promise<Changed[]> {
    for (let round = 0; this.#open.size > 0; round++) {
      if (round === MOST_ROUNDS)
        throw new AdapterError("others kept changing the entries that were to be changed");
      const assumed = round === 0 ? this.#assumed() : new Map<string, Kept>();
      const plans = [...this.#plan(assumed, true), ...this.#plan(await this.#read(assumed), false)];
      if (plans.length > 0) await this.#write(plans, round > 0);
    }
    return this.#answers;
  }

  #assumed(): Map<string, Kept> {
    const assumed = new Map<string, Kept>();
    for (const id of this.#open.keys()) {
      const kept = this.seen.take(id);
      if (kept !== undefined) assumed.set(id, kept);
    }
    return assumed;
  }

  /** Those that nothing is assumed about. What is not there is answered already. */
  async #read(assumed: ReadonlyMap<string, Kept>): Promise<Map<string, Kept>> {
    const found = new Map<string, Kept>();
    const unknown = [...this.#open.keys()].filter((id) => !assumed.has(id));
    if (unknown.length === 0) return found;
    for (const row of await this.engine.states(unknown)) {
      const state = stateOf(row);
      if (state !== undefined) found.set(row.id, { state, mark: row.mark });
    }
    for (const id of unknown) if (!found.has(id)) this.#open.delete(id);
    return found;
  }

  /** What is to be written. Refusals are answered, unless they rest on what is only assumed. */
  #plan(found: ReadonlyMap<string, Kept>, isAssumed: boolean): Plan[] {
    const plans: Plan[] = [];
    for (const [id, kept] of found) {
      const asked = this.#open.get(id) as Asked;
      const answers: Changed[] = [];
      const state = this.#decide(kept.state, asked, answers);
      if (state !== kept.state) plans.push({ move: moveOf(id, kept, state), state, answers });
      else if (!isAssumed) this.#answer(id, answers);
    }
    return plans;
  }

  /** One after the other, each on what the one before made of it. */
  #decide(before: EntryState, asked: Asked, answers: Changed[]): EntryState {
    let state = before;
    for (const index of asked) {
      const { change, now } = this.changes[index] as TimedChange;
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
    for (const { move, state, answers } of plans) {
      const mark = marks.get(move.id);
      if (mark === undefined) continue;
      // What was claimed here is settled here.
      if (state.status === "replaying") this.seen.note(move.id, { state, mark });
      this.#answer(move.id, answers);
    }
  }

  #answer(id: string, answers: readonly Changed[]): void {
    for (const [at, index] of (this.#open.get(id) as Asked).entries())
      this.#answers[index] = answers[at] as Changed;
    this.#open.delete(id);
  }
}

function moveOf(id: string, { state, mark }: Kept, to: EntryState): Move {
  return { id, mark, from: state.status, to: to.status, text: encodeState(to) };
}
