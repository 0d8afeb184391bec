import { type HotClock, type Random, unref } from "../clock.js";
import { text, typeName } from "../describe.js";
import type { LeaderElector, LeaderInfo } from "../slots/leader.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import * as events from "./events.js";
import type { HostLock } from "./host-lock.js";
import { renewIntervalOf } from "./lease.js";
import * as metrics from "./metrics.js";
import type { LeaderElectionSettings } from "./settings.js";

export interface HostElectorParts {
  readonly resource: string;
  readonly nodeId: string;
  readonly lock: Pick<HostLock, "acquire" | "renew" | "release">;
  readonly clock: HotClock;
  readonly random: Random;
  readonly telemetry: Pick<TelemetryHub, "report" | "counter" | "observeGauge">;
  readonly settings: Readonly<LeaderElectionSettings>;
}

type State = LeaderElector["state"];

/** Share of a lease that its holder does not use, because no two processes measure the same moment. */
const MARGIN = 0.1;
const HINT = "set BALDUR_DATA_DIR to a folder that the processes of this host may write to";

interface Term {
  readonly began: number;
  readonly electedAt: Date;
  /** By the monotonic clock. */
  readonly until: number;
}

/** Elects one of the processes of a host, by a lock. */
export class HostElector implements LeaderElector {
  #state: State = "not_started";
  #term: Term | undefined;
  #timer: unknown;
  #isTold = false;
  readonly #listeners = new Set<(leading: boolean) => void>();
  #gauges: readonly Disposable[] = [];
  #round: Promise<void> = Promise.resolve();

  constructor(private readonly parts: HostElectorParts) {}

  get resource(): string {
    return this.parts.resource;
  }

  get state(): State {
    return this.#state;
  }

  /** By the clock too: a process that was asleep for longer than its lease does not lead, whatever it remembers. */
  isLeader(): boolean {
    return this.#term !== undefined && this.parts.clock.monotonic() < this.#term.until;
  }

  leader(): LeaderInfo | undefined {
    if (this.#term === undefined || !this.isLeader()) return undefined;
    const { nodeId } = this.parts;
    const { electedAt } = this.#term;
    return {
      nodeId,
      electedAt,
      leaseExpiresAt: this.#expires(this.#term),
      fencingToken: electedAt.getTime(),
      isSelf: true,
    };
  }

  fencingToken(): number | undefined {
    return this.leader()?.fencingToken;
  }

  onChange(listener: (leading: boolean) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Stands for the seat, and resolves when it is known who has it. */
  async start(): Promise<void> {
    if (this.#state !== "not_started") return;
    this.#state = "follower";
    this.#observe();
    await this.#tick();
  }

  async stop(): Promise<void> {
    this.parts.clock.clearTimeout(this.#timer);
    const stood = this.#state !== "not_started" && this.#state !== "stopped";
    this.#lose();
    this.#state = "stopping";
    await this.#round;
    this.#term = undefined;
    // What a round that was under way may have taken is given back too.
    if (stood) await this.parts.lock.release().catch((error: unknown) => this.#failed(error));
    for (const gauge of this.#gauges) gauge[Symbol.dispose]();
    this.#state = "stopped";
  }

  async #tick(): Promise<void> {
    this.#round = this.#stand();
    await this.#round;
    if (this.#state !== "follower" && this.#state !== "leader") return;
    this.#timer = this.parts.clock.setTimeout(() => void this.#tick(), this.#pause());
    unref(this.#timer);
  }

  #pause(): number {
    const { settings, random } = this.parts;
    if (this.#term !== undefined) return renewIntervalOf(settings);
    return settings.retryInterval * (0.5 + random());
  }

  /** Takes the seat or keeps it, if it can be had. Never rejects. */
  async #stand(): Promise<void> {
    const { lock, clock, settings } = this.parts;
    const began = clock.monotonic(); // a lease counts from before it was asked for
    try {
      const isMine = (this.#term !== undefined && (await lock.renew())) || (await lock.acquire());
      this.#isTold = false;
      if (isMine) this.#lead(began, began + settings.leaseTtl * (1 - MARGIN));
      else this.#lose();
    } catch (error) {
      this.#failed(error);
      if (!this.isLeader()) this.#lose();
    }
  }

  #lead(began: number, until: number): void {
    const { clock, telemetry, resource, nodeId } = this.parts;
    this.#term = { ...(this.#term ?? { began, electedAt: new Date(clock.now()) }), until };
    if (this.#state !== "follower") return;
    this.#state = "leader";
    telemetry.counter(metrics.electionsTotal).cell(resource, nodeId).add();
    telemetry.report(events.leadershipAcquired, { resource, node_id: nodeId });
    this.#tell(true);
  }

  #lose(): void {
    this.#term = undefined;
    if (this.#state !== "leader") return;
    const { telemetry, resource, nodeId } = this.parts;
    this.#state = "follower";
    telemetry.report(events.leadershipLost, { resource, node_id: nodeId });
    this.#tell(false);
  }

  #tell(leading: boolean): void {
    for (const listener of this.#listeners) listener(leading);
  }

  #failed(error: unknown): void {
    const { telemetry, resource } = this.parts;
    telemetry.counter(metrics.renewErrorsTotal).cell(typeName(error)).add();
    if (!this.#isTold) telemetry.report(events.electionFailed, { resource, error: text(error), hint: HINT });
    this.#isTold = true;
  }

  #expires({ until }: Term): Date {
    const { clock } = this.parts;
    return new Date(clock.now() + until - clock.monotonic());
  }

  #observe(): void {
    const { telemetry, resource, nodeId, clock } = this.parts;
    const labels = [resource, nodeId];
    const whileLeading = (value: (term: Term) => number) => (): [string[], number | undefined][] => [
      [labels, this.#term !== undefined && this.isLeader() ? value(this.#term) : undefined],
    ];
    this.#gauges = [
      telemetry.observeGauge(metrics.isLeader, () => [[labels, Number(this.isLeader())]]),
      telemetry.observeGauge(
        metrics.leadershipDuration,
        whileLeading(({ began }) => (clock.monotonic() - began) / 1000),
      ),
      telemetry.observeGauge(
        metrics.leaseExpires,
        whileLeading((term) => this.#expires(term).getTime() / 1000),
      ),
    ];
  }
}
