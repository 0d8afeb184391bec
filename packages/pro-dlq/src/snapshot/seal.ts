import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import { ConfigurationError } from "@baldur/core";

/** Encrypts what is stored, and decrypts it again. */
export interface Seal {
  seal(plain: string): string;
  /** Throws when the text was not sealed with this key, or was altered since. */
  unseal(sealed: string): string;
}

const ALGORITHM = "aes-256-gcm";
const VERSION = 1;
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + IV_BYTES;
/** Part of the key: changing it makes everything sealed so far unreadable. */
const SALT = "baldur/pro-dlq/seal/1";
const HEX = /^[0-9a-f]{64}$/i;
const BASE64 = /^[\w+/-]{43}=?$/;

/**
 * A seal with this key: 32 bytes in base64 or hex are taken as they are; from any other text a key is derived by scrypt,
 * which takes some tens of milliseconds, once. Sealed text is base64url of version, IV, tag and cipher text.
 */
export function createSeal(key: string): Seal {
  const secret = keyOf(key.trim());
  return {
    seal: (plain) => sealed(plain, secret),
    unseal: (text) => unsealed(Buffer.from(text, "base64url"), secret),
  };
}

function keyOf(text: string): Buffer {
  if (text === "") throw new ConfigurationError("the encryption key must not be empty");
  if (HEX.test(text)) return Buffer.from(text, "hex");
  if (BASE64.test(text)) return Buffer.from(text, "base64"); // reads base64url too
  return scryptSync(text, SALT, KEY_BYTES);
}

function sealed(plain: string, key: Buffer): string {
  const header = Buffer.concat([Buffer.of(VERSION), randomBytes(IV_BYTES)]);
  const cipher = createCipheriv(ALGORITHM, key, header.subarray(1), { authTagLength: TAG_BYTES });
  cipher.setAAD(header);
  const text = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
  return Buffer.concat([header, cipher.getAuthTag(), text]).toString("base64url");
}

function unsealed(bytes: Buffer, key: Buffer): string {
  if (bytes[0] !== VERSION || bytes.length < HEADER_BYTES + TAG_BYTES)
    throw new Error("not a text that was sealed");
  const header = bytes.subarray(0, HEADER_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key, header.subarray(1), { authTagLength: TAG_BYTES });
  decipher.setAAD(header);
  decipher.setAuthTag(bytes.subarray(HEADER_BYTES, HEADER_BYTES + TAG_BYTES));
  return Buffer.concat([
    decipher.update(bytes.subarray(HEADER_BYTES + TAG_BYTES)),
    decipher.final(),
  ]).toString("utf8");
}
