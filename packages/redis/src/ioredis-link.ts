import type { RedisCommand } from "@baldur/core/plugin";
import { CLOSED } from "./failure.js";
import { type IoRedis, type IoRedisNode, nodesOf } from "./ioredis.js";
import type { Link, Opening, Outcome } from "./link.js";
import { Writes } from "./writes.js";

type Listener = (...args: never[]) => void;

/** Opens a connection with a client that is ours, and was made for it alone. */
export function openOurs(client: IoRedis, opening: Opening): Promise<Link> {
  return open(new IoRedisLink(client, true), opening);
}

/** The same with the host's client, which may be connected already. */
export function openTheirs(client: IoRedis, opening: Opening): Promise<Link> {
  return open(new IoRedisLink(client, false), opening);
}

async function open(link: IoRedisLink, { closed, signal }: Opening): Promise<Link> {
  signal.throwIfAborted();
  signal.addEventListener("abort", () => link.discard(), { once: true });
  await link.open(closed);
  return link;
}

/**
 * A client of ioredis for as long as it is connected. One of our own is made for this link, does not connect again by
 * itself, and ends with it; the host's goes on, and only our listeners are taken off it.
 */
class IoRedisLink implements Link {
  readonly #writes = new Writes();
  readonly #listeners: [event: string, listener: Listener][] = [];
  /** The last error of the client: it says more than that the connection was closed. */
  #error: unknown;
  /** The last error of a node of a cluster, which need not matter. */
  #nodeError: unknown;
  #giveUp: ((reason: unknown) => void) | undefined;
  #discarded = false;

  constructor(
    private readonly client: IoRedis,
    private readonly isOurs: boolean,
  ) {
    this.#on("node error", (error: unknown) => {
      this.#nodeError = error;
    });
    if (!isOurs) return;
    // Not taken off again: one that nobody listens to is printed.
    client.on("error", (error: unknown) => {
      this.#error = error;
    });
    client.on("connect", () => letExit(client));
    client.on("+node", (node: IoRedisNode) => void node.on("connect", () => letExit(node)));
  }

  get isReady(): boolean {
    return this.client.status === "ready" && !this.#discarded;
  }

  async open(closed: (error: unknown) => void): Promise<void> {
    const ended = new Promise<never>((_, reject) => {
      const end = (): void => {
        const reason = this.#error ?? this.#nodeError ?? new Error(CLOSED.text);
        reject(reason);
        closed(reason);
      };
      this.#giveUp = reject;
      this.#on("close", end);
      this.#on("end", end);
    });
    await Promise.race([this.#ready(), ended]);
    // Where the database cannot be selected ioredis goes on in another one.
    if (this.#error !== undefined) throw this.#error;
    await Promise.race([this.ping(), ended]);
  }

  call(command: RedisCommand): Promise<unknown> {
    const { client } = this;
    // Of a cluster there is one for each node, and which one a command goes to is not known here.
    if (client.stream !== undefined) this.#writes.gather(client.stream);
    return client.call(...command);
  }

  async pipeline(commands: readonly RedisCommand[]): Promise<readonly Outcome[]> {
    const pipeline = this.client.pipeline();
    for (const command of commands) pipeline.call(...command);
    return (await pipeline.exec()) ?? [];
  }

  ping(): Promise<unknown> {
    return Promise.all(nodesOf(this.client, "master").map((node) => node.call("PING")));
  }

  subscribe(channel: string): Promise<unknown> {
    return this.client.subscribe(channel);
  }

  unsubscribe(channel: string): Promise<unknown> {
    return this.client.unsubscribe(channel);
  }

  onMessage(listener: (channel: string, message: string) => void): void {
    this.#on("message", listener);
  }

  discard(): void {
    if (this.#discarded) return;
    this.#discarded = true;
    this.#giveUp?.(new Error(CLOSED.text));
    for (const [event, listener] of this.#listeners) this.client.off(event, listener);
    if (this.isOurs && this.client.status !== "end") this.client.disconnect();
  }

  #ready(): Promise<void> {
    const { client } = this;
    if (client.status === "ready") return Promise.resolve();
    return new Promise((resolve) => {
      this.#on("ready", resolve);
      // Events tell how it went, for a client that connects already too.
      if (client.status === "wait") client.connect().catch(() => undefined);
    });
  }

  #on(event: string, listener: Listener): void {
    this.client.on(event, listener);
    this.#listeners.push([event, listener]);
  }
}

/** An idle connection keeps no process alive. */
function letExit({ stream }: IoRedisNode): void {
  stream?.unref();
}
