import { OPEN, STATUSES } from "../../entry/entry.js";

/** Rows that one count is spread over, so that writers do not wait for each other; a count is their sum. */
export const SLOTS = 16;

const OPEN_STATUSES = OPEN.map((status) => STATUSES.indexOf(status)).join(", ");
/** An entry has one state; where it is says what its status is. */
const EVERY_STATUS = `'{${STATUSES.map((_, status) => status).join(", ")}}'::smallint[]`;
/** Differs among connections that write at the same time. */
const OWN_SLOT = `(pg_backend_pid() % ${SLOTS})::smallint`;

/**
 * Counts what `deltas` (grp, status, n) says. Locks are taken in one order by every statement, so that none waits for
 * another in a circle: rows of `room` by number and slot, then those of counts. States are never waited for by who has either.
 */
function counting(kinds: string, slot: string): string {
  return `room as (
  insert into baldur_dlq_room as r (number, slot, open)
  select b.number, ${slot}, sum(b.n) from (
    select 0::bigint as number, d.n from deltas d where d.status in (${OPEN_STATUSES})
    union all
    select k.domain_number, d.n from deltas d join ${kinds} k using (grp) where d.status in (${OPEN_STATUSES})
  ) b group by b.number having sum(b.n) <> 0 order by b.number
  on conflict (number, slot) do update set open = r.open + excluded.open
  returning 1
), counted as (
  insert into baldur_dlq_count as c (grp, status, slot, entries)
  select d.grp, d.status, ${OWN_SLOT}, d.n from deltas d
  where (select count(*) from room) >= 0 order by d.grp, d.status
  on conflict (grp, status, slot) do update set entries = c.entries + excluded.entries
)`;
}

/** Texts without line ends, one on each line: JSON is not quoted once more on its way. */
function lines(parameter: number): string {
  return `string_to_array($${parameter}::text, e'\\n')`;
}

const LIMITS = (first: number): string =>
  `limits as materialized (
  select * from unnest($${first}::bigint[], $${first + 1}::bigint[], $${first + 2}::bigint[]) as l (number, wanted, cap)
)`;

/** Adds entries where the slot has room for all of them, or where it is forced to. None of them may be there. */
export const ADD: string = `with wanted as materialized (
  select * from unnest(${lines(1)}, $2::bigint[], $3::smallint[], ${lines(4)}, ${lines(5)})
    as w (id, grp, status, state, body)
), kinds as materialized (
  select * from unnest($6::bigint[], $7::bigint[], $8::text[], $9::text[], $10::text[])
    as k (grp, domain_number, name, domain, failure_type)
), ${LIMITS(11)}, gate as materialized (
  select r.number, r.open, r.quota, r.cap from baldur_dlq_room r join limits l using (number)
  where r.slot = $14::smallint order by r.number for update of r
), verdict as materialized (
  select count(g.number) = count(*) as is_known,
    coalesce(bool_and(coalesce(g.cap = l.cap and g.open + l.wanted <= g.quota, false)), false) as is_roomy
  from limits l left join gate g using (number)
), groups as (
  insert into baldur_dlq_group (grp, domain_number, name, domain, failure_type)
  select k.grp, k.domain_number, k.name, k.domain, k.failure_type from kinds k on conflict (grp) do nothing
), fresh as materialized (
  select w.* from wanted w, verdict v where v.is_known and (v.is_roomy or $15::boolean)
), bodies as (
  insert into baldur_dlq (id, grp, body) select f.id, f.grp, f.body from fresh f
), states as (
  insert into baldur_dlq_state (id, grp, status, state) select f.id, f.grp, f.status, f.state from fresh f
), deltas as materialized (
  select f.grp, f.status, count(*) as n from fresh f group by f.grp, f.status
), ${counting("kinds", "$14::smallint")}
select v.is_known, v.is_roomy from verdict v`;

/** Makes the slots of limits that have none. */
export const MAKE_SLOTS: string = `insert into baldur_dlq_room (number, slot)
select n, s from unnest($1::bigint[]) n cross join generate_series(0, ${SLOTS - 1}) s order by n, s
on conflict (number, slot) do nothing`;

/**
 * Gives every slot its share of the room that is left; the sum of what all may have is the cap. The slot that asks gets what it
 * wants before the others, as far as there is so much.
 */
