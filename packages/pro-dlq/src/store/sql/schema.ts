import type { SqlMigration } from "@baldur/core/plugin";
import { FUNCTIONS } from "./functions.js";

/** Tables and functions, and what they are for: README.md beside this file. */
export const MIGRATIONS: readonly SqlMigration[] = [
  {
    id: "dlq-1",
    sql: `
create table baldur_dlq (
  id text collate "C" primary key,
  grp bigint not null,
  stored_at timestamptz not null default now(),
  body text not null
);
create table baldur_dlq_state (
  grp bigint not null,
  version integer not null default 0,
  status smallint not null,
  id text collate "C" not null,
  state text not null,
  primary key (status, grp, id)
);
create table baldur_dlq_group (
  grp bigint primary key,
  domain_number bigint not null,
  name text not null,
  domain text not null,
  failure_type text not null
);
create table baldur_dlq_count (
  grp bigint not null,
  status smallint not null,
  slot smallint not null,
  entries bigint not null,
  primary key (grp, status, slot)
) with (fillfactor = 50);
create table baldur_dlq_room (
  number bigint not null,
  slot smallint not null,
  open bigint not null default 0,
  quota bigint not null default 0,
  cap bigint not null default -1,
  primary key (number, slot)
) with (fillfactor = 50);
create table baldur_dlq_owner (key text collate "C" primary key, record text not null);
create table baldur_dlq_lease (key text collate "C" primary key, record text not null);
create table baldur_dlq_compressed (key text collate "C" primary key, record text not null);
create table baldur_dlq_quarantine (
  id text collate "C" primary key,
  put_aside_at timestamptz not null default now(),
  status smallint,
  state text,
  body text
);
create view baldur_dlq_entries as
select s.id, g.name, g.domain, g.failure_type,
  (array['pending', 'replaying', 'reviewing', 'requires_review', 'replayed', 'resolved', 'rejected', 'archived', 'expired',
    'permanently_failed'])[s.status + 1] as status,
  b.stored_at, s.state, b.body
from baldur_dlq_state s join baldur_dlq_group g using (grp) join baldur_dlq b on b.id = s.id and b.grp = s.grp;
`,
  },
  { id: "dlq-2", sql: FUNCTIONS },
];
