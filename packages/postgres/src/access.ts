import type { AdapterError } from "@baldur/core";
import { type Clock, type PluginTelemetry, type SqlPool, within } from "@baldur/core/plugin";
import type { Client } from "pg";
import { Availability } from "./availability.js";
import type { Random } from "./backoff.js";
import { addressOf, heard } from "./client.js";
import { Connections, type Source } from "./connections.js";
import { PostgresStatementError, PostgresUnavailableError } from "./errors.js";
import { BUSY, type Failure, failureOf, GivenUp, STOPPED, unawaited } from "./failure.js";
import { available } from "./metrics.js";
import { Refusals } from "./refusals.js";
import { Reporter } from "./reporter.js";
import { ask, type Session } from "./session.js";
import type { SqlSettings } from "./settings.js";

/** Refusals of a connection that say nothing about those that are there: too many of them. */
const CROWDED: readonly string[] = ["53300", "53400", BUSY.reason];

export interface AccessParts {
  /** Makes the connections; called anew when all that were there are given up. */
  readonly open: () => Source;
  readonly settings: Pick<SqlSettings, "connectTimeout" | "statementTimeout">;
  readonly clock: Clock;
  readonly telemetry: PluginTelemetry;
  readonly random: Random;
}

/** The way to a database: connections while it is there, refusals at once while it is away. */
export class Access {
  readonly address: string;
  readonly reporter: Reporter;
  readonly #connections: Connections;
  readonly #availability: Availability;
  readonly #refusals: Refusals;
  readonly #watchers = new Set<(available: boolean) => void>();
  readonly #gauge: Disposable;
  #stopped = false;

  constructor(private readonly parts: AccessParts) {
    const { clock, random, settings, telemetry } = parts;
    this.#connections = new Connections({
      open: parts.open,
      clock,
      connectTimeout: settings.connectTimeout,
      timeout: settings.statementTimeout,
      failed: (failure, sent, cause) => this.#failed(failure, sent, cause),
      done: (statement) => this.#refusals.accepted(statement),
      onIdleError: (failure) => this.#idleError(failure),
    });
    this.address = addressOf(this.#connections.client());
    this.reporter = new Reporter(telemetry, clock, this.address);
    this.#availability = new Availability({
      clock,
      random,
      failureOf,
      probe: () => this.#probe(),
      onChange: (failure) => this.#changed(failure),
    });
    this.#refusals = new Refusals({
      clock,
      mayWrite: () => this.lend(mayWrite),
      onChange: (reason) => this.reporter.refusal(reason),
    });
    this.#gauge = telemetry.observeGauge(available, () => [[[], this.available ? 1 : 0]]);
  }

  get available(): boolean {
    return this.#problem === undefined;
  }

  get refusal(): string | undefined {
    return this.available ? this.#refusals.reason : undefined;
  }

  /** Looks whether the database is there. Never rejects. */
  async start(): Promise<void> {
    this.#refusals.start();
    await this.#availability.look();
    this.reporter.started(this.#availability.failure);
  }

  /** Lends a connection; rejects at once while there is none to be had. `timeout` is of each statement. */
  async lend<T>(
    work: (session: Session) => Promise<T>,
    timeout: number = this.parts.settings.statementTimeout,
  ): Promise<T> {
    if (this.#problem !== undefined) throw this.#unavailable(this.#problem, false);
    return this.#connections.lend(work, timeout);
  }

  get pool(): SqlPool {
    return this.#connections.figures;
  }

  /** A connection beside the pool, not connected yet. */
  client(): Client {
    return this.#connections.client();
  }

  subscriptionLost(failure: Failure): void {
    this.reporter.subscriptionLost(failure);
    void this.#availability.look();
  }

  watch(listener: (available: boolean) => void): Disposable {
    const own = (now: boolean): void => listener(now); // the same listener may watch twice
    this.#watchers.add(own);
    return { [Symbol.dispose]: () => void this.#watchers.delete(own) };
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#availability.close();
    this.#refusals.close();
    this.#gauge[Symbol.dispose]();
    this.#watchers.clear();
    await this.#connections.end();
  }

  get #problem(): Failure | undefined {
    return this.#stopped ? STOPPED : this.#availability.failure;
  }

  async #probe(): Promise<void> {
    const { clock, settings } = this.parts;
    const client = this.#connections.client();
    client.on("error", heard);
    try {
      const { connectTimeout } = settings;
      const asked = (): Promise<unknown> => client.connect().then(() => ask(client, "select 1"));
      await within(clock, connectTimeout, asked, unawaited(connectTimeout));
    } finally {
      client.end().catch(heard); // one that hangs never says good-bye, and is not waited for
    }
  }

  #changed(failure: Failure | undefined): void {
    this.reporter.changed(failure);
    if (failure !== undefined) this.#connections.renew();
    for (const watcher of this.#watchers) {
      try {
        watcher(failure === undefined);
      } catch (error) {
        this.reporter.listenerFailed("watch", error);
      }
    }
  }

  #idleError(failure: Failure): void {
    this.reporter.idleConnectionLost(failure);
    void this.#availability.look();
  }

  #failed(failure: Failure, sent: boolean, cause: unknown): AdapterError {
    const { reason, refused } = failure;
    if (sent && refused) {
      this.reporter.failed(failure);
      this.#refusals.refused(failure);
      return new PostgresStatementError(reason, { cause });
    }
    if (cause instanceof GivenUp) return this.#unavailable(this.#problem ?? failure, sent, cause); // it is known why
    if (sent || CROWDED.includes(reason)) void this.#availability.look();
    else this.#availability.lost(failure);
    return this.#unavailable(failure, sent, cause);
  }

  #unavailable(failure: Failure, sent: boolean, cause?: unknown): PostgresUnavailableError {
    this.reporter.failed(failure);
    return new PostgresUnavailableError(this.address, failure.reason, sent, { cause });
  }
}

async function mayWrite(session: Session): Promise<boolean> {
  const { rows } = await session.query("select current_setting('transaction_read_only') as read_only");
  const answer = rows[0]?.["read_only"] !== "on";
  session.broken ||= !answer; // another one may
  return answer;
}
