import type { SqlMigration } from "../../sql/sql.js";

/**
 * The tables of `SqlJournalStore`. Ids are in the order of time, so their index is the one that everything is found by; `at`,
 * `name` and `level` say once more what the entry says, for people and for a search.
 */
export const journalMigrations: readonly SqlMigration[] = [
  {
    id: "journal-1",
    sql: `create table baldur_journal (
  id text collate "C" primary key,
  at double precision not null,
  name text not null,
  level text not null,
  entry text not null
);
comment on table baldur_journal is 'What happened, as Baldur saw it: at is milliseconds since the epoch, entry is JSON';
create table baldur_journal_upkeep (
  pruned_at double precision not null
);
insert into baldur_journal_upkeep values (0);
comment on table baldur_journal_upkeep is 'When baldur_journal was last pruned, in milliseconds since the epoch: one row'`,
  },
];
