// Baldur with its state on servers. Apart from `baldur.mjs`, so that the other cases load neither Redis nor Postgres.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBaldur, init } from "@baldur/core";

const silent = () => undefined;
const SILENT = { debug: silent, info: silent, warn: silent, error: silent };
/** Who comes back need not wait for others. */
const SETTINGS = { resilientStorage: { recoveryJitterMax: 0, recoveryProbeInterval: 1000 } };

/** A runtime that shares nothing. */
export const alone = () =>
  createBaldur({ discover: false, logger: SILENT, settings: { control: { backend: "memory" } } }).start();

/** A runtime that shares what it has on the servers of these plugins. */
export const joined = (...plugins) => createBaldur(options(plugins)).start();

/** The same as the runtime of the module's functions. */
export const joinedByDefault = (...plugins) => init(options(plugins));

/** With a folder of its own, which goes with the process. */
function options(plugins) {
  const folder = mkdtempSync(join(tmpdir(), "baldur-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const env = { BALDUR_DATA_DIR: folder };
  return { discover: false, logger: SILENT, settings: SETTINGS, env, plugins };
}
