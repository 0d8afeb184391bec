import type { SqlMigration } from "../../sql/sql.js";

/** The table of `SqlIdempotencyStore`. @public */
export const idempotencyMigrations: readonly SqlMigration[] = [
  {
    id: "idempotency-1",
    sql: `create table baldur_idempotency (
  key text primary key,
  status text not null,
  owner text not null,
  attempt integer not null,
  since double precision not null,
  ttl double precision not null,
  result text,
  expires double precision not null
);
create index baldur_idempotency_expires on baldur_idempotency (expires);
comment on table baldur_idempotency is 'Work that Baldur does once: times are milliseconds since the epoch, result is JSON'`,
  },
];
