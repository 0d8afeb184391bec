import { AdapterError } from "../errors.js";

/** One entry of a log. */
export interface WalRecord {
  /** Rises within a file, and over the files of one log. */
  readonly seq: number;
  /** Wall time in milliseconds. */
  readonly ts: number;
  readonly data: unknown;
}

/** A longer record is refused when it is written and never looked for when files are read. */
export const RECORD_CAP: number = 16 * 2 ** 20;
export const HEADER_BYTES = 8;
/** Length and digits of the checksum. */
export const PREFIX_BYTES = 12;
/** How the JSON of every record begins. */
export const BEGINNING = '{"seq":';

const MAGIC = Buffer.from("AWAL");
const VERSION = 1;
export const VERSION_AT = 4;
const LENGTH_BYTES = 4;
const CRC_DIGITS = 8;
const HEX = 16;
const LONGEST_CHARACTER = 3;
const ROOM = 64 * 1024;
/** What a buffer that is used again may hold on to. */
const MOST_ROOM = 4 * 2 ** 20;
const [ZERO, NINE, A, F] = [0x30, 0x39, 0x61, 0x66];

export function header(): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt16BE(VERSION, VERSION_AT);
  return bytes;
}

/** What the beginning of a file says; `bytes` are at most as many as a header has. */
export function judgeHeader(bytes: Buffer): "known" | "unknown_version" | "torn" | "damaged" {
  const magic = bytes.subarray(0, MAGIC.length);
  if (bytes.length < HEADER_BYTES) return header().indexOf(bytes) === 0 ? "torn" : "damaged";
  if (!magic.equals(MAGIC)) return "damaged";
  return bytes.readUInt16BE(VERSION_AT) === VERSION ? "known" : "unknown_version";
}

/** Records as a file has them, one behind the other. Grows as they come. */
export class RecordBuffer {
  #bytes: Buffer = Buffer.allocUnsafe(ROOM);
  #length = 0;
  #count = 0;
  #first = 0;

  /** `seq` of the first record. */
  get first(): number {
    return this.#first;
  }

  get count(): number {
    return this.#count;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Throws `AdapterError` for a record above the cap, and what `JSON.stringify` throws; then nothing is added. */
  add({ seq, ts, data }: WalRecord): void {
    const json = `${BEGINNING}${seq},"ts":${ts},"data":${JSON.stringify(data)}}`;
    if (json.length > RECORD_CAP) throw tooLong(json.length);
    this.#reserve(PREFIX_BYTES + json.length * LONGEST_CHARACTER);
    const start = this.#length + PREFIX_BYTES;
    const size = this.#bytes.write(json, start);
    if (size > RECORD_CAP) throw tooLong(size);
    this.#bytes.writeUInt32BE(size, this.#length);
    this.#bytes.write(
      digits(this.#bytes.subarray(start, start + size)),
      this.#length + LENGTH_BYTES,
      "latin1",
    );
    this.#length = start + size;
    if (this.#count++ === 0) this.#first = seq;
  }

  addAll({ bytes, count, first }: RecordBuffer): void {
    if (this.#count === 0) this.#first = first;
    this.#reserve(bytes.length);
    bytes.copy(this.#bytes, this.#length);
    this.#length += bytes.length;
    this.#count += count;
  }

  clear(): void {
    if (this.#bytes.length > MOST_ROOM) this.#bytes = Buffer.allocUnsafe(ROOM);
    this.#length = 0;
    this.#count = 0;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.bytes.copy(grown);
    this.#bytes = grown;
  }
}

/** The length that a record declares; undefined where none can begin. At least the prefix must be there. */
export function declaredLength(buffer: Buffer, at: number): number | undefined {
  const length = buffer.readUInt32BE(at);
  if (length < BEGINNING.length || length > RECORD_CAP) return undefined;
  for (let digit = at + LENGTH_BYTES; digit < at + PREFIX_BYTES; digit++) {
    if (!isHexDigit(buffer[digit] as number)) return undefined;
  }
  return length;
}

/** The record of so many bytes of JSON; undefined where it is damaged. */
export function decodeRecord(buffer: Buffer, at: number, length: number): WalRecord | undefined {
  const start = at + PREFIX_BYTES;
  const json = buffer.subarray(start, start + length);
  if (buffer.toString("latin1", at + LENGTH_BYTES, start) !== digits(json)) return undefined;
  try {
    const record = JSON.parse(json.toString()) as Partial<WalRecord> | null;
    const whole =
      Number.isSafeInteger(record?.seq) && Number.isFinite(record?.ts) && record?.data !== undefined;
    return whole ? (record as WalRecord) : undefined;
  } catch {
    return undefined; // the right checksum of what no log has written
  }
}

function tooLong(size: number): AdapterError {
  return new AdapterError(`a record of ${size} bytes is longer than the log takes: ${RECORD_CAP}`);
}

function isHexDigit(code: number): boolean {
  return (code >= ZERO && code <= NINE) || (code >= A && code <= F);
}

function digits(json: Buffer): string {
  // Asked for here: importing the package must not load what most programs never need.
  return process.getBuiltinModule("node:zlib").crc32(json).toString(HEX).padStart(CRC_DIGITS, "0");
}
