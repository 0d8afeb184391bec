import { readFile } from "node:fs/promises";
import type { ConnectionOptions } from "node:tls";
import { ConfigurationError } from "@baldur/core";
import type { RedisSettings } from "./settings.js";

type TlsSettings = Pick<RedisSettings, "tlsCaBundlePath" | "tlsCertificatePath" | "tlsKeyPath" | "tlsVerify">;

/** Reads the files. Rejects with `ConfigurationError` that names the variable of one that cannot be read. */
export async function readTls(settings: Readonly<TlsSettings>): Promise<ConnectionOptions> {
  const { tlsCaBundlePath, tlsCertificatePath, tlsKeyPath, tlsVerify } = settings;
  if ((tlsCertificatePath === undefined) !== (tlsKeyPath === undefined))
    throw new ConfigurationError(
      "BALDUR_REDIS_TLS_CERTIFICATE_PATH and BALDUR_REDIS_TLS_KEY_PATH go together",
    );
  const [ca, cert, key] = await Promise.all([
    read("BALDUR_REDIS_TLS_CA_BUNDLE_PATH", tlsCaBundlePath),
    read("BALDUR_REDIS_TLS_CERTIFICATE_PATH", tlsCertificatePath),
    read("BALDUR_REDIS_TLS_KEY_PATH", tlsKeyPath),
  ]);
  return { rejectUnauthorized: tlsVerify, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

/** Throws `ConfigurationError` where files are named for a connection that would not be encrypted. */
export function refuseTls({ tlsCaBundlePath, tlsCertificatePath, tlsKeyPath }: Readonly<TlsSettings>): void {
  if ((tlsCaBundlePath ?? tlsCertificatePath ?? tlsKeyPath) === undefined) return;
  throw new ConfigurationError(
    "BALDUR_REDIS_TLS_ files are of use with rediss:// or rediss+cluster:// alone, and the URL has another scheme; Sentinels over TLS are not supported",
  );
}

async function read(variable: string, path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (cause) {
    throw new ConfigurationError(
      `${variable} must name a file that can be read: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}
