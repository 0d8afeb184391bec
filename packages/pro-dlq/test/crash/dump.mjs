// Says what is in the stores of the folders, in a process that never had them open: a line of JSON for each.
import { createRequire } from "node:module";
import { join } from "node:path";

const { open } = createRequire(import.meta.resolve("@baldur/embedded"))("lmdb");

for (const folder of process.argv.slice(2)) {
  const database = open({ path: join(folder, "state", "state.lmdb"), encoding: "string" });
  const content = [...database.getRange({})].map(({ key, value }) => [key, value]);
  process.stdout.write(`${JSON.stringify(content)}\n`);
  await database.close();
}
