import { boolean, defineSettings, duration, type SettingsGroup, secret, text } from "@baldur/core/plugin";

const SECOND = 1000;

/** @public */
export interface RedisSettings {
  plainUrl: string | undefined;
  username: string | undefined;
  password: string | undefined;
  sentinelPassword: string | undefined;
  socketTimeout: number;
  socketConnectTimeout: number;
  probeConnectTimeout: number;
  retryOnTimeout: boolean;
  healthCheckInterval: number;
  tlsCaBundlePath: string | undefined;
  tlsCertificatePath: string | undefined;
  tlsKeyPath: string | undefined;
  tlsVerify: boolean;
  namespace: string | undefined;
}

export const redisSettings: SettingsGroup<RedisSettings> = defineSettings<RedisSettings>("redis", {
  prefix: "BALDUR_REDIS_",
  help: "How the Redis of BALDUR_REDIS_URL is reached, and how long it is waited for.",
  fields: {
    plainUrl: secret({ envName: "REDIS_URL", help: "in use where BALDUR_REDIS_URL is unset" }),
    username: text<string | undefined>({ env: "USERNAME", help: "user, where Redis has access control" }),
    password: secret({ env: "PASSWORD", help: "password of Redis; a URL may not carry it" }),
    sentinelPassword: secret({ env: "SENTINEL_PASSWORD", help: "password of the Sentinels" }),
    socketTimeout: duration({
      env: "SOCKET_TIMEOUT",
      unit: "s",
      default: 5 * SECOND,
      min: 0.1 * SECOND,
      max: 60 * SECOND,
      help: "a command that is not answered by then fails, and the connection is given up",
    }),
    socketConnectTimeout: duration({
      env: "SOCKET_CONNECT_TIMEOUT",
      unit: "s",
      default: 5 * SECOND,
      min: 0.1 * SECOND,
      max: 60 * SECOND,
      help: "how long making one connection may take, up to the first answer",
    }),
    probeConnectTimeout: duration({
      env: "PROBE_CONNECT_TIMEOUT",
      unit: "s",
      default: 0.5 * SECOND,
      min: 0.1 * SECOND,
      max: 60 * SECOND,
      help: "how long a start waits for Redis before it goes on without",
    }),
    retryOnTimeout: boolean({
      env: "RETRY_ON_TIMEOUT",
      default: true,
      help: "a reading that timed out is sent once more where Redis is back within PROBE_CONNECT_TIMEOUT; what writes never is",
    }),
    healthCheckInterval: duration({
      env: "HEALTH_CHECK_INTERVAL",
      unit: "s",
      default: 30 * SECOND,
      min: 5 * SECOND,
      max: 300 * SECOND,
      help: "between looks at the connection for messages, which might be idle and dead; that for commands is looked at all the time",
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
    tlsVerify: boolean({
      env: "TLS_VERIFY_SSL",
      default: true,
      help: "refuse a server whose certificate does not hold",
    }),
    namespace: text<string | undefined>({
      envName: "BALDUR_NAMESPACE_NAME",
      help: "a word after `baldur:` in every key and channel, for applications that share a Redis",
    }),
  },
});
