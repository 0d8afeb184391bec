import { Connection, type ConnectionParts, type Observer } from "./connection.js";
import { RedisReplyError } from "./errors.js";
import { subscriptionRefused } from "./events.js";
import type { Failure } from "./failure.js";
import type { Link } from "./link.js";
import { tell } from "./listeners.js";
import { MessagesReporter, type Report } from "./reporter.js";

interface Subscription {
  readonly listener: (message: string) => void;
  readonly onGap: (() => void) | undefined;
}

/** Who listens to a channel, from the first one until the last has left. */
type Channel = Set<Subscription>;

export interface SubscriptionsParts extends Omit<ConnectionParts, "observer"> {
  readonly telemetry: Report;
}

/**
 * Listens to channels on a connection of its own, which is made for the first of them. After every loss all channels are
 * listened to again, and whoever listens is told that messages may have been missed.
 */
export class Subscriptions implements Observer {
  readonly #channels = new Map<string, Channel>();
  readonly #reporter: MessagesReporter;
  #connection: Connection | undefined;
  #closed = false;

  constructor(private readonly parts: SubscriptionsParts) {
    this.#reporter = new MessagesReporter(parts);
  }

  add(name: string, listener: Subscription["listener"], onGap: Subscription["onGap"]): Disposable {
    const subscription = { listener, onGap };
    const channel = this.#channels.get(name) ?? this.#begin(name);
    channel.add(subscription);
    return { [Symbol.dispose]: () => this.#remove(name, channel, subscription) };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#channels.clear();
    await this.#connection?.close();
  }

  up(link: Link): void {
    this.#reporter.up();
    link.onMessage((name, message) => this.#tell(name, message));
    for (const [name, channel] of this.#channels) this.#listen(name, channel);
  }

  down(failure: Failure): void {
    this.#reporter.down(failure);
  }

  failed(failure: Failure): void {
    this.#reporter.failed(failure);
  }

  missed(): void {
    // No caller waits for an answer here.
  }

  #begin(name: string): Channel {
    const channel: Channel = new Set();
    if (this.#closed) return channel;
    this.#channels.set(name, channel);
    if (this.#connection === undefined) this.#connect();
    else this.#listen(name, channel);
    return channel;
  }

  #connect(): void {
    this.#connection = new Connection({ ...this.parts, observer: this });
    this.#connection.start();
  }

  /** Where the connection is away, its return begins again. */
  #listen(name: string, channel: Channel): void {
    if (this.#connection?.isUp !== true) return;
    this.#connection
      .send("SUBSCRIBE", (link) => link.subscribe(name))
      .then(
        () => this.#tellGap(name, channel),
        (error: unknown) => this.#refused(name, error),
      );
  }

  #refused(channel: string, error: unknown): void {
    if (!(error instanceof RedisReplyError)) return; // lost: its return begins again
    this.parts.telemetry.report(subscriptionRefused, { channel, error: error.reason });
  }

  #remove(name: string, channel: Channel, subscription: Subscription): void {
    channel.delete(subscription);
    if (channel.size > 0 || this.#channels.get(name) !== channel) return;
    this.#channels.delete(name);
    // One that is away has forgotten it.
    this.#connection?.send("UNSUBSCRIBE", (link) => link.unsubscribe(name)).catch(() => undefined);
  }

  #tell(name: string, message: string): void {
    for (const { listener } of [...(this.#channels.get(name) ?? [])])
      tell(this.parts.telemetry, name, () => listener(message));
  }

  #tellGap(name: string, channel: Channel): void {
    for (const { onGap } of [...channel]) if (onGap) tell(this.parts.telemetry, name, onGap);
  }
}
