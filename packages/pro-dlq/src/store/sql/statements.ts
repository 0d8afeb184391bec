import { counting, held, lines, OWN_SLOT, SLOTS } from "./fragments.js";

/** A call of a function that is planned once, whose values are typed by it. */
const call = (name: string, values: number): string =>
  `${name}(${Array.from({ length: values }, (_, at) => `$${at + 1}`).join(", ")})`;

/** Adds entries where the slot has room for all of them, or where it is forced to. None of them may be there. */
export const ADD: string = `select ${call("baldur_dlq_add", 15)} as verdict`;

/** Moves states on that have still their versions; answers which were moved, unless all were. */
export const SWAP: string = `select ${call("baldur_dlq_swap", 7)} as moved`;

/** What `some` is, the oldest first. */
export const OLDEST: string = `select * from ${call("baldur_dlq_oldest", 7)}`;

/** Makes the slots of limits that have none. */
export const MAKE_SLOTS: string = `insert into baldur_dlq_room (number, slot)
select n, s from unnest($1::bigint[]) n cross join generate_series(0, ${SLOTS - 1}) s order by n, s
on conflict (number, slot) do nothing`;

const LIMITS = (first: number): string =>
  `limits as materialized (
  select * from unnest($${first}::bigint[], $${first + 1}::bigint[], $${first + 2}::bigint[]) as l (number, wanted, cap)
)`;

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

const HELD = `wanted as materialized (
  select * from unnest(${lines("$1::text")}, $2::bigint[], $3::smallint[], $4::integer[]) as w (id, grp, before, version)
), ${held("w.id, w.grp, w.before as status", "skip locked")}`;

/** What goes from a slot that has more than its share leaves no room there. */
const NO_MORE = ", quota = least(r.quota, r.open + excluded.open)";

/** Removes entries whose states have still their versions. */
export const REMOVE: string = `with ${HELD}, gone as (
  delete from baldur_dlq_state s where s.ctid = any(array(select h.place from held h))
), bodies as (
  delete from baldur_dlq b where b.id = any(array(select h.id from held h))
), deltas as materialized (
  select h.grp, h.status, -count(*) as n from held h group by h.grp, h.status
), ${counting(OWN_SLOT)}
select count(*) as removed from held`;

/** Removes all of these entries, whose states have still their versions, if so many are beyond the cap; one at a time does. */
export const EVICT: string = `with ${HELD}, summaries as materialized (
  select * from unnest($5::text[], $6::text[], $7::text[]) as s (key, expected, record)
), gate as materialized (
  select r.number, r.open from baldur_dlq_room r where r.number in (0, $8::bigint)
  order by r.number, r.slot for update
), over as materialized (
  select coalesce(sum(g.open), 0)::bigint - $9::bigint as excess from gate g where g.number = $8::bigint
), kept as materialized (
  select c.key, c.record from baldur_dlq_compressed c join summaries s using (key) order by c.key for update of c
), verdict as materialized (
  select o.excess >= (select count(*) from wanted) and (select count(*) from held) = (select count(*) from wanted)
    and not exists (
      select from summaries s left join kept k using (key) where k.record is distinct from s.expected
    ) as is_done
  from over o
), gone as (
  delete from baldur_dlq_state s where s.ctid = any(array(select h.place from held h, verdict v where v.is_done))
), bodies as (
  delete from baldur_dlq b where b.id = any(array(select h.id from held h, verdict v where v.is_done))
), saved as (
  insert into baldur_dlq_compressed (key, record) select s.key, s.record from summaries s, verdict v where v.is_done
  on conflict (key) do update set record = excluded.record
), deltas as materialized (
  select h.grp, h.status, -count(*) as n from held h, verdict v where v.is_done group by h.grp, h.status
), ${counting("$10::smallint", NO_MORE)}
select v.is_done, o.excess - case when v.is_done then (select count(*) from wanted) else 0 end as excess
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
), ${counting(OWN_SLOT)}
select count(*) as kept from kept`;

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
