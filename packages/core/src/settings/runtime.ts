import { boolean, choice, defineSettings, list, type SettingsGroup, secret, text } from "./define.js";

/** @public */
export interface RuntimeSettings {
  environment: string | undefined;
  suppressUnknownEnvWarning: boolean;
  executionMode: "active" | "shadow" | "evaluation";
  plugins: readonly string[] | undefined;
}

export const runtimeSettings: SettingsGroup<RuntimeSettings> = defineSettings<RuntimeSettings>("runtime", {
  prefix: "BALDUR_",
  help: "The process as a whole.",
  fields: {
    environment: text<string | undefined>({
      env: "ENVIRONMENT",
      help: "`production` refuses to start on stores that forget; any other word does not",
    }),
    suppressUnknownEnvWarning: boolean({
      env: "SUPPRESS_UNKNOWN_ENV_WARNING",
      default: false,
      help: "say nothing about BALDUR_ variables that nobody reads",
    }),
    executionMode: choice({
      env: "EXECUTION_MODE",
      values: ["active", "shadow", "evaluation"],
      default: "active",
      help: "`shadow` and `evaluation` decide and report without acting, like a dry run",
    }),
    plugins: list({
      env: "PLUGINS",
      help: "packages to load instead of searching for them; `none` loads none",
    }),
  },
});

/** @public */
export interface StorageSettings {
  dataDir: string | undefined;
  redisUrl: string | undefined;
  sqlDsn: string | undefined;
}

export const storageSettings: SettingsGroup<StorageSettings> = defineSettings<StorageSettings>("storage", {
  prefix: "BALDUR_",
  help: "Where state is kept beyond the process; each needs its package.",
  fields: {
    dataDir: text<string | undefined>({
      env: "DATA_DIR",
      help: "folder shared by the processes of one host",
    }),
    redisUrl: secret({ env: "REDIS_URL", help: "state shared by a fleet" }),
    sqlDsn: secret({ env: "SQL_DSN", help: "durable state that can be queried" }),
  },
});

/** Words that people use for production and that would silently mean something else. */
const LOOK_ALIKES: readonly string[] = ["prod", "live", "release", "stable"];
const PRODUCTION = "production";

/** What is wrong with the name of the environment, if anything. */
export function environmentProblem({ environment }: RuntimeSettings): string | undefined {
  if (environment === undefined || !LOOK_ALIKES.includes(environment.toLowerCase())) return undefined;
  return `BALDUR_ENVIRONMENT must be "${PRODUCTION}" for production; received ${JSON.stringify(environment)}`;
}

export function isProduction({ environment }: RuntimeSettings): boolean {
  return environment?.toLowerCase() === PRODUCTION;
}