export const SPREAD: string = `with ${LIMITS(1)}, gate as materialized (
  select r.number, r.slot, r.open from baldur_dlq_room r join limits l using (number)
  order by r.number, r.slot for update of r
), sums as materialized (
  select l.number, l.cap, sum(g.open)::bigint as open, greatest(l.cap - sum(g.open), 0)::bigint as free,
    least(greatest(l.cap - sum(g.open), 0), l.wanted)::bigint as own
  from limits l join gate g using (number) group by l.number, l.cap, l.wanted
), spread as (
  update baldur_dlq_room r set cap = s.cap, quota = g.open + (s.free - s.own) / ${SLOTS}
    + case when r.slot = $4::smallint then s.own + (s.free - s.own) % ${SLOTS} else 0 end
  from gate g join sums s using (number) where r.number = g.number and r.slot = g.slot
)
select s.number, s.open from sums s`;

export const KNOWN: string = "select id from baldur_dlq where id = any($1::text[])";

export const STATES: string = `select s.id, s.grp, s.status, s.version, s.state from baldur_dlq b
join baldur_dlq_state s on s.status = any(${EVERY_STATUS}) and s.grp = b.grp and s.id = b.id where b.id = any($1::text[])`;

export const ENTRIES: string = `select b.id, b.grp, s.status, s.version, s.state, b.body from baldur_dlq b
left join baldur_dlq_state s on s.status = any(${EVERY_STATUS}) and s.grp = b.grp and s.id = b.id where b.id = any($1::text[])`;

/** Moves states on that have still their versions. */
export const swap = (isPatient: boolean): string => `with wanted as materialized (
  select * from unnest(${lines(1)}, $2::bigint[], $3::smallint[], $4::integer[], $5::smallint[], ${lines(6)})
    as w (id, grp, before, version, status, state)
), held as materialized (
  select s.id, s.grp, s.status as before, w.status, w.state from baldur_dlq_state s
  join wanted w on s.status = w.before and s.grp = w.grp and s.id = w.id and s.version = w.version
  order by s.id for update of s${isPatient ? "" : " skip locked"}
), moved as (
  update baldur_dlq_state s set status = h.status, state = h.state, version = s.version + 1
  from held h where s.status = h.before and s.grp = h.grp and s.id = h.id
), deltas as materialized (
  select m.grp, m.status, sum(m.n) as n from (
    select h.grp, h.before as status, -1 as n from held h union all select h.grp, h.status, 1 from held h
  ) m group by m.grp, m.status having sum(m.n) <> 0
), ${counting("baldur_dlq_group", OWN_SLOT)}
select h.id from held h`;

const HELD = `wanted as materialized (
  select * from unnest(${lines(1)}, $2::bigint[], $3::smallint[], $4::integer[]) as w (id, grp, status, version)
), held as materialized (
  select s.id, s.grp, s.status from baldur_dlq_state s
  join wanted w on s.status = w.status and s.grp = w.grp and s.id = w.id and s.version = w.version
  order by s.id for update of s skip locked
)`;

/** Removes entries whose states have still their versions. */
export const REMOVE: string = `with ${HELD}, gone as (
  delete from baldur_dlq_state s using held h where s.status = h.status and s.grp = h.grp and s.id = h.id
), bodies as (
  delete from baldur_dlq b using held h where b.id = h.id
), deltas as materialized (
  select h.grp, h.status, -count(*) as n from held h group by h.grp, h.status
), ${counting("baldur_dlq_group", OWN_SLOT)}
select count(*) as removed from held`;

/** Removes all of these entries, whose states have still their versions, if so many are beyond the cap; one at a time does. */
export const EVICT: string = `with ${HELD}, summaries as materialized (
  select * from unnest($5::text[], $6::text[], $7::text[]) as s (key, expected, record)
), gate as materialized (
  select r.number, r.slot, r.open, r.quota from baldur_dlq_room r where r.number in (0, $8::bigint)
  order by r.number, r.slot for update
), over as materialized (
  select coalesce(sum(g.open), 0)::bigint - $9::bigint as excess,
    coalesce(sum(g.open - g.quota) filter (where g.slot = $10::smallint), 0)::bigint as overdrawn
  from gate g where g.number = $8::bigint
), kept as materialized (
  select c.key, c.record from baldur_dlq_compressed c join summaries s using (key) order by c.key for update of c
), verdict as materialized (
  select o.excess >= (select count(*) from wanted) and (select count(*) from held) = (select count(*) from wanted)
    and not exists (
      select from summaries s left join kept k using (key) where k.record is distinct from s.expected
    ) as is_done
  from over o
), gone as (
  delete from baldur_dlq_state s using held h, verdict v
  where v.is_done and s.status = h.status and s.grp = h.grp and s.id = h.id
), bodies as (
  delete from baldur_dlq b using held h, verdict v where v.is_done and b.id = h.id
), saved as (
  insert into baldur_dlq_compressed (key, record) select s.key, s.record from summaries s, verdict v where v.is_done
  on conflict (key) do update set record = excluded.record
), deltas as materialized (
  select h.grp, h.status, -count(*) as n from held h, verdict v where v.is_done group by h.grp, h.status
), ${counting("baldur_dlq_group", "$10::smallint")}
select v.is_done, o.excess - case when v.is_done then (select count(*) from wanted) else 0 end as excess, o.overdrawn
from verdict v, over o`;

