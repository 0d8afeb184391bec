import { SqlJournalStore } from "@baldur/core/source/journal/stores/sql.js";
import { journalStoreContract } from "@baldur/core/test/journal/contract.js";
import { afterAll, beforeAll, jest } from "@jest/globals";
import { Postgres, runs } from "../fixture.js";

jest.setTimeout(60_000);

let postgres: Postgres;
beforeAll(async () => {
  postgres = await Postgres.start();
});
afterAll(() => postgres[Symbol.asyncDispose]());

journalStoreContract({
  name: "the store in Postgres",
  runs: runs(5),
  create: async (clock, onDamaged) => {
    await postgres.newDatabase();
    const [database, other] = [await postgres.open(), await postgres.open()];
    return {
      store: new SqlJournalStore({ database, clock, onDamaged }),
      other: new SqlJournalStore({ database: other, clock, onDamaged }),
      damage: (id, text) => database.query("update baldur_journal set entry = $2 where id = $1", [id, text]),
      close: () => postgres.closeAll(),
    };
  },
});
