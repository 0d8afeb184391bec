import type { FileHandle } from "node:fs/promises";
import {
  declaredLength,
  decodeRecord,
  HEADER_BYTES,
  judgeHeader,
  PREFIX_BYTES,
  VERSION_AT,
  type WalRecord,
} from "./record.js";
import { nextPlausible, nextWhole } from "./repair.js";

const CHUNK = 256 * 1024;

/** Damage that was met: so many places in so many bytes. */
export interface Damage {
  places: number;
  bytes: number;
}

/** How damage is met: `strict` stops where it cannot tell where the next record begins, `best-effort` looks for it. */
export type Reading = "strict" | "best-effort";

/** The version of a file is another one: nothing of it is read. */
export class UnknownVersion extends Error {}

/** Finds the records in the bytes of a file, given in pieces and in order. Never throws for what the bytes are. */
export class Decoder {
  readonly damage: Damage = { places: 0, bytes: 0 };
  #rest: Buffer = Buffer.alloc(0);
  #inDamage = false;
  #stopped = false;

  constructor(private readonly reading: Reading) {}

  /** Nothing behind this is read. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Bytes that wait for the rest of their record. */
  get waiting(): number {
    return this.#rest.length;
  }

  /** To be called before anything else when the header is none: best-effort meets its bytes like any others. */
  loseHeader(bytes: Buffer): void {
    this.#rest = bytes;
    if (this.reading === "strict") this.#stop(bytes.length);
  }

  /** The records that are whole by now. `ended`: there are no more bytes. */
  decode(bytes: Buffer, ended: boolean): WalRecord[] {
    const buffer = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const found: WalRecord[] = [];
    for (let at: number | undefined = 0; at !== undefined && !this.#stopped && at < buffer.length; ) {
      this.#rest = buffer.subarray(at);
      at = this.#step(buffer, at, ended, found);
      if (at !== undefined) this.#rest = buffer.subarray(at);
    }
    return found;
  }

  /** Where to go on; undefined where more bytes are needed, or where the file ends amid a record. */
  #step(buffer: Buffer, at: number, ended: boolean, found: WalRecord[]): number | undefined {
    const isPrefixThere = at + PREFIX_BYTES <= buffer.length;
    const length = isPrefixThere ? declaredLength(buffer, at) : undefined;
    if (isPrefixThere && length === undefined) return this.#lost(buffer, at);
    const end = at + PREFIX_BYTES + (length ?? 0);
    if (length === undefined || end > buffer.length) return ended ? this.#torn(buffer, at) : undefined;
    const record = decodeRecord(buffer, at, length);
    if (record === undefined) return this.#mistaken(buffer, at, end);
    this.#inDamage = false;
    found.push(record);
    return end;
  }

  #mistaken(buffer: Buffer, at: number, end: number): number | undefined {
    if (this.reading === "best-effort") return this.#lost(buffer, at);
    this.#count(end - at);
    this.#inDamage = false; // the next one begins where this one says
    return end;
  }

  #lost(buffer: Buffer, at: number): number | undefined {
    if (this.reading === "strict") return this.#stop(buffer.length - at);
    const next = nextPlausible(buffer, at);
    this.#count(next - at);
    return next;
  }

  /** What a crash leaves is no damage, unless there is a record within: then the length was damaged. */
  #torn(buffer: Buffer, at: number): number | undefined {
    if (this.reading === "strict") return undefined;
    const next = nextWhole(buffer, at);
    if (next !== undefined) this.#count(next - at);
    return next;
  }

  #stop(bytes: number): undefined {
    this.#count(bytes);
    this.#stopped = true;
  }

  /** Neighbouring damage is one place. */
  #count(bytes: number): void {
    if (!this.#inDamage) this.damage.places++;
    this.damage.bytes += bytes;
    this.#inDamage = true;
  }
}

/**
 * The records of a file, as many at a time as a piece of it holds, up to the byte `end`. Memory is bounded by the longest
 * record. Throws `UnknownVersion`, and what the file system throws.
 */
export async function* readRecords(
  file: Pick<FileHandle, "read">,
  decoder: Decoder,
  end: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly WalRecord[]> {
  const start = await read(file, 0, Math.min(HEADER_BYTES, end));
  const judgement = judgeHeader(start);
  if (judgement === "unknown_version") throw new UnknownVersion(`version ${start.readUInt16BE(VERSION_AT)}`);
  if (judgement === "torn") return;
  if (judgement === "damaged") decoder.loseHeader(start);
  for (let offset = start.length, ended = false; !ended && !decoder.stopped; ) {
    const wanted = Math.min(Math.max(CHUNK, decoder.waiting), end - offset);
    const bytes = await read(file, offset, wanted);
    ended = bytes.length < wanted || wanted <= 0;
    offset += bytes.length;
    yield decoder.decode(bytes, ended);
  }
}

/** Fewer bytes than asked for: the file has no more. */
async function read(file: Pick<FileHandle, "read">, position: number, length: number): Promise<Buffer> {
  if (length <= 0) return Buffer.alloc(0);
  const bytes = Buffer.allocUnsafe(length);
  for (let filled = 0; ; ) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled);
    filled += bytesRead;
    if (bytesRead === 0 || filled === length) return bytes.subarray(0, filled);
  }
}
