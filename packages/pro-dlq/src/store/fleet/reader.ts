import { AdapterError } from "@baldur/core";
import type { Entry, EntryState } from "../../entry/entry.js";
import { decodeBody, decodeState } from "../../entry/record.js";
import type { Engine, EntryRow, StateRow } from "./engine.js";

/** An entry, and what it was read from. */
export interface Found {
  readonly row: EntryRow;
  readonly entry: Entry;
}

/** Reads what is kept. A damaged entry is put aside and told of, and the others are served. */
export class Reader {
  constructor(
    private readonly engine: Pick<Engine, "quarantine">,
    private readonly onCorrupt: (id: string, problem: string) => void,
  ) {}

  async read(rows: readonly EntryRow[]): Promise<Found[]> {
    const found: Found[] = [];
    const damaged: Promise<void>[] = [];
    for (const row of rows) {
      const read = entryOf(row);
      if (read instanceof Error) damaged.push(this.#putAside(row, read.message));
      else found.push({ row, entry: read });
    }
    if (damaged.length > 0) await Promise.all(damaged);
    return found;
  }

  /** Of those who found it at once, one tells. */
  async #putAside(row: EntryRow, problem: string): Promise<void> {
    try {
      if (await this.engine.quarantine(row)) this.onCorrupt(row.id, problem);
    } catch (error) {
      if (!(error instanceof AdapterError)) throw error;
      this.onCorrupt(row.id, problem); // it stays where it is, and is told of again
    }
  }
}

/** The state of a row; undefined where it cannot be read. */
export function stateOf({ status, text }: StateRow): EntryState | undefined {
  try {
    return status && decodeState(text, status);
  } catch {
    return undefined; // as above
  }
}

function entryOf({ status, text, body }: EntryRow): Entry | Error {
  try {
    if (status === undefined) throw new Error("its state cannot be read");
    if (body === undefined) throw new Error("its body is missing");
    return { state: decodeState(text, status), body: decodeBody(body) };
  } catch (error) {
    return error as Error;
  }
}
