import { type Clock, within } from "@baldur/core/plugin";
import type { Client } from "pg";
import { unawaited } from "./failure.js";
import { ask } from "./session.js";

export interface ListeningParts {
  readonly client: Client;
  readonly clock: Clock;
  /** Milliseconds that connecting, and each statement, may take. */
  readonly timeout: number;
  readonly onMessage: (channel: string, message: string) => void;
  /** Told once, when it is of no use any more. */
  readonly onEnd: (error: unknown) => void;
}

/** One session that notifications arrive on. It keeps no process alive. */
export class Listening {
  readonly #heard = new Set<string>();
  #ended = false;

  constructor(private readonly parts: ListeningParts) {
    const { client, onMessage } = parts;
    client.on("error", (error) => this.#end(error));
    client.on("end", () => this.#end(new Error("the connection ended")));
    client.on("notification", ({ channel, payload = "" }) => onMessage(channel, payload));
  }

  async open(): Promise<void> {
    const { client, clock, timeout } = this.parts;
    await within(clock, timeout, () => client.connect(), unawaited(timeout));
    (client as unknown as { unref(): void }).unref();
  }

  /** Hears these channels and no others from now on. Answers those that it did not hear before. */
  async hear(channels: ReadonlySet<string>): Promise<string[]> {
    const fresh = [...channels].filter((channel) => !this.#heard.has(channel));
    const stale = [...this.#heard].filter((channel) => !channels.has(channel));
    for (const channel of fresh) await this.#run(`listen "${channel}"`, () => this.#heard.add(channel));
    for (const channel of stale) await this.#run(`unlisten "${channel}"`, () => this.#heard.delete(channel));
    return fresh;
  }

  discard(): void {
    this.#ended = true;
    // A server that is stopped never says good-bye, and is not waited for.
    this.parts.client.end().catch(() => undefined);
  }

  async #run(statement: string, done: () => void): Promise<void> {
    const { client, clock, timeout } = this.parts;
    await within(clock, timeout, () => ask(client, statement), unawaited(timeout));
    done();
  }

  #end(error: unknown): void {
    if (this.#ended) return;
    this.discard();
    this.parts.onEnd(error);
  }
}
