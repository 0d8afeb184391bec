import type { Clock } from "../../clock.js";
import { Schema } from "../../sql/schema.js";
import type { SqlDatabase, SqlResult } from "../../sql/sql.js";
import { encode } from "../entry.js";
import { highest, idFloor } from "../id.js";
import { levelsFrom, type Range } from "../query.js";
import { type Stored, scan } from "../scan.js";
import type { JournalStore, OnDamaged, Pruning, StorePage, StoreQuery } from "../store.js";
import type { JournalEntry } from "../types.js";
import { journalMigrations } from "./sql-migrations.js";

/** Rows that a statement removes: it has to end before the time of a statement does. */
const AT_ONCE = 5000;

const APPEND = `insert into baldur_journal (id, at, name, level, entry)
select * from unnest($1::text[], $2::float8[], $3::text[], $4::text[], $5::text[])
on conflict (id) do nothing`;
const READ = `select id, entry from baldur_journal
where id > $1 and id < $2 and ($3::text[] is null or name = any ($3)) and ($4::text[] is null or level = any ($4))
order by id desc limit $5`;
/** One of those who share the database finds the row as it must be. */
const BEGIN = `update baldur_journal_upkeep set pruned_at = $1
where pruned_at > $1 or pruned_at <= $1::float8 - $2::float8`;
const OLDEST = "select id from baldur_journal order by id desc offset $1::bigint - 1 limit 1";
const REMOVE = `delete from baldur_journal
where id in (select id from baldur_journal where id < $1 order by id limit ${AT_ONCE})`;

export interface SqlJournalStoreOptions {
  readonly database: SqlDatabase;
  readonly clock: Clock;
  readonly onDamaged: OnDamaged;
}

/** Entries of all processes that share a database: a row each. */
export class SqlJournalStore implements JournalStore {
  readonly #options: SqlJournalStoreOptions;
  readonly #schema: Schema;

  constructor(options: SqlJournalStoreOptions) {
    this.#options = options;
    this.#schema = new Schema(options.database, journalMigrations);
  }

  async append(entries: readonly JournalEntry[]): Promise<void> {
    await this.#query(APPEND, [
      entries.map(({ id }) => id),
      entries.map(({ at }) => at.getTime()),
      entries.map(({ name }) => name),
      entries.map(({ level }) => level),
      entries.map(encode),
    ]);
  }

  page(query: StoreQuery): Promise<StorePage> {
    return scan(query, (range, limit) => this.#read(query, range, limit), this.#options.onDamaged);
  }

  async prune({ keep, before, interval }: Pruning): Promise<void> {
    const { count } = await this.#query(BEGIN, [this.#options.clock.now(), interval]);
    if (count === 0) return;
    const { rows } = await this.#query(OLDEST, [keep]);
    const first = highest(idFloor(before), String(rows[0]?.["id"] ?? ""));
    let removed = AT_ONCE;
    while (removed === AT_ONCE) removed = (await this.#query(REMOVE, [first])).count;
  }

  async #read({ names, level }: StoreQuery, range: Range, limit: number): Promise<readonly Stored[]> {
    const narrowed = [names ?? null, level === undefined ? null : levelsFrom(level)];
    const { rows } = await this.#query(READ, [range.above, range.below, ...narrowed, limit]);
    return rows.map(({ id, entry }) => ({ id: String(id), text: String(entry) }));
  }

  async #query(text: string, values: readonly unknown[]): Promise<SqlResult> {
    await this.#schema.ensure();
    return this.#options.database.query(text, values);
  }
}
