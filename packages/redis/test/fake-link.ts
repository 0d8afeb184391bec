import type { RedisCommand } from "@baldur/core/plugin";
import type { Link, Opening, Outcome, Source } from "../src/link.js";

interface Asked {
  readonly command: RedisCommand;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A connection that answers when the test says so. */
export class FakeLink implements Link {
  isReady = true;
  discarded = false;
  readonly asked: Asked[] = [];

  constructor(readonly opening: Opening) {}

  call(command: RedisCommand): Promise<unknown> {
    return new Promise((resolve, reject) => this.asked.push({ command, resolve, reject }));
  }

  async pipeline(): Promise<readonly Outcome[]> {
    return [];
  }

  ping(): Promise<unknown> {
    return this.call(["PING"]);
  }

  subscribe(channel: string): Promise<unknown> {
    return this.call(["SUBSCRIBE", channel]);
  }

  unsubscribe(channel: string): Promise<unknown> {
    return this.call(["UNSUBSCRIBE", channel]);
  }

  onMessage(): void {
    // No message comes.
  }

  discard(): void {
    this.discarded = true;
    this.isReady = false;
  }

  /** As a server that goes away. */
  end(): void {
    this.isReady = false;
    this.opening.closed(new Error("it went away"));
  }
}

/** Opens connections, or refuses them. */
export class FakeServer {
  readonly links: FakeLink[] = [];
  /** When each try was made. */
  readonly tries: number[] = [];
  mode: "accept" | "refuse" | "silent" = "accept";
  aborted = 0;

  constructor(private readonly now: () => number) {}

  readonly source: Source = (opening) => {
    this.tries.push(this.now());
    opening.signal.addEventListener("abort", () => this.aborted++);
    if (this.mode === "silent")
      return new Promise((_, reject) =>
        opening.signal.addEventListener("abort", () => reject(new Error("given up"))),
      );
    if (this.mode === "refuse")
      return Promise.reject(Object.assign(new Error("no"), { code: "ECONNREFUSED" }));
    const link = new FakeLink(opening);
    this.links.push(link);
    return Promise.resolve(link);
  };

  get last(): FakeLink {
    return this.links.at(-1) as FakeLink;
  }
}
