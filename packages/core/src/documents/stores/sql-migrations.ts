import type { SqlMigration } from "../../sql/sql.js";

/** The table of `SqlDocumentStore`. @public */
export const documentMigrations: readonly SqlMigration[] = [
  {
    id: "documents-1",
    sql: `create table baldur_documents (
  key text primary key,
  version integer not null,
  value text not null,
  updated_at double precision not null
);
comment on table baldur_documents is 'Control state of Baldur: value is JSON, updated_at is milliseconds since the epoch'`,
  },
];
