import type { Declarations, ErrorDeclaration } from "@baldur/core/plugin";
import * as events from "./events.js";
import * as metrics from "./metrics.js";
import { sqlSettings } from "./settings.js";

const errors: readonly ErrorDeclaration[] = [
  {
    name: "PostgresUnavailableError",
    code: "ERR_BALDUR_POSTGRES_UNAVAILABLE",
    base: "AdapterError",
    help: "Postgres is away, or went away before it answered; what was asked is not asked again",
  },
  {
    name: "PostgresStatementError",
    code: "ERR_BALDUR_POSTGRES_STATEMENT",
    base: "AdapterError",
    help: "Postgres answered that it does not carry the statement out",
  },
];

/** Everything that the package declares. @public */
export function declarations(): Declarations {
  return { errors, settings: [sqlSettings], events: Object.values(events), metrics: Object.values(metrics) };
}
