import { type FileHandle, open } from "node:fs/promises";
import type { Identity } from "./place.js";

/** Where the first page of an LMDB file says what it is; the second page repeats it one page further. */
const MAGIC_AT = 24;
/** With which the engine marks the files that are its own. */
export const MAGIC = 0xbeefc0de;
const VERSION = 2;
const PAGE_SIZE_AT = 48;
const LAST_PAGE_AT = 144;
const META_LENGTH = 160;
const SMALLEST_PAGE = 256;
const LARGEST_PAGE = 65_536;
const LARGEST_FILE = 2 ** 40;

/** A file as it is found. */
export interface Found extends Identity {
  /** What is wrong with it to begin with. The engine maps it without asking, and garbage ends the process. */
  readonly problem?: string;
  /** Bytes that it should have at least, by its own account. */
  readonly length: number;
  readonly isShort: boolean;
}

/** Looks at the head of the file; undefined where there is none. */
export async function examine(file: string): Promise<Found | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const head = Buffer.alloc(LARGEST_PAGE + META_LENGTH);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    const { dev: device, ino: inode, size } = await handle.stat({ bigint: true }); // afterwards: a file in use only grows
    const described = describe(head.subarray(0, bytesRead));
    if (typeof described === "string")
      return { device, inode, problem: described, length: 0, isShort: false };
    return { device, inode, length: described, isShort: size < described };
  } finally {
    await handle.close();
  }
}

/** Bytes that the file should have, or what is wrong with it. */
function describe(head: Buffer): number | string {
  if (!isMeta(head, 0)) return "it does not begin as the file of an embedded store";
  const page = head.readUInt32LE(PAGE_SIZE_AT);
  const isPage = page >= SMALLEST_PAGE && page <= LARGEST_PAGE && (page & (page - 1)) === 0;
  if (!isPage || !isMeta(head, page)) return "its second page is damaged or missing";
  const length = Math.max(pagesAt(head, 0), pagesAt(head, page)) * page;
  return length <= LARGEST_FILE ? length : "its first pages are damaged";
}

function isMeta(head: Buffer, at: number): boolean {
  if (head.length < at + META_LENGTH) return false;
  return head.readUInt32LE(at + MAGIC_AT) === MAGIC && head.readUInt16LE(at + MAGIC_AT + 4) === VERSION;
}

function pagesAt(head: Buffer, at: number): number {
  return Number(head.readBigUInt64LE(at + LAST_PAGE_AT)) + 1;
}
