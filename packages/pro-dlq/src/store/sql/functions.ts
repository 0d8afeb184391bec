import { counting, held, LINE_END, lines, OWN_SLOT } from "./fragments.js";
import { some } from "./reading.js";

/**
 * A server works a statement out anew each time, unless it is prepared by name, which a pooler would lose; what is in a
 * function it works out once for each connection of its own. That takes longer than to add an entry. It is done before there
 * is anything in the tables, and so must not think that it is quickest to read them as a whole.
 */
const PLANNED_ONCE = "language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off";

/** Answers `roomy`, `forced` or, where nothing was added, `full`, or `unknown` where limits have no slots yet. */
const ADD = `create or replace function baldur_dlq_add(
  ids text, grps bigint[], statuses smallint[], states text, bodies text,
  kinds bigint[], domain_numbers bigint[], names text[], domains text[], failure_types text[],
  numbers bigint[], wanted bigint[], caps bigint[], own_slot smallint, is_forced boolean
) returns text ${PLANNED_ONCE} as $$
declare
  slots_found bigint;
  is_roomy boolean;
begin
  select count(*), bool_and(g.cap <= l.cap and g.open + l.wanted <= g.quota) into slots_found, is_roomy
  from unnest(numbers, wanted, caps) as l (number, wanted, cap) join (
    select r.number, r.open, r.quota, r.cap from baldur_dlq_room r
    where r.number = any(numbers) and r.slot = own_slot order by r.number for update
  ) g on g.number = l.number;
  if slots_found < cardinality(numbers) then return 'unknown'; end if;
  if not is_roomy and not is_forced then return 'full'; end if;
  insert into baldur_dlq_group (grp, domain_number, name, domain, failure_type)
  select * from unnest(kinds, domain_numbers, names, domains, failure_types) order by 1 on conflict (grp) do nothing;
  insert into baldur_dlq (id, grp, body) select * from unnest(${lines("ids")}, grps, ${lines("bodies")});
  insert into baldur_dlq_state (id, grp, status, state)
  select * from unnest(${lines("ids")}, grps, statuses, ${lines("states")});
  update baldur_dlq_room r set open = r.open + l.wanted from unnest(numbers, wanted) as l (number, wanted)
  where r.number = any(numbers) and r.number = l.number and r.slot = own_slot and l.wanted <> 0;
  insert into baldur_dlq_count as c (grp, status, slot, entries)
  select d.grp, d.status, ${OWN_SLOT}, count(*) from unnest(grps, statuses) as d (grp, status)
  group by d.grp, d.status order by d.grp, d.status
  on conflict (grp, status, slot) do update set entries = c.entries + excluded.entries;
  return case when is_roomy then 'roomy' else 'forced' end;
end $$`;

const moving = (lock: string): string => `with wanted as materialized (
    select * from unnest(${lines("ids")}, grps, befores, versions, statuses, ${lines("states")})
      as w (id, grp, before, version, status, state)
  ), ${held("w.id, w.grp, w.before, w.status, w.state", lock)}, moved as (
    update baldur_dlq_state s set status = h.status, state = h.state, version = s.version + 1
    from held h where s.ctid = h.place
  ), deltas as materialized (
    select m.grp, m.status, sum(m.n) as n from (
      select h.grp, h.before as status, -1 as n from held h union all select h.grp, h.status, 1 from held h
    ) m group by m.grp, m.status having sum(m.n) <> 0
  ), ${counting(OWN_SLOT)}
  select case when (select count(*) from held) < (select count(*) from wanted)
    then (select coalesce(string_agg(h.id, ${LINE_END}), '') from held h) end into moved_ids`;

/** Moves states on that have still their versions. Answers the ids of those that were, unless all were. */
const SWAP = `create or replace function baldur_dlq_swap(
  ids text, grps bigint[], befores smallint[], versions integer[], statuses smallint[], states text, is_patient boolean
) returns text ${PLANNED_ONCE} as $$
declare
  moved_ids text;
begin
  if is_patient then
  ${moving("")};
  else
  ${moving("skip locked")};
  end if;
  return moved_ids;
end $$`;

/** What \`some\` is, the oldest first. */
const OLDEST = `create or replace function baldur_dlq_oldest(text, integer, smallint[], text, text, text, bigint)
returns table (id text, status smallint, mark text, state text, body text) ${PLANNED_ONCE} as $$
#variable_conflict use_column
begin
  return query ${some(true)};
end $$`;

/** What is done for every failure, and for every replay. */
export const FUNCTIONS: string = [ADD, SWAP, OLDEST].join(";\n");
