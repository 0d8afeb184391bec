import { type Clock, within } from "@baldur/core/plugin";
import type { Family, Series } from "../family.js";
import type { Message } from "./messages.js";

type Part = Extract<Message, { step: "part" }>;

interface Waiting {
  readonly families: (Family & { readonly series: Series[] })[];
  resolve(families: readonly Family[]): void;
}

/** Questions that were sent, and the parts of their answers as they come in. */
export class Answers {
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  constructor(private readonly clock: Clock) {}

  /** Sends a question with a number of its own. Undefined when it is not answered within so many milliseconds. */
  async ask(limit: number, send: (id: number) => void): Promise<readonly Family[] | undefined> {
    const id = this.#asked++;
    const answer = new Promise<readonly Family[]>((resolve) =>
      this.#waiting.set(id, { families: [], resolve }),
    );
    send(id);
    try {
      return await within(this.clock, limit, () => answer, { unref: true });
    } catch {
      return undefined;
    } finally {
      this.#waiting.delete(id);
    }
  }

  take({ id, family, last }: Part): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    if (family !== undefined) add(waiting.families, family);
    if (last) waiting.resolve(waiting.families);
  }
}

/** A large family comes in several parts, one after the other. */
function add(families: Waiting["families"], family: Family): void {
  const latest = families.at(-1);
  if (latest?.name === family.name) latest.series.push(...family.series);
  else families.push({ ...family, series: [...family.series] });
}
