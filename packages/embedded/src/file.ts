import { open, rename, rm, stat, truncate } from "node:fs/promises";

/** Where the first page of an LMDB file says what it is; the second page repeats it one page further. */
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;
const VERSION = 2;
const PAGE_SIZE_AT = 48;
const SMALLEST_PAGE = 256;
const LARGEST_PAGE = 65_536;

/** What is wrong with the head of the file, if anything. The engine maps it without asking, and garbage ends the process. */
export async function headProblem(file: string): Promise<string | undefined> {
  const size = await sizeOf(file);
  if (size === undefined || size === 0) return undefined; // new
  const handle = await open(file, "r");
  try {
    const head = Buffer.alloc(LARGEST_PAGE + PAGE_SIZE_AT + 4);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    return describe(head.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

function describe(head: Buffer): string | undefined {
  if (!isMeta(head, 0)) return "it does not begin as the file of an embedded store";
  const page = head.readUInt32LE(PAGE_SIZE_AT);
  const isPage = page >= SMALLEST_PAGE && page <= LARGEST_PAGE && (page & (page - 1)) === 0;
  if (!isPage || !isMeta(head, page)) return "its second page is damaged or missing";
  return undefined;
}

function isMeta(head: Buffer, at: number): boolean {
  if (head.length < at + PAGE_SIZE_AT + 4) return false;
  return head.readUInt32LE(at + MAGIC_AT) === MAGIC && head.readUInt16LE(at + MAGIC_AT + 4) === VERSION;
}

/**
 * Makes the file as long as its head says, and answers whether that was needed. Reading a map beyond the end of its file
 * ends the process; reading zeros is an error that can be caught. A few missing pages at the end may be free ones that were
 * never written, so the length alone proves no damage.
 */
export async function lengthen(file: string, length: number): Promise<boolean> {
  const size = (await sizeOf(file)) ?? 0;
  if (size >= length) return false;
  await truncate(file, length);
  return true;
}

/** Puts a damaged file aside, with what belongs to it. Answers its new name; undefined when another process was first. */
export async function putAside(file: string, at: number): Promise<string | undefined> {
  const keptAs = `${file}.corrupt-${at}`;
  try {
    await rename(file, keptAs);
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
  await rm(`${file}-lock`, { force: true });
  return keptAs;
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
}
