import { type Damage, Decoder, readRecords } from "./reader.js";
import type { WalRecord } from "./record.js";

/** Records that nobody has taken yet, in order: a file that is not written any more, or what never reached one. */
export interface Source {
  /** Tells them from all others, for ever. */
  readonly id: string;
  /** `seq` of its first record; 0 where that is not known. */
  readonly first: number;
  /** Its records, as far as it is known. */
  readonly count: number;
  /** Undefined: in memory. */
  readonly path?: string;
  /** What lies behind this byte of the file is somewhere else too. */
  readonly end?: number;
  readonly bytes?: Buffer;
  /** `seq` of the last record that was taken. */
  taken: number;
  /** How many were. */
  handed: number;
}

/** Stores records, or rejects. What it is handed again it knows by the id and `seq`. */
export interface Taker {
  take(id: string, records: readonly WalRecord[]): Promise<void>;
  /** Nothing of that id is left anywhere: it may be forgotten. */
  finished(id: string): Promise<void>;
}

const BATCH = 500;

/** The taker did not take a batch; `cause` is why. */
export class Refused extends Error {}

/**
 * Hands out what was not taken before. Answers what was damaged. Rejects with `Refused`, `UnknownVersion`, or with what the
 * file system throws.
 */
export async function handOut(source: Source, taker: Pick<Taker, "take">): Promise<Damage> {
  const decoder = new Decoder("best-effort");
  for await (const records of read(source, decoder)) {
    const fresh = records.filter(({ seq }) => seq > source.taken);
    for (let at = 0; at < fresh.length; at += BATCH) await hand(source, fresh.slice(at, at + BATCH), taker);
  }
  return decoder.damage;
}

async function hand(source: Source, batch: readonly WalRecord[], taker: Pick<Taker, "take">): Promise<void> {
  try {
    await taker.take(source.id, batch);
  } catch (cause) {
    throw new Refused("the records were not taken", { cause });
  }
  source.taken = (batch.at(-1) as WalRecord).seq;
  source.handed += batch.length;
}

async function* read({ path, bytes, end }: Source, decoder: Decoder): AsyncGenerator<readonly WalRecord[]> {
  if (bytes !== undefined) yield decoder.decode(bytes, true);
  if (path === undefined) return;
  const { constants, open } = process.getBuiltinModule("node:fs/promises");
  // A pipe or a link in the place of the file must not hold up or mislead the reader.
  const file = await open(
    path,
    constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
  );
  try {
    yield* readRecords(file, decoder, end);
  } finally {
    await file.close();
  }
}
