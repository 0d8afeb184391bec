import { type EntryState, STATUSES } from "../../src/entry/entry.js";
import { decodeBody, decodeRecord } from "../../src/entry/record.js";
import { readState } from "../store/state.js";
import type { Content, CountedGroup } from "./checker.js";

type Pairs = readonly (readonly [key: string, value: string])[];

const ENTRY = "dlq/entry/";
const STATE = "dlq/state/";

/** What is in an ordered map. */
export function mapContent(pairs: Pairs): Content {
  const map = new Map(pairs);
  const states = statesIn(map);
  const ids = [...map.keys()].filter((key) => key.startsWith(ENTRY)).map((key) => key.slice(ENTRY.length));
  const entries = ids.flatMap((id) => {
    const { body } = decodeRecord(map.get(ENTRY + id) as string);
    const state = states.get(id);
    return state === undefined ? [] : [{ id, body: decodeBody(body), state }];
  });
  return {
    ids: new Set(ids),
    entries,
    groups: groupsIn(map),
    open: new Map<string, number>(JSON.parse(map.get("dlq/totals") ?? "[]")),
    quarantined: [...map.keys()].filter((key) => key.startsWith("dlq/quarantine/")),
    misplaced: [...misplacedIn(map, entries, states)],
  };
}

/** Every entry has the one state, where its group and its status ask for it, and there are no others. */
function* misplacedIn(
  map: ReadonlyMap<string, string>,
  entries: Content["entries"],
  states: ReadonlyMap<string, EntryState>,
): Iterable<string> {
  const numbers = new Map(groupsIn(map).map(({ facts, number }) => [facts, number]));
  const wanted = new Set<string>();
  for (const { id, body, state } of entries) {
    const number = numbers.get(JSON.stringify([body.name, body.domain, body.failureType]));
    const { group } = decodeRecord(map.get(ENTRY + id) as string);
    if (group !== number) yield `${id} says that its group is ${group}, and it is ${number}`;
    wanted.add(`${STATE}${STATUSES.indexOf(state.status)}/${number}/${id}`);
  }
  for (const key of map.keys())
    if (key.startsWith(ENTRY) && !states.has(key.slice(ENTRY.length))) yield `${key} has no state`;
  const found = [...map.keys()].filter((key) => key.startsWith(STATE));
  for (const key of found) if (!wanted.delete(key)) yield `${key} is an orphan`;
  for (const key of wanted) yield `${key} is missing`;
}

function statesIn(map: ReadonlyMap<string, string>): Map<string, EntryState> {
  return new Map(
    [...map]
      .filter(([key]) => key.startsWith(STATE))
      .map(([key, text]) => [key.slice(key.lastIndexOf("/") + 1), readState(key, text)]),
  );
}

function groupsIn(map: ReadonlyMap<string, string>): CountedGroup[] {
  return [...map]
    .filter(([key]) => key.startsWith("dlq/group/"))
    .map(([key, text]) => {
      const { name, domain, failureType, counts } = JSON.parse(text);
      const number = key.slice("dlq/group/".length);
      return { number, facts: JSON.stringify([name, domain, failureType]), counts };
    });
}
