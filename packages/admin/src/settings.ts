import {
  boolean,
  defineSettings,
  duration,
  integer,
  list,
  type SettingsGroup,
  secret,
  text,
} from "@baldur/core/plugin";

const SECOND = 1000;
const KIB = 1024;
const MIB = 1024 * KIB;

/** Settings of the control API and its server; durations in milliseconds. @public */
export interface AdminSettings {
  enabled: boolean;
  autostart: boolean;
  bind: string;
  port: number;
  key: string | undefined;
  apiKey: string | undefined;
  readonlyKey: string | undefined;
  trustProxy: boolean;
  identityHeader: string;
  unlock: boolean;
  consoleEnabled: boolean;
  openapiEnabled: boolean;
  allowedOrigins: readonly string[] | undefined;
  requestTimeout: number;
  maxBodyBytes: number;
}

export const adminSettings: SettingsGroup<AdminSettings> = defineSettings<AdminSettings>("admin", {
  prefix: "BALDUR_ADMIN_",
  help: "The control API, its server and the web console.",
  fields: {
    enabled: boolean({ env: "ENABLED", default: true, help: "whether there is an admin server at all" }),
    autostart: boolean({
      env: "AUTOSTART",
      default: true,
      help: "start the server with the runtime that init() makes; else it waits for startAdminServer()",
    }),
    bind: text({
      env: "BIND",
      default: "127.0.0.1",
      help: "address to listen on; beyond loopback a key is needed",
    }),
    port: integer({
      env: "PORT",
      default: 9090,
      min: 0,
      max: 65_535,
      help: "port to listen on; 0 takes a free one",
    }),
    key: secret({
      env: "KEY",
      help: "who sends it as X-Baldur-Admin-Key is an operator; without any key only loopback is let in",
    }),
    apiKey: secret({ env: "API_KEY", help: "another name for KEY, which wins" }),
    readonlyKey: secret({
      env: "READONLY_KEY",
      help: "who sends it may look and change nothing; must differ from KEY",
    }),
    trustProxy: boolean({
      env: "TRUST_PROXY",
      default: false,
      help: "a proxy in front says who asks, in IDENTITY_HEADER, and lets nobody else say it",
    }),
    identityHeader: text({
      env: "IDENTITY_HEADER",
      default: "X-Forwarded-Email",
      help: "header that names who asks; read with TRUST_PROXY only",
    }),
    unlock: boolean({
      env: "UNLOCK",
      default: false,
      help: "allow what is destructive or privileged; locked, it is refused to everyone",
    }),
    consoleEnabled: boolean({ env: "CONSOLE_ENABLED", default: true, help: "serve the web console at `/`" }),
    openapiEnabled: boolean({
      envName: "BALDUR_OPENAPI_ENABLED",
      default: true,
      help: "serve the description of the API at `/schema` and `/docs`",
    }),
    allowedOrigins: list({
      env: "ALLOWED_ORIGINS",
      help: "host names, or origins, that a browser may use besides loopback and BIND",
    }),
    requestTimeout: duration({
      env: "REQUEST_TIMEOUT_SECONDS",
      unit: "s",
      default: 30 * SECOND,
      min: 0.1 * SECOND,
      max: 300 * SECOND,
      help: "how long a request may take to arrive, and its answer to be found",
    }),
    maxBodyBytes: integer({
      env: "MAX_BODY_BYTES",
      default: MIB,
      min: KIB,
      max: 16 * MIB,
      help: "largest body that is read",
    }),
  },
});
