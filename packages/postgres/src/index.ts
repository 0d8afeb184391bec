import type { Plugin } from "@baldur/core/plugin";
import { postgres } from "./plugin.js";

export { declarations } from "./declarations.js";
export { PostgresStatementError, PostgresUnavailableError } from "./errors.js";
export { type PostgresOptions, postgres } from "./plugin.js";
export type { SqlSettings } from "./settings.js";
export { withTransaction } from "./transaction.js";

/** For discovery. @public */
export const plugin = (): Plugin => postgres();