/** Puts aside whatever there is of an entry; where its state is, if there is one, is said. */
export const QUARANTINE: string = `with state as (
  delete from baldur_dlq_state s where s.status = $2::smallint and s.grp = $3::bigint and s.id = $1::text
  returning s.grp, s.status, s.state
), body as (
  delete from baldur_dlq b where b.id = $1::text returning b.body
), kept as (
  insert into baldur_dlq_quarantine (id, status, state, body)
  select $1::text, s.status, s.state, b.body from (select 1) one left join state s on true left join body b on true
  where s.grp is not null or b.body is not null
  on conflict (id) do update set status = excluded.status, state = excluded.state, body = excluded.body
  returning 1
), deltas as materialized (
  select s.grp, s.status, -1 as n from state s
), ${counting("baldur_dlq_group", OWN_SLOT)}
select count(*) as kept from kept`;

export const COUNTS: string = `select g.name, g.domain, g.failure_type, c.status, sum(c.entries)::bigint as entries
from baldur_dlq_count c join baldur_dlq_group g using (grp)
group by g.grp, g.name, g.domain, g.failure_type, c.status`;

/** All entries from after an id. */
export const all = (isOldestFirst: boolean): string => {
  const [beyond, order] = isOldestFirst ? [">", "asc"] : ["<", "desc"];
  return `select b.id, b.grp, s.status, s.version, s.state, b.body from (
  select id, grp, body from baldur_dlq where id ${beyond} $1::text order by id ${order} limit $2::integer
) b left join baldur_dlq_state s on s.status = any(${EVERY_STATUS}) and s.grp = b.grp and s.id = b.id order by b.id ${order}`;
};

/**
 * Those of some groups and states, from after an id: each group's first ones, and of these the first. Rows are compared as a
 * whole, and those of the next group left out afterwards, because the planner would otherwise, before it has statistics, sort
 * a whole group instead of reading the beginning of its index.
 */
export const some = (isOldestFirst: boolean): string => {
  const [beyond, order] = isOldestFirst ? [">", "asc"] : ["<", "desc"];
  return `with places as materialized (
  select c.grp, c.status from baldur_dlq_count c join baldur_dlq_group g using (grp)
  where ($3::smallint[] is null or c.status = any($3)) and ($4::text is null or g.name = $4)
    and ($5::text is null or g.domain = $5) and ($6::text is null or g.failure_type = $6)
    and ($7::bigint is null or g.domain_number = $7)
  group by c.grp, c.status having sum(c.entries) > 0
)
select f.id, f.grp, f.status, f.version, f.state, b.body from (
  select s.* from places p cross join lateral (
    select t.* from baldur_dlq_state t where (t.status, t.grp, t.id) ${beyond} (p.status, p.grp, $1::text)
    order by t.status ${order}, t.grp ${order}, t.id ${order} limit $2::integer
  ) s where s.status = p.status and s.grp = p.grp order by s.id ${order} limit $2::integer
) f left join baldur_dlq b using (id) order by f.id ${order}`;
};

export const records = (table: string): string =>
  `select key, record from ${table} where $1::text[] is null or key = any($1)`;

/** Each by itself, where what is there is what must be there. */
export const swapRecords = (table: string): string => `with swaps as materialized (
  select * from unnest($1::text[], $2::boolean[], $3::text[], $4::text[]) as s (key, is_any, expected, record)
), held as materialized (
  select t.key, s.record from ${table} t join swaps s using (key)
  where s.is_any or t.record = s.expected order by t.key for update of t
), removed as (
  delete from ${table} t using held h where t.key = h.key and h.record is null returning 1
), changed as (
  update ${table} t set record = h.record from held h where t.key = h.key and h.record is not null returning 1
), made as (
  insert into ${table} (key, record) select s.key, s.record from swaps s
  where s.record is not null and (s.is_any or s.expected is null) and s.key not in (select h.key from held h)
  order by s.key on conflict (key) do nothing returning 1
)
select (select count(*) from removed) + (select count(*) from changed) + (select count(*) from made) as swapped`;
