import { STATUSES } from "../../entry/entry.js";

/** An entry has one state; where it is says what its status is. */
const EVERY_STATUS = `'{${STATUSES.map((_, status) => status).join(", ")}}'::smallint[]`;
/** The state of an entry `b`. Each is looked up by its key: no join of tables, which the planner might read as a whole. */
const STATE = `lateral (
  select t.status, t.version, t.state from baldur_dlq_state t
  where t.status = any(${EVERY_STATUS}) and t.grp = b.grp and t.id = b.id limit 1
) s`;
const ENTRY = "b.id, s.status, concat(b.grp, '.', s.version) as mark, s.state, b.body";
const NAMED = "(select unnest($1::text[]) as id) w";

export const KNOWN: string = `select w.id from ${NAMED}
cross join lateral (select from baldur_dlq b where b.id = w.id limit 1) b`;

export const STATES: string = `select b.id, s.status, concat(b.grp, '.', s.version) as mark, s.state from ${NAMED}
cross join lateral (select e.id, e.grp from baldur_dlq e where e.id = w.id limit 1) b cross join ${STATE}`;

export const ENTRIES: string = `select ${ENTRY} from ${NAMED}
cross join lateral (select e.* from baldur_dlq e where e.id = w.id limit 1) b left join ${STATE} on true`;

/** All entries from after an id. */
export const all = (isOldestFirst: boolean): string => {
  const [beyond, order] = isOldestFirst ? [">", "asc"] : ["<", "desc"];
  return `select ${ENTRY} from (
  select id, grp, body from baldur_dlq where id ${beyond} $1::text order by id ${order} limit $2::integer
) b left join ${STATE} on true order by b.id ${order}`;
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
select f.id, f.status, concat(f.grp, '.', f.version) as mark, f.state, b.body from (
  select s.* from places p cross join lateral (
    select t.* from baldur_dlq_state t where (t.status, t.grp, t.id) ${beyond} (p.status, p.grp, $1::text)
    order by t.status ${order}, t.grp ${order}, t.id ${order} limit $2::integer
  ) s where s.status = p.status and s.grp = p.grp order by s.id ${order} limit $2::integer
) f left join lateral (select e.body from baldur_dlq e where e.id = f.id limit 1) b on true order by f.id ${order}`;
};

export const COUNTS: string = `select g.name, g.domain, g.failure_type, c.status, sum(c.entries)::bigint as entries
from baldur_dlq_count c join baldur_dlq_group g using (grp)
group by g.grp, g.name, g.domain, g.failure_type, c.status`;

export const records = (table: string): string =>
  `select key, record from ${table} where $1::text[] is null or key = any($1)`;
