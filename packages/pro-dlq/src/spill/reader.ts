import type { FileHandle } from "node:fs/promises";
import { decodeFrame } from "./frame.js";

const CHUNK = 64 * 1024;

/** What a spill file holds, in order. `end` is the offset behind it. */
export type Item =
  | { readonly kind: "record"; readonly payload: string; readonly end: number }
  /** Neighbouring damage comes as one where it is read as one; `count` is how many lines it was. */
  | { readonly kind: "damage"; readonly bytes: Buffer; readonly count: number; readonly end: number };

/** Reads in pieces: memory is bounded by the longest record, whatever the file holds. */
export async function* readItems(file: FileHandle, from: number): AsyncGenerator<Item> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = from;
  for (let ended = false; !ended; ) {
    const more = await read(file, offset + rest.length, Math.max(CHUNK, rest.length));
    ended = more.length === 0;
    rest = Buffer.concat([rest, more]);
    for (const item of decode(rest, offset, ended)) {
      rest = rest.subarray(item.end - offset);
      offset = item.end;
      yield item;
    }
  }
}

/** Everything that can be told of `buffer`, which lies at `offset` of its file. */
function* decode(buffer: Buffer, offset: number, ended: boolean): Generator<Item> {
  let [damaged, count, position] = [0, 0, 0];
  const damage = (upTo: number): Item[] => {
    const bytes = buffer.subarray(damaged, upTo);
    const item: Item = { kind: "damage", bytes, count, end: offset + upTo };
    [damaged, count] = [upTo, 0];
    return bytes.length === 0 ? [] : [item];
  };
  while (position < buffer.length) {
    const found = decodeFrame(buffer.subarray(position), ended);
    if (found === undefined) break;
    if (found.kind === "record") {
      yield* damage(position);
      damaged = position + found.size - found.strays;
      count = found.strays;
      yield { kind: "record", payload: found.payload, end: offset + damaged };
    } else count++;
    position += found.size;
  }
  yield* damage(position);
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
