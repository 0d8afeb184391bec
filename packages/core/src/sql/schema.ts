import type { SqlDatabase, SqlMigration } from "./sql.js";

/** The tables of a store: made, or looked for, before it is first used, which may be long after the start. */
export class Schema {
  #isThere = false;
  #making: Promise<void> | undefined;

  constructor(
    private readonly database: SqlDatabase,
    private readonly migrations: readonly SqlMigration[],
  ) {}

  /** Resolves when they are there. Rejects as `migrate` does, and tries again when it is asked again. */
  async ensure(): Promise<void> {
    if (this.#isThere) return;
    this.#making ??= this.database.migrate(this.migrations).finally(() => {
      this.#making = undefined;
    });
    await this.#making;
    this.#isThere = true;
  }
}
