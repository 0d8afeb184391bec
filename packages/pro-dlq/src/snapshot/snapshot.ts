import type { SnapshotOptions } from "./options.js";
import { cut } from "./quote.js";
import { Writer } from "./writer.js";

export type { SnapshotOptions } from "./options.js";

/** A value as it is stored. */
export interface Snapshot {
  /** JSON text. */
  readonly json: string;
  /** Where secrets were masked or dropped: they are gone. */
  readonly masked: readonly string[];
  /** Where the value does not come back as it was. */
  readonly altered: readonly string[];
  /** The text was longer than allowed; its beginning is kept for people. */
  readonly truncated: boolean;
}

const PREVIEW_LENGTH = 200;
/** What one character of a JavaScript string may take in UTF-8. */
const MOST_BYTES = 3;

/** Any value as JSON text from which `revive` makes it again. Never throws; secrets are hidden before anything is cut. */
export function snapshot(value: unknown, options: SnapshotOptions): Snapshot {
  const writer = new Writer(options);
  try {
    writer.write(value, 0);
    return taken(writer, options.maxBytes);
  } catch {
    return { json: '"[unreadable]"', masked: [], altered: ["$"], truncated: false }; // no stack left to walk it with
  }
}

function taken(writer: Writer, maxBytes: number): Snapshot {
  const { text } = writer;
  const size = writer.full ? Math.max(writer.least, maxBytes + 1) : bytes(text, maxBytes);
  const truncated = size > maxBytes;
  const json = truncated
    ? JSON.stringify({ _truncated: true, original_size: size, preview: cut(text, PREVIEW_LENGTH) })
    : text;
  return { json, masked: writer.masked.list, altered: writer.altered.list, truncated };
}

/** Counted only where the number of characters leaves a doubt. */
function bytes(text: string, maxBytes: number): number {
  return text.length * MOST_BYTES <= maxBytes ? text.length : Buffer.byteLength(text);
}
