import { crc32 } from "node:zlib";

/** Longer payloads are refused when written and never looked for when read. */
export const LONGEST_PAYLOAD: number = 16 * 2 ** 20;

const FORMAT = "baldur-dlq-spill";
const VERSION = 1;
const NEWLINE = 10;
const PREFIX = /^([0-9a-f]{8}) ([0-9a-f]{8}) $/;
const PREFIX_BYTES = 18;
/** What the checksum covers begins behind it and its space. */
const COVERED = 9;
const LONGEST_FRAME = PREFIX_BYTES + LONGEST_PAYLOAD + 1;

/** What lies at the beginning of a buffer; `size` is in bytes. */
export type Found =
  /** `strays` of its last bytes are no part of it: what stands where the newline should be. */
  | { readonly kind: "record"; readonly payload: string; readonly size: number; readonly strays: number }
  | { readonly kind: "damage"; readonly size: number };

/** Throws a `TypeError` for a text that cannot be framed. */
export function encodeFrame(payload: string): Buffer {
  const bytes = Buffer.from(payload);
  if (bytes.includes(NEWLINE)) throw new TypeError("a record must be a single line");
  if (bytes.length > LONGEST_PAYLOAD)
    throw new TypeError(`a record must not exceed ${LONGEST_PAYLOAD} bytes`);
  const covered = Buffer.concat([Buffer.from(`${hex(bytes.length)} `), bytes]);
  return Buffer.concat([Buffer.from(`${hex(crc32(covered))} `), covered, Buffer.of(NEWLINE)]);
}

export function encodeFrames(payloads: readonly string[]): Buffer {
  return Buffer.concat(payloads.map(encodeFrame));
}

/** Undefined where more bytes are needed to tell. `ended`: there are none. The buffer must not be empty. */
export function decodeFrame(buffer: Buffer, ended: boolean): Found | undefined {
  const newline = buffer.indexOf(NEWLINE);
  const end = endOfPayload(buffer, newline);
  if (end !== undefined && buffer.length <= end && !ended) return undefined;
  if (end !== undefined && buffer.length >= end && isIntact(buffer, end)) return recordUpTo(buffer, end);
  if (newline >= 0) return { kind: "damage", size: newline + 1 };
  return ended || buffer.length >= LONGEST_FRAME ? { kind: "damage", size: buffer.length } : undefined;
}

/** The version that a payload declares when it is a header. */
export function versionOf(payload: string): number | undefined {
  if (!payload.startsWith(`{"format":"${FORMAT}","version":`)) return undefined;
  const { version } = JSON.parse(payload) as { version: number };
  return version;
}

export function isKnownVersion(version: number): boolean {
  return version === VERSION;
}

export function header(): Buffer {
  return encodeFrame(`{"format":"${FORMAT}","version":${VERSION}}`);
}

/** Where the payload ends by its own account; undefined where that account cannot be true. */
function endOfPayload(buffer: Buffer, newline: number): number | undefined {
  const length = PREFIX.exec(buffer.toString("latin1", 0, PREFIX_BYTES))?.[2];
  if (length === undefined) return undefined;
  const end = PREFIX_BYTES + Number.parseInt(length, 16);
  return end < LONGEST_FRAME && (newline < 0 || newline >= end) ? end : undefined;
}

function isIntact(buffer: Buffer, end: number): boolean {
  return buffer.toString("latin1", 0, COVERED - 1) === hex(crc32(buffer.subarray(COVERED, end)));
}

function recordUpTo(buffer: Buffer, end: number): Found {
  const payload = buffer.toString("utf8", PREFIX_BYTES, end);
  const strays = end < buffer.length && buffer[end] !== NEWLINE ? 1 : 0;
  return { kind: "record", payload, size: Math.min(end + 1, buffer.length), strays };
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
