import {
  boolean,
  defineSettings,
  duration,
  integer,
  type SettingsGroup,
  secret,
  text,
} from "@baldur/core/plugin";

const SECOND = 1000;
const HIGHEST_PORT = 65_535;

/** Settings of Postgres; durations in milliseconds. @public */
export interface SqlSettings {
  password: string | undefined;
  poolSize: number;
  connectTimeout: number;
  statementTimeout: number;
  schemaManaged: boolean;
  autocommit: boolean;
  listen: boolean;
  tlsEnabled: boolean;
  tlsVerify: boolean;
  tlsCaBundlePath: string | undefined;
  tlsCertificatePath: string | undefined;
  tlsKeyPath: string | undefined;
  host: string | undefined;
  port: number;
  database: string | undefined;
  user: string | undefined;
}

export const sqlSettings: SettingsGroup<SqlSettings> = defineSettings<SqlSettings>("sql", {
  prefix: "BALDUR_SQL_",
  help: "How the Postgres of BALDUR_SQL_DSN is reached, how long it is waited for, and who makes its tables.",
  fields: {
    password: secret({ env: "PASSWORD", help: "password of the user; wins over one in the DSN" }),
    poolSize: integer({ env: "POOL_SIZE", default: 10, min: 1, max: 1000, help: "connections at most" }),
    connectTimeout: duration({
      env: "CONNECT_TIMEOUT",
      unit: "s",
      default: 2 * SECOND,
      min: 0.1 * SECOND,
      max: 60 * SECOND,
      help: "how long making a connection may take, or waiting for one that is in use",
    }),
    statementTimeout: duration({
      env: "STATEMENT_TIMEOUT",
      unit: "s",
      default: 5 * SECOND,
      min: 0.1 * SECOND,
      max: 600 * SECOND,
      help: "a statement that is not answered by then fails, and its connection is given up",
    }),
    schemaManaged: boolean({
      env: "SCHEMA_MANAGED",
      default: true,
      help: "make and change the tables at the start; false: only check that they are there",
    }),
    autocommit: boolean({
      env: "AUTOCOMMIT",
      default: false,
      help: "true: never begin a transaction, for poolers that let none through; tables must then be made by hand",
    }),
    listen: boolean({
      env: "LISTEN",
      default: true,
      help: "hold one connection that changes are announced on; false where a pooler gives sessions away: changes are then polled for",
    }),
    tlsEnabled: boolean({
      env: "TLS_ENABLED",
      default: false,
      help: "encrypt connections; a DSN with `sslmode` decides by itself",
    }),
    tlsVerify: boolean({
      env: "TLS_VERIFY_SSL",
      default: true,
      help: "refuse a server whose certificate does not hold",
    }),
    tlsCaBundlePath: text<string | undefined>({
      env: "TLS_CA_BUNDLE_PATH",
      help: "file of certificates to trust in place of the well-known ones",
    }),
    tlsCertificatePath: text<string | undefined>({
      env: "TLS_CERTIFICATE_PATH",
      help: "file of the certificate that this process shows; needs TLS_KEY_PATH",
    }),
    tlsKeyPath: text<string | undefined>({
      env: "TLS_KEY_PATH",
      help: "file of that certificate's private key",
    }),
    host: text<string | undefined>({
      envName: "BALDUR_POSTGRES_HOST",
      help: "host or folder of a socket, where BALDUR_SQL_DSN is unset",
    }),
    port: integer({
      envName: "BALDUR_POSTGRES_PORT",
      default: 5432,
      min: 1,
      max: HIGHEST_PORT,
      help: "its port",
    }),
    database: text<string | undefined>({
      envName: "BALDUR_POSTGRES_DATABASE",
      help: "its database; default: the name of the user",
    }),
    user: text<string | undefined>({
      envName: "BALDUR_POSTGRES_USER",
      help: "its user; default: the user of the system",
    }),
  },
});
