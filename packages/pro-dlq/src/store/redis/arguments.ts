import { encodeState } from "../../entry/record.js";
import type { Filed, Limit, Mark, Move, RecordSwap, StateRow } from "../fleet/engine.js";
import { isOpen, type Keys, type Place, placeName, written } from "./keys.js";
import { type Belonging, headOf, headText } from "./states.js";

/** Keys and arguments of a script; its header says what they are. */
export interface Call {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

/** Places by their positions, as scripts count. */
class Places {
  readonly #positions = new Map<string, number>();

  at(place: Place): number {
    const name = placeName(place);
    let position = this.#positions.get(name);
    if (position === undefined) {
      position = this.#positions.size + 1;
      this.#positions.set(name, position);
    }
    return position;
  }

  get names(): string[] {
    return [...this.#positions.keys()];
  }
}

export function addCall(
  keys: Keys,
  entries: readonly Filed[],
  limits: readonly Limit[],
  isForced: boolean,
): Call {
  const places = new Places();
  const groups = new Map<string, string>();
  const described = entries.flatMap(({ id, group: facts, state, body }) => {
    const [group, domain] = [written(facts.number), written(facts.domainNumber)];
    groups.set(group, JSON.stringify([facts.name, facts.domain, facts.failureType]));
    const head = { status: state.status, group, domain, version: 0 };
    return [id, headText(head) + encodeState(state), body, places.at(head), openDomain(head)];
  });
  const { names } = places;
  const ids = entries.map(({ id }) => id);
  return {
    keys: [
      keys.open,
      keys.counts,
      keys.groups,
      ...names.map((name) => keys.place(name)),
      ...ids.map((id) => keys.state(id)),
      ...ids.map((id) => keys.body(id)),
    ],
    args: [
      isForced ? "1" : "0",
      ...[limits.length, groups.size, names.length, entries.length],
      ...limits.flatMap(({ number, wanted, cap }) => [written(number), wanted, cap]),
      ...[...groups].flat(),
      ...names,
      ...described,
    ],
  };
}

/** With the marks of the states once they were moved. */
export function swapCall(keys: Keys, moves: readonly Move[]): Call & { readonly marks: readonly Mark[] } {
  const places = new Places();
  const marks: Mark[] = [];
  const described: (string | number)[] = [];
  for (const { id, mark, to, text } of moves) {
    const here = headIn(id, mark);
    const there = { ...here, status: to, version: here.version + 1 };
    const isClosed = isOpen(here.status) && !isOpen(to);
    const next = headText(there);
    marks.push(next);
    described.push(id, mark, next + text, places.at(here), places.at(there), isClosed ? here.domain : "");
  }
  const { names } = places;
  return {
    keys: [
      keys.open,
      keys.counts,
      ...names.map((name) => keys.place(name)),
      ...moves.map(({ id }) => keys.state(id)),
    ],
    args: [names.length, moves.length, ...names, ...described],
    marks,
  };
}

export function removeCall(
  keys: Keys,
  rows: readonly StateRow[],
  limit?: Pick<Limit, "number" | "cap">,
  summaries: readonly RecordSwap[] = [],
): Call {
  const places = new Places();
  const described = rows.flatMap(({ id, mark }) => {
    const head = headIn(id, mark);
    return [id, mark, places.at(head), openDomain(head)];
  });
  const { names } = places;
  return {
    keys: [
      keys.open,
      keys.counts,
      keys.records("summary"),
      ...names.map((name) => keys.place(name)),
      ...rows.map(({ id }) => keys.state(id)),
      ...rows.map(({ id }) => keys.body(id)),
    ],
    args: [
      ...(limit === undefined ? ["", ""] : [written(limit.number), limit.cap]),
      ...[names.length, rows.length, summaries.length],
      ...names,
      ...described,
      ...summaries.flatMap(({ key, expected, text }) => [key, expected?.text ?? "", text ?? ""]),
    ],
  };
}

/** `places`: everywhere where it might be, with the number of the domain. */
export function putAsideCall(keys: Keys, id: string, places: readonly Belonging[]): Call {
  return {
    keys: [
      ...[keys.open, keys.counts, keys.quarantine, keys.state(id), keys.body(id)],
      ...places.map((place) => keys.place(placeName(place))),
    ],
    args: [id, ...places.flatMap((place) => [placeName(place), openDomain(place)])],
  };
}

export function swapRecordsCall(key: string, swaps: readonly RecordSwap[]): Call {
  return {
    keys: [key],
    args: swaps.flatMap(({ key: of, expected, text }) => [
      of,
      expected === undefined ? "1" : "0",
      expected?.text ?? "",
      text ?? "",
    ]),
  };
}

function openDomain({ status, domain }: Belonging): string {
  return isOpen(status) ? domain : "";
}

/** The state was read, so it says where its entry belongs. */
function headIn(id: string, mark: Mark): NonNullable<ReturnType<typeof headOf>> {
  const head = headOf(mark);
  if (head === undefined) throw new Error(`the state of ${id} does not say where it belongs`);
  return head;
}
