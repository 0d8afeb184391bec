import type { RedisClient, SqlDatabase } from "@baldur/core/plugin";
import { type EntryState, OPEN, STATUSES } from "../../src/entry/entry.js";
import { decodeBody, decodeState } from "../../src/entry/record.js";
import type { EntryRow } from "../../src/store/fleet/engine.js";
import { domainNumber } from "../../src/store/fleet/groups.js";
import { pairsOf } from "../../src/store/redis/hash.js";
import { written } from "../../src/store/redis/keys.js";
import { entryRows, headOf } from "../../src/store/redis/states.js";
import type { Content, CountedGroup } from "./checker.js";

/** What is kept of an entry. */
interface Kept {
  readonly id: string;
  readonly state: EntryState | undefined;
  readonly body: string | undefined;
}

/** One count of one group. */
interface Counted {
  readonly number: string;
  readonly facts: string;
  readonly status: number;
  readonly entries: number;
}

interface Found {
  readonly kept: readonly Kept[];
  readonly counted: readonly Counted[];
  readonly open: ReadonlyMap<string, number>;
  /** Open entries of all domains, as they are counted. */
  readonly total: number;
  readonly quarantined: readonly string[];
  readonly misplaced: readonly string[];
}

function contentOf({ kept, counted, open, total, quarantined, misplaced }: Found): Content {
  const entries = kept.flatMap(({ id, state, body }) =>
    state === undefined || body === undefined ? [] : [{ id, state, body: decodeBody(body) }],
  );
  const torn = kept.filter(({ state, body }) => state === undefined || body === undefined);
  const isOpen = ({ state }: Kept) => state !== undefined && OPEN.includes(state.status);
  const scanned = kept.filter(isOpen).length;
  return {
    ids: new Set(kept.map(({ id }) => id)),
    entries,
    groups: groupsOf(counted),
    open,
    quarantined,
    misplaced: [
      ...misplaced,
      ...torn.map(({ id }) => `of ${id} only a part is there`),
      ...(scanned === total ? [] : [`${total} are counted open in all, and there are ${scanned}`]),
    ],
  };
}

function groupsOf(counted: readonly Counted[]): CountedGroup[] {
  const groups = new Map<string, { number: string; facts: string; counts: number[] }>();
  for (const { number, facts, status, entries } of counted) {
    const group = groups.get(number) ?? { number, facts, counts: STATUSES.map(() => 0) };
    group.counts[status] = entries;
    groups.set(number, group);
  }
  return [...groups.values()];
}

const STATES = `select coalesce(s.id, b.id) as id, s.status, s.state, b.body
  from baldur_dlq_state s full join baldur_dlq b using (id)`;
const COUNTS = `select g.grp, g.name, g.domain, g.failure_type, c.status, sum(c.entries)::bigint as entries
  from baldur_dlq_count c left join baldur_dlq_group g using (grp)
  group by g.grp, g.name, g.domain, g.failure_type, c.status`;
const ROOM = `select g.domain, r.number, sum(r.open)::bigint as open from baldur_dlq_room r
  left join (select distinct domain_number, domain from baldur_dlq_group) g on g.domain_number = r.number
  group by g.domain, r.number`;

/** A row of any of these. */
interface Row {
  readonly id: string;
  readonly grp: number;
  readonly status: number;
  readonly state: string | null;
  readonly body: string | null;
  readonly name: string;
  readonly domain: string | null;
  readonly failure_type: string;
  readonly number: number;
  readonly open: number;
  readonly entries: number;
}

/** What is in the tables of a database. */
export async function sqlContent(database: SqlDatabase): Promise<Content> {
  const rows = async (text: string) => (await database.query(text)).rows as unknown as Row[];
  const room = await rows(ROOM);
  const kept = (await rows(STATES)).map(({ id, status, state, body }) => ({
    id,
    body: body ?? undefined,
    state: state === null ? undefined : decodeState(state, STATUSES[status] as EntryState["status"]),
  }));
  const counted = (await rows(COUNTS)).map(({ grp, name, domain, failure_type, status, entries }) => ({
    number: String(grp),
    facts: JSON.stringify([name, domain, failure_type]),
    status,
    entries,
  }));
  const strays = await rows(
    "select id from baldur_dlq_state where grp not in (select grp from baldur_dlq_group)",
  );
  return contentOf({
    kept,
    counted,
    open: new Map(
      room
        .filter(({ number }) => number !== 0)
        .map(({ domain, number, open }) => [domain ?? String(number), open]),
    ),
    total: room.find(({ number }) => number === 0)?.open ?? 0,
    quarantined: (await rows("select id from baldur_dlq_quarantine")).map(({ id }) => id),
    misplaced: strays.map(({ id }) => `${id} is of no group`),
  });
}

/** What is in the keys of a Redis that begin with the prefix. */
export async function redisContent(client: RedisClient, prefix: string): Promise<Content> {
  const root = `${prefix}{dlq}:`;
  const hash = async (name: string) => pairsOf(await client.command("HGETALL", root + name));
  const keys = ((await client.command("KEYS", `${root}*`)) as string[]).map((key) => key.slice(root.length));
  const below = (kind: string) =>
    keys.filter((key) => key.startsWith(`${kind}:`)).map((key) => key.slice(kind.length + 1));
  const [states, records] = [await hash("states"), await hash("entries")];
  const ids = [...new Set([...states.keys(), ...records.keys()])];
  const of = (hash: ReadonlyMap<string, string>) => ids.map((id) => hash.get(id) ?? null);
  const rows = entryRows(ids, of(states), of(records));
  const places = new Map<string, readonly string[]>();
  for (const place of below("at"))
    places.set(place, (await client.command("ZRANGE", `${root}at:${place}`, 0, -1)) as string[]);
  const facts = new Map(
    [...(await hash("groups"))].map(([number, text]) => [number, JSON.parse(text) as string[]]),
  );
  const domains = new Map(
    [...facts.values()].map(([, domain = ""]) => [written(domainNumber(domain)), domain]),
  );
  const open = [...(await hash("open"))].map(([number, entries]) => [number, Number(entries)] as const);
  return contentOf({
    kept: rows.map(({ id, status, text, body }) => ({
      id,
      state: status && decodeState(text, status),
      body,
    })),
    counted: [...(await hash("counts"))].map(([place, entries]) => {
      const [status = "", number = ""] = place.split(":");
      return {
        number,
        facts: JSON.stringify(facts.get(number)),
        status: Number(status),
        entries: Number(entries),
      };
    }),
    open: new Map(
      open
        .filter(([number]) => number !== "0")
        .map(([number, entries]) => [domains.get(number) ?? number, entries]),
    ),
    total: new Map(open).get("0") ?? 0,
    quarantined: [...(await hash("quarantine")).keys()],
    misplaced: [...misplacedIn(rows, places)],
  });
}

/** Every state is in the place that it says, and nothing else is. */
function* misplacedIn(
  rows: readonly EntryRow[],
  places: ReadonlyMap<string, readonly string[]>,
): Iterable<string> {
  const found = new Set([...places].flatMap(([place, ids]) => ids.map((id) => `${id} at ${place}`)));
  for (const { id, mark } of rows) {
    const belonging = headOf(mark);
    if (belonging === undefined) continue;
    const { status, group } = belonging;
    const wanted = `${id} at ${STATUSES.indexOf(status)}:${group}`;
    if (!found.delete(wanted)) yield `${wanted} is missing`;
  }
  for (const what of found) yield `${what} is an orphan`;
}
