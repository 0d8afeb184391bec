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

/** Room that is gone whenever it is asked for is none that can be counted on. */
const MOST_ROUNDS = 20;

/** Adds entries, no more of them at a time than the engine takes. */
export class Adding {
  constructor(private readonly parts: AddingParts) {}

  async add(entries: readonly NewEntry[], capacity: Capacity, mayBeKnown: boolean): Promise<AddResult> {
    const outcomes: AddOutcome[] = [];
    const evicted = new Map<string, number>();
    let overfull = false;
    for (const part of partsOf(entries, this.parts.engine.largest)) {
      const result = await this.#addPart(part, capacity, mayBeKnown);
      outcomes.push(...result.outcomes);
      for (const [domain, count] of result.evicted) evicted.set(domain, (evicted.get(domain) ?? 0) + count);
      overfull ||= result.overfull;
    }
    return { outcomes, evicted, overfull };
  }

  async #addPart(entries: readonly NewEntry[], capacity: Capacity, mayBeKnown: boolean): Promise<AddResult> {
    const { engine, groups, room } = this.parts;
    const known = mayBeKnown ? await engine.known(entries.map(({ id }) => id)) : new Set<string>();
    const outcomes = new Map<string, AddOutcome>();
    const fresh: Filed[] = [];
    for (const entry of entries) {
      if (known.has(entry.id) || outcomes.has(entry.id)) continue;
      outcomes.set(entry.id, "added");
      fresh.push({ ...entry, group: groups.of(entry) });
    }
    const answer = {
      outcomes: inOrder(entries, outcomes),
      evicted: new Map<string, number>(),
      overfull: false,
    };
    if (fresh.length === 0) return answer;
    if (capacity.strategy === "reject") {
      await this.#addWhereRoom(fresh, capacity, outcomes);
      return { ...answer, outcomes: inOrder(entries, outcomes) };
    }
    const added = await engine.add(fresh, limitsOf(fresh, capacity), true);
    if (added.isFull) throw new AdapterError("the queue was full although it makes room");
    for (const id of added.known) outcomes.set(id, "known");
    const made = await room.make(fresh, added.excess, capacity);
    return { ...made, outcomes: inOrder(entries, outcomes) };
  }

  async #addWhereRoom(
    fresh: readonly Filed[],
    capacity: Capacity,
    outcomes: Map<string, AddOutcome>,
  ): Promise<void> {
    let asking = fresh;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const added: Added = await this.parts.engine.add(asking, limitsOf(asking, capacity), false);
      if (!added.isFull) {
        for (const id of added.known) outcomes.set(id, "known");
        return;
      }
      const verdicts = admit(asking, added.open, capacity);
      for (const [index, { id }] of asking.entries()) outcomes.set(id, verdicts[index] as AddOutcome);
      asking = asking.filter(({ id }) => outcomes.get(id) === "added");
      if (asking.length === 0) return;
    }
    throw new AdapterError("others kept taking the room that was left");
  }
}

/** An entry that comes twice is known the second time, as is one that was never tried. */
function inOrder(entries: readonly NewEntry[], outcomes: ReadonlyMap<string, AddOutcome>): AddOutcome[] {
  const told = new Set<string>();
  return entries.map(({ id }) => {
    if (told.has(id)) return "known";
    told.add(id);
    return outcomes.get(id) ?? "known";
  });
}

/** In order; an entry larger than all that goes at a time goes alone. */
function* partsOf(
  entries: readonly NewEntry[],
  { entries: most, bytes }: Engine["largest"],
): Iterable<readonly NewEntry[]> {
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
