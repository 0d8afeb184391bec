import { AdapterError } from "@baldur/core";
import { type Clock, type SqlConnection, type SqlResult, within } from "@baldur/core/plugin";
import type { ClientBase } from "pg";
import { type Failure, failureOf, READ_ONLY, waiting } from "./failure.js";
import { VALUES } from "./values.js";

export interface SessionParts {
  readonly clock: Clock;
  /** Milliseconds that a statement may take. */
  readonly timeout: number;
  /** Makes the error that the caller gets. */
  readonly failed: (failure: Failure, sent: boolean, cause: unknown) => AdapterError;
  /** Told of every statement that was carried out. */
  readonly done: (statement: string) => void;
}

/** Statements over a connection that is lent, until it is given back. */
export class Session implements SqlConnection {
  /** What was asked last got no answer, or it may not write, so the connection is of no use to anyone else. */
  broken = false;
  #ended = false;

  constructor(
    private readonly client: ClientBase,
    private readonly parts: SessionParts,
  ) {}

  async query(text: string, values?: readonly unknown[]): Promise<SqlResult> {
    return resultOf(await this.#ask(text, values));
  }

  /** Runs it and answers what Postgres says was done, in a word: `COMMIT`. */
  async command(text: string): Promise<string> {
    return (await this.#ask(text)).command;
  }

  /** Takes nothing more: the connection is somebody else's from now on. */
  end(): void {
    this.#ended = true;
  }

  async #ask(text: string, values?: readonly unknown[]): Promise<Answer> {
    if (this.#ended) throw new AdapterError("a connection is of no use once its work has ended");
    const { clock, timeout, failed, done } = this.parts;
    try {
      const answer = await within(clock, timeout, () => ask(this.client, text, values), waiting(timeout));
      done(text);
      return answer;
    } catch (error) {
      const failure = failureOf(error);
      this.broken ||= !failure.refused || failure.reason === READ_ONLY.reason;
      throw failed(failure, true, error);
    }
  }
}

interface Answer {
  readonly command: string;
  readonly rowCount: number | null;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** Asks with values read in our own way, and without a name that would be kept by the connection. */
export async function ask(client: ClientBase, text: string, values?: readonly unknown[]): Promise<Answer> {
  const answered: Answer | Answer[] = await client.query({
    text,
    types: VALUES,
    ...(values !== undefined && { values: [...values] }),
  });
  return Array.isArray(answered) ? (answered.at(-1) as Answer) : answered;
}

export function resultOf({ rows, rowCount }: Answer): SqlResult {
  return { rows, count: rowCount ?? 0 };
}
