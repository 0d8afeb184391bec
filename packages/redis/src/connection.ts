import { type Clock, unref, within, withoutStack } from "@baldur/core/plugin";
import { LONGEST_WAIT, type Random, waitBefore } from "./backoff.js";
import { RedisReplyError, RedisUnavailableError } from "./errors.js";
import { CLOSED, type Failure, failureOf, late, READ_ONLY, STOPPED, TIMEOUT } from "./failure.js";
import { InFlight } from "./in-flight.js";
import type { Link, Source } from "./link.js";

/** How something was asked in vain. */
export type Miss = "not_sent" | "timeout" | "lost" | "refused";

/** Who is told how a connection fares: once per change, but for `missed`. */
export interface Observer {
  /** It can be used, for the first time or again. */
  up(link: Link): void;
  /** It could be used, and cannot any more. */
  down(failure: Failure): void;
  /** A try to connect failed. */
  failed(failure: Failure): void;
  missed(how: Miss): void;
  /** Redis answered that it does not do what it was asked. */
  refused?(failure: Failure): void;
}

/** In milliseconds. */
export interface Timing {
  readonly timeout: number;
  /** Without an answer for so long it is not used until there is one. Default: it is used until the timeout. */
  readonly silence?: number;
  readonly connectTimeout: number;
  /** Between looks at a connection that is idle. */
  readonly healthCheckInterval: number;
}

export interface ConnectionParts {
  /** Where to, for messages; without a password. */
  readonly address: string;
  readonly source: Source;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly observer: Observer;
  readonly random: Random;
  /** Asked of a new link after one that took no writes: rejects where the new one takes none either. Default: it is used. */
  readonly verify?: (link: Link) => Promise<unknown>;
}

/** Milliseconds that a close waits for answers. */
const PATIENCE = 1000;

/**
 * A connection that is made again whenever it is lost, by timers that keep no process alive. What is asked while there is
 * none is refused at once. What was asked of one that is lost is rejected and never asked again: it may have been done.
 */
export class Connection {
  readonly #inFlight: InFlight;
  readonly #waiting = new Set<() => void>();
  /** The one in use. */
  #link: Link | undefined;
  #opening: AbortController | undefined;
  /** Why there is none. */
  #failure: Failure = CLOSED;
  /** Tries that failed, and connections that did not hold. */
  #failures = 0;
  #upSince = 0;
  #timer: unknown;
  #closing: Promise<void> | undefined;

  constructor(private readonly parts: ConnectionParts) {
    const { clock, timing } = parts;
    const { timeout, silence = timeout } = timing;
    const watcher = {
      overdue: () => this.#lose(this.#link, TIMEOUT),
      silent: () => this.#silent(),
      heard: () => this.#heard(),
      failed: (link: Link, what: string, error: unknown) => this.#failed(link, what, failureOf(error)),
    };
    this.#inFlight = new InFlight(clock, { timeout, silence }, watcher);
  }

  get isUp(): boolean {
    return this.#link !== undefined && !this.#inFlight.isSilent;
  }

  start(): void {
    void this.#try();
  }

  /** Asks something. `what` names it. Rejects with `RedisUnavailableError`, or with `RedisReplyError` as Redis did. */
  send<T>(what: string, ask: (link: Link) => Promise<T>): Promise<T> {
    const link = this.#link;
    if (link?.isReady !== true || this.#inFlight.isSilent)
      return Promise.reject(this.#unavailable(this.#failure, false));
    return this.#inFlight.track(link, what, ask);
  }

  /** Resolves when it is up, or after so many milliseconds. */
  async whenUp(limit: number): Promise<void> {
    if (this.isUp) return;
    const { clock } = this.parts;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clock.clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = clock.setTimeout(done, limit);
      this.#waiting.add(done);
    });
  }

