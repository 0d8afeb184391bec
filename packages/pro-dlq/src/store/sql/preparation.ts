import { AdapterError } from "@baldur/core";
import type { SqlDatabase } from "@baldur/core/plugin";
import { MIGRATIONS } from "./schema.js";

/** The tables of the queue. Until they could be made nothing else is asked of the database. */
export class Preparation {
  #isDone = false;
  #running: Promise<void> | undefined;

  constructor(
    private readonly database: Pick<SqlDatabase, "migrate">,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Rejects with `AdapterError` while they cannot be made; whoever asks next tries again. */
  async done(): Promise<void> {
    if (this.#isDone) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  /** They are not there any more: they are made again before anything else is asked. */
  undo(): void {
    this.#isDone = false;
  }

  async #run(): Promise<void> {
    try {
      await this.database.migrate(MIGRATIONS);
      this.#isDone = true;
    } catch (error) {
      this.onFailure(error);
      if (error instanceof AdapterError) throw error;
      throw new AdapterError(`the tables of the queue: ${(error as Error).message}`, { cause: error });
    }
  }
}
