import { ConfigurationError } from "@baldur/core";
import { type Clock, unref } from "@baldur/core/plugin";
import { type Random, waitBefore } from "./backoff.js";
import { Listening, type ListeningParts } from "./listening.js";

export interface SubscriptionsParts extends Pick<ListeningParts, "clock" | "timeout"> {
  readonly clock: Clock;
  readonly random: Random;
  /** Makes the session's connection. */
  readonly connect: () => ListeningParts["client"];
  /** Told when notifications are missed from now on, and after so many milliseconds, when they no longer are. */
  readonly onLoss: (error: unknown) => void;
  readonly onRecovery: (after: number) => void;
  readonly onListenerError: (listener: string, error: unknown) => void;
}

interface Subscriber {
  readonly listener: (message: string) => void;
  readonly onGap: (() => void) | undefined;
}

/** As Postgres cuts names. */
const CHANNEL = /^[a-z_][a-z0-9_]{0,62}$/;

/**
 * Who listens to what, over one session that is made when somebody first listens, made again when it is lost, and given up
 * with the last one. Whoever listens is told of a gap whenever the channel is heard anew, the first time included: until then
 * nothing arrived.
 */
export class Subscriptions {
  readonly #channels = new Map<string, Set<Subscriber>>();
  #session: Listening | undefined;
  #settling: Promise<void> | undefined;
  #dirty = false;
  #timer: unknown;
  #failures = 0;
  #lostAt: number | undefined;
  #closed = false;

  constructor(private readonly parts: SubscriptionsParts) {}

  /** Throws `ConfigurationError` for what is no channel. */
  add(channel: string, subscriber: Subscriber): Disposable {
    if (!CHANNEL.test(channel))
      throw new ConfigurationError("channel must be up to 63 lower-case letters, digits and underscores");
    const others = this.#channels.get(channel) ?? new Set();
    this.#channels.set(channel, others.add(subscriber));
    this.#settle();
    return { [Symbol.dispose]: () => this.#remove(channel, subscriber) };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#channels.clear();
    this.parts.clock.clearTimeout(this.#timer);
    await this.#settling;
    this.#session?.discard();
  }

  #remove(channel: string, subscriber: Subscriber): void {
    const others = this.#channels.get(channel);
    if (!others?.delete(subscriber) || others.size > 0) return;
    this.#channels.delete(channel);
    this.#settle();
  }

  /** Brings the session in line with what is asked for, one step after the other. */
  #settle(): void {
    this.#dirty = true;
    if (this.#settling !== undefined || this.#timer !== undefined || this.#closed) return;
    this.#settling = this.#settleAll().finally(() => {
      this.#settling = undefined;
      if (this.#dirty) this.#settle();
    });
  }

  async #settleAll(): Promise<void> {
    try {
      while (this.#dirty && !this.#closed) {
        this.#dirty = false;
        await this.#step();
      }
    } catch (error) {
      this.#session?.discard();
      this.#lost(error);
    }
  }

  async #step(): Promise<void> {
    if (this.#channels.size === 0) {
      this.#session?.discard();
      this.#session = undefined;
      return;
    }
    this.#session ??= await this.#open();
    const fresh = await this.#session.hear(new Set(this.#channels.keys()));
    this.#recovered();
    for (const channel of fresh) this.#tellOfGap(channel, this.#channels.get(channel) ?? []);
  }

  async #open(): Promise<Listening> {
    const session = new Listening({
      ...this.parts,
      client: this.parts.connect(),
      onMessage: (channel, message) => this.#deliver(channel, message),
      onEnd: (error) => {
        if (this.#session === session) this.#lost(error);
      },
    });
    try {
      await session.open();
      return session;
    } catch (error) {
      session.discard();
      throw error;
    }
  }

  #recovered(): void {
    this.#failures = 0;
    if (this.#lostAt === undefined) return;
    const after = this.parts.clock.monotonic() - this.#lostAt;
    this.#lostAt = undefined;
    this.parts.onRecovery(after);
  }

  #lost(error: unknown): void {
    this.#session = undefined;
    if (this.#closed) return;
    if (this.#lostAt === undefined) {
      this.#lostAt = this.parts.clock.monotonic();
      this.parts.onLoss(error);
    }
    this.#tryLater();
  }

  #tryLater(): void {
    if (this.#timer !== undefined) return;
    const { clock, random } = this.parts;
    this.#timer = clock.setTimeout(
      () => {
        this.#timer = undefined;
        this.#settle();
      },
      waitBefore(this.#failures++, random),
    );
    unref(this.#timer);
  }

  #deliver(channel: string, message: string): void {
    for (const { listener } of this.#channels.get(channel) ?? [])
      this.#isolated(channel, () => listener(message));
  }

  #tellOfGap(channel: string, subscribers: Iterable<Subscriber>): void {
    for (const { onGap } of subscribers) this.#isolated(channel, () => onGap?.());
  }

  #isolated(channel: string, tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.parts.onListenerError(channel, error);
    }
  }
}
