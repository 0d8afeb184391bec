import type { FileHandle } from "node:fs/promises";
import type { EntitlementRequest } from "@baldur/core/plugin";

/** A token, or why there is none. */
export type Carried = { readonly token: string } | { readonly missing: string };

const KEY = "BALDUR_LICENSE_KEY";
const FILE = "BALDUR_LICENSE_FILE";
/** More than a licence may have; the rest of a larger file is left alone. */
const MOST_BYTES = 262_144;
const LONGEST_PATH = 4096;
const TOKEN = /^(?:\{|e[wy][\w+/=\s-]{98})/;
const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  ENOTDIR: "it does not exist",
  EACCES: "it may not be read by this process",
  EPERM: "it may not be read by this process",
  EISDIR: "it is a folder",
  ENAMETOOLONG: "its name is too long",
  TOO_LARGE: "it is larger than 256 KiB",
  ERR_ENCODING_INVALID_ENCODED_DATA: "it is not UTF-8",
};

/** Fetches the token from where the operator put it: the variable itself, or the file that another names. Never rejects. */
export async function fetchToken(env: EntitlementRequest["env"]): Promise<Carried> {
  const token = env(KEY)?.trim();
  if (token) return { token };
  const path = env(FILE)?.trim();
  if (!path) return { missing: `no licence is set: neither ${KEY} nor ${FILE}` };
  if (path.length > LONGEST_PATH || TOKEN.test(path))
    return { missing: `${FILE} must name a file; a licence itself belongs in ${KEY}` };
  return fromFile(path);
}

async function fromFile(path: string): Promise<Carried> {
  try {
    const token = (await read(path)).trim();
    return token === "" ? { missing: `the licence file ${path} is empty` } : { token };
  } catch (error) {
    const { code } = error as { code?: string };
    return { missing: `cannot read the licence file ${path}: ${PROBLEMS[`${code}`] ?? code}` };
  }
}

async function read(path: string): Promise<string> {
  const { open } = await import("node:fs/promises");
  const file = await open(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await bytesOf(file));
  } finally {
    await file.close();
  }
}

async function bytesOf(file: FileHandle): Promise<Uint8Array> {
  const buffer = Buffer.alloc(MOST_BYTES + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  if (length > MOST_BYTES) throw Object.assign(new Error("too large"), { code: "TOO_LARGE" });
  return buffer.subarray(0, length);
}
