import { OPEN, STATUSES } from "../../entry/entry.js";

/** Rows that one count is spread over, so that writers do not wait for each other; a count is their sum. */
export const SLOTS = 16;
/** Differs among connections that write at the same time. */
export const OWN_SLOT: string = `(pg_backend_pid() % ${SLOTS})::smallint`;
/** A line end as SQL writes it. */
export const LINE_END = "e'\\n'";

const OPEN_STATUSES = OPEN.map((status) => STATUSES.indexOf(status)).join(", ");

/** Texts without line ends, one on each line: JSON is not quoted once more on its way. */
export function lines(text: string): string {
  return `string_to_array(${text}, ${LINE_END})`;
}

/**
 * Where the states of `wanted` are that are still what they must be. Each is looked up by its key, one after the other in the
 * order of their ids: so everybody locks in one order, and the table is not read as a whole, however little the planner knows
 * of it. Who waited for another looks again at what that one left; as every change gives a state a new version, what is held
 * is where it was found.
 */
export function held(columns: string, lock: string): string {
  return `held as materialized (
  select s.place, ${columns} from (select * from wanted order by id collate "C") w cross join lateral (
    select t.ctid as place from baldur_dlq_state t
    where t.status = w.before and t.grp = w.grp and t.id = w.id and t.version = w.version
    for update ${lock}
  ) s
)`;
}

/**
 * Counts what `deltas` (grp, status, n) says. Locks are taken in one order by everybody, so that none waits for another in a
 * circle: rows of `room` by number and slot, then those of counts. States are never waited for by who has either.
 */
export function counting(slot: string, alsoSet = ""): string {
  return `room as (
  insert into baldur_dlq_room as r (number, slot, open)
  select b.number, ${slot}, sum(b.n) from (
    select 0::bigint as number, d.n from deltas d where d.status in (${OPEN_STATUSES})
    union all
    select k.domain_number, d.n from deltas d join baldur_dlq_group k using (grp) where d.status in (${OPEN_STATUSES})
  ) b group by b.number having sum(b.n) <> 0 order by b.number
  on conflict (number, slot) do update set open = r.open + excluded.open${alsoSet}
  returning 1
), counted as (
  insert into baldur_dlq_count as c (grp, status, slot, entries)
  select d.grp, d.status, ${OWN_SLOT}, d.n from deltas d
  where (select count(*) from room) >= 0 order by d.grp, d.status
  on conflict (grp, status, slot) do update set entries = c.entries + excluded.entries
)`;
}