  /** Takes nothing more, and ends once all was answered, or a second later without. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { clock } = this.parts;
    const link = this.#link;
    this.#link = undefined;
    this.#failure = STOPPED;
    clock.clearTimeout(this.#timer);
    this.#opening?.abort();
    for (const done of this.#waiting) done();
    await within(clock, PATIENCE, () => this.#inFlight.drained(), { unref: true }).catch(() => undefined);
    this.#inFlight.rejectAll(() => this.#unavailable(STOPPED, true));
    link?.discard();
  }

  /** Never rejects. */
  async #try(): Promise<void> {
    const { clock, timing } = this.parts;
    const opening = new AbortController();
    this.#opening = opening;
    try {
      const open = (): Promise<Link> => this.#open(opening.signal);
      this.#use(await within(clock, timing.connectTimeout, open, { late, unref: true }));
    } catch (error) {
      opening.abort();
      this.#failedToOpen(failureOf(error));
    } finally {
      this.#opening = undefined;
    }
  }

  async #open(signal: AbortSignal): Promise<Link> {
    let link: Link | undefined;
    link = await this.parts.source({ closed: (error) => this.#lose(link, failureOf(error)), signal });
    if (this.#failure.type === READ_ONLY) await this.parts.verify?.(link);
    return link;
  }

  #use(link: Link): void {
    if (this.#closing !== undefined) return link.discard();
    if (!link.isReady) throw new Error(CLOSED.text); // since then
    const { clock } = this.parts;
    this.#link = link;
    this.#upSince = clock.monotonic();
    this.#checkLater();
    this.#tellUp(link);
  }

  #failedToOpen(failure: Failure): void {
    if (this.#closing !== undefined) return;
    this.#failure = failure;
    this.parts.observer.failed(failure);
    this.#tryLater();
  }

  #failed(link: Link, what: string, failure: Failure): Error {
    const { kind, type, text } = failure;
    if (kind === "refused" || kind === "busy") {
      this.parts.observer.missed("refused");
      this.parts.observer.refused?.(failure);
      return new RedisReplyError(what, type, text, kind === "busy");
    }
    this.#lose(link, failure);
    return this.#unavailable(failure, true);
  }

  /** What was asked may still be answered, so the link is kept. */
  #silent(): void {
    if (this.#link === undefined) return; // closing
    this.#failure = TIMEOUT;
    this.parts.observer.down(TIMEOUT);
  }

  #heard(): void {
    if (this.#link !== undefined) this.#tellUp(this.#link);
  }

  #tellUp(link: Link): void {
    this.parts.observer.up(link);
    for (const done of this.#waiting) done();
  }

  /** Gives up the link in use, and all that waits for it. */
  #lose(link: Link | undefined, failure: Failure): void {
    if (link === undefined || link !== this.#link) return;
    const { clock, observer } = this.parts;
    this.#link = undefined;
    this.#failure = failure;
    link.discard();
    // One that is lost as soon as it is made is no reason to make it again at once.
    if (clock.monotonic() - this.#upSince >= LONGEST_WAIT) this.#failures = 0;
    if (!this.#inFlight.isSilent) observer.down(failure);
    this.#inFlight.rejectAll(() => this.#unavailable(failure, true));
    this.#tryLater();
  }

  #unavailable({ type }: Failure, sent: boolean): Error {
    const lost = type === TIMEOUT.type ? "timeout" : "lost";
    this.parts.observer.missed(sent ? lost : "not_sent");
    const { address } = this.parts;
    return withoutStack(() => new RedisUnavailableError(address, type, sent), undefined);
  }

  #tryLater(): void {
    this.#schedule(waitBefore(this.#failures++, this.parts.random), () => void this.#try());
  }

  /** An idle connection may be dead without a sign of it. */
  #checkLater(): void {
    this.#schedule(this.parts.timing.healthCheckInterval, () => {
      this.#checkLater();
      if (!this.isUp || !this.#inFlight.isEmpty) return;
      // What it means that there is no answer was seen to when it was not there.
      this.send("PING", (link) => link.ping()).catch(() => undefined);
    });
  }

  #schedule(delay: number, task: () => void): void {
    const { clock } = this.parts;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(task, delay);
    unref(this.#timer);
  }
}
