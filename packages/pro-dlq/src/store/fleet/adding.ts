import { AdapterError } from "@baldur/core";
import type { AddOutcome, AddResult, Capacity, NewEntry } from "../store.js";
import { admit, limitsOf } from "./admission.js";
import type { Added, Engine, Filed } from "./engine.js";
import type { Groups } from "./groups.js";
import type { Room } from "./room.js";

export interface AddingParts {
  readonly engine: Engine;
  readonly groups: Groups;
  readonly room: Room;
}

/** What became of entries by id, of those that were not just added. */
type Exceptions = Map<string, AddOutcome>;

/** Room that is gone whenever it is asked for is none that can be counted on. */
const MOST_ROUNDS = 20;

/** Adds entries, no more of them at a time than the engine takes. */
export class Adding {
  constructor(private readonly parts: AddingParts) {}

  async add(entries: readonly NewEntry[], capacity: Capacity, mayBeKnown: boolean): Promise<AddResult> {
    const { engine, room } = this.parts;
    const known = mayBeKnown ? await engine.known(entries.map(({ id }) => id)) : new Set<string>();
    const fresh = this.#filed(entries, known);
    const exceptions: Exceptions = new Map();
    if (capacity.strategy === "reject") {
      await this.#addWhereRoom(fresh, capacity, exceptions);
      return { outcomes: outcomesOf(entries, fresh, exceptions), evicted: new Map(), overfull: false };
    }
    const excess = await this.#addAll(fresh, capacity, exceptions);
    const made = await room.make(fresh, excess, capacity);
    return { ...made, outcomes: outcomesOf(entries, fresh, exceptions) };
  }

  /** Those that are not known, each once. */
  #filed(entries: readonly NewEntry[], known: ReadonlySet<string>): Filed[] {
    const seen = new Set(known);
    const fresh: Filed[] = [];
    for (const entry of entries) {
      const { id, name, domain, failureType, state, body } = entry;
      if (seen.has(id)) continue;
      seen.add(id);
      fresh.push({ id, name, domain, failureType, state, body, group: this.parts.groups.of(entry) });
    }
    return fresh;
  }

  /** Adds all of them: while some are answered, the next are made ready. Answers by how many the caps are exceeded then. */
  async #addAll(
    fresh: readonly Filed[],
    capacity: Capacity,
    exceptions: Exceptions,
  ): Promise<ReadonlyMap<number, number>> {
    const { engine } = this.parts;
    const excess = new Map<number, number>();
    const parts = partsOf(fresh, engine.largest);
    const lane = async (): Promise<void> => {
      for (const part of parts) {
        const added = await engine.add(part, limitsOf(part, capacity), true);
        if (added.isFull) throw new AdapterError("the queue was full although it makes room");
        for (const id of added.known) exceptions.set(id, "known");
        for (const [number, count] of added.excess)
          excess.set(number, Math.max(count, excess.get(number) ?? 0));
      }
    };
    // All of them, even if one fails: nothing is under way any more when this ends.
    const ends = await Promise.allSettled(Array.from({ length: engine.flights }, lane));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    return excess;
  }

  /** In their order, for the first ones get the room that is left. */
  async #addWhereRoom(fresh: readonly Filed[], capacity: Capacity, exceptions: Exceptions): Promise<void> {
    for (const part of partsOf(fresh, this.parts.engine.largest))
      await this.#addPartWhereRoom(part, capacity, exceptions);
  }

  async #addPartWhereRoom(part: readonly Filed[], capacity: Capacity, exceptions: Exceptions): Promise<void> {
    let asking = part;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const added: Added = await this.parts.engine.add(asking, limitsOf(asking, capacity), false);
      if (!added.isFull) {
        for (const id of added.known) exceptions.set(id, "known");
        return;
      }
      const verdicts = admit(asking, added.open, capacity);
      asking = asking.filter(({ id }, index) => {
        const verdict = verdicts[index] as AddOutcome;
        if (verdict !== "added") exceptions.set(id, verdict);
        return verdict === "added";
      });
      if (asking.length === 0) return;
    }
    throw new AdapterError("others kept taking the room that was left");
  }
}

/** An entry that comes twice is known the second time, as is one that was never tried. */
function outcomesOf(
  entries: readonly NewEntry[],
  fresh: readonly Filed[],
  exceptions: Exceptions,
): AddOutcome[] {
  let at = 0;
  return entries.map(({ id }) => {
    if (fresh[at]?.id !== id) return "known";
    at++;
    return exceptions.get(id) ?? "added";
  });
}

/** In order; an entry larger than all that goes at a time goes alone. */
function* partsOf(
  entries: readonly Filed[],
  { entries: most, bytes }: Engine["largest"],
): Generator<readonly Filed[]> {
  let from = 0;
  let size = 0;
  for (const [index, { body }] of entries.entries()) {
    const isFull = index - from >= most || (index > from && size + body.length > bytes);
    if (isFull) {
      yield entries.slice(from, index);
      from = index;
      size = 0;
    }
    size += body.length;
  }
  if (from < entries.length) yield entries.slice(from);
}
