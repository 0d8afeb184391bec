import { AdapterNotFoundError, ConfigurationError } from "../errors.js";
import { isProduction, type RuntimeSettings, type StorageSettings } from "../settings/runtime.js";

/** What a plugin provides that keeps state; the kind under which it registers its factory. @public */
export type StorageKind = "redis" | "sql" | "embedded";

/** The packages that provide them. */
export const PACKAGES: Readonly<Record<StorageKind, string>> = {
  redis: "@baldur/redis",
  sql: "@baldur/postgres",
  embedded: "@baldur/embedded",
};

type Server = "redis" | "sql";
const SERVERS: readonly Server[] = ["redis", "sql"];

export interface StorageRequirements {
  readonly runtime: Readonly<RuntimeSettings>;
  readonly storage: Readonly<StorageSettings>;
  readonly control: { readonly backend: string };
  /** Whether an active plugin provides it. */
  isProvided(kind: StorageKind): boolean;
  /** Whether the server of that kind answered when it was opened. */
  isReached(kind: Server): boolean;
  /** Why the embedded store that a plugin provides cannot be used. */
  readonly embeddedProblem?: string | undefined;
  /** Why servers that answer take no writes. */
  readonly unwritable?: readonly string[];
}

/** Throws `AdapterNotFoundError` for a store that is configured and provided by nobody. */
export function requireConfiguredStores({ storage, control, isProvided }: StorageRequirements): void {
  const wanted: [variable: string, kind: StorageKind][] = [];
  if (storage.redisUrl !== undefined) wanted.push(["BALDUR_REDIS_URL", "redis"]);
  if (storage.sqlDsn !== undefined) wanted.push(["BALDUR_SQL_DSN", "sql"]);
  const { backend } = control;
  if (isStorageKind(backend)) wanted.push([`BALDUR_SYSTEM_CONTROL_BACKEND=${backend}`, backend]);
  const missing = wanted.find(([, kind]) => !isProvided(kind));
  if (missing === undefined) return;
  const [variable, kind] = missing;
  const remedy = `${variable} is set; install ${PACKAGES[kind]} as a dependency of the application`;
  throw new AdapterNotFoundError("storage", kind, remedy);
}

/** Throws `ConfigurationError` with everything that production needs and that is missing. */
export function requireDurableStores(requirements: StorageRequirements): void {
  const { runtime, control, embeddedProblem } = requirements;
  if (!isProduction(runtime)) return;
  const problems = hasFolder(requirements) ? [] : forgetting(requirements);
  if (embeddedProblem !== undefined) problems.push(embeddedProblem);
  if (control.backend === "memory") {
    problems.push("the kill switch would forget with the process: set BALDUR_SYSTEM_CONTROL_BACKEND to file");
  }
  if (problems.length === 0) return;
  throw new ConfigurationError(`BALDUR_ENVIRONMENT is production, and ${problems.join("; ")}`, { problems });
}

/** A folder of the application's remembers what was done, whatever the servers are in for. */
function hasFolder({ storage, isProvided }: StorageRequirements): boolean {
  return isProvided("embedded") && storage.dataDir !== undefined;
}

/** Why work that was done would be done again, where nothing but servers remembers it. */
function forgetting({ isProvided, isReached, unwritable = [] }: StorageRequirements): string[] {
  const servers = SERVERS.filter(isProvided);
  if (servers.some(isReached)) return [...unwritable];
  const ways = [
    `set BALDUR_DATA_DIR and install ${PACKAGES.embedded}`,
    `set BALDUR_REDIS_URL and install ${PACKAGES.redis}`,
    `set BALDUR_SQL_DSN and install ${PACKAGES.sql}`,
  ];
  if (servers.length === 0) return [`idempotency would forget with the process: ${ways.join(", or ")}`];
  return [
    `no server that is to remember what was done answers (${servers.join(" and ")}); ${ways[0]} to start without`,
  ];
}

function isStorageKind(backend: string): backend is StorageKind {
  return Object.hasOwn(PACKAGES, backend);
}
