import { createFakeClock, type FakeClock, type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import type { Baldur } from "../../../src/api.js";
import { createBaldur, type Runtime } from "../../../src/baldur.js";
import { Fleet } from "../../../src/circuit-breaker/fleet/fleet.js";
import type { FleetListener, FleetStore } from "../../../src/circuit-breaker/store.js";
import { MemoryFleetStore } from "../../../src/circuit-breaker/stores/memory.js";
import type { CircuitBreakerSettings } from "../../../src/circuit-breaker/types.js";
import { errorOf, fails, failure, SILENT, turn } from "../../runtime.js";

const MUTE = new Error("the server is away");

/** A store that all processes reach, each over a connection of its own. */
export class Server {
  store: MemoryFleetStore;
  readonly connections: Connection[] = [];

  constructor(readonly clock: FakeClock) {
    this.store = new MemoryFleetStore(clock);
  }

  /** Comes back without its data. */
  forget(): void {
    this.store = new MemoryFleetStore(this.clock);
    for (const connection of this.connections) connection.listen();
  }

  away(isAway: boolean): void {
    for (const connection of this.connections) connection.away(isAway);
  }
}

type Travelling = "message" | "question" | "answer";

/** What one process has of the server, with what may go wrong with it. */
export class Connection implements FleetStore {
  available = true;
  /** Says nothing any more, and keeps whoever asks waiting. */
  hangs = false;
  /** Hears nothing that others tell. */
  deaf = false;
  /** Milliseconds that a message, a question or an answer takes; those of one kind come in order. */
  latency: (what: Travelling) => number = () => 0;
  asked: string[] = [];
  #listener: FleetListener | undefined;
  readonly #watchers = new Set<(available: boolean) => void>();
  readonly #arrival = { message: 0, question: 0, answer: 0 };

  constructor(private readonly server: Server) {
    server.connections.push(this);
  }

  /** Messages come over a connection of their own, which may have stayed. */
  away(isAway: boolean, areMessages = true): void {
    if (this.available !== isAway) return;
    this.available = !isAway;
    for (const watcher of this.#watchers) watcher(this.available);
    if (this.available && areMessages) this.#listener?.gap();
  }

  /** The messages come again, and some may have been missed. */
  gap(): void {
    this.deaf = false;
    this.#listener?.gap();
  }

  listen(): void {
    this.server.store.subscribe({
      heard: (record) => {
        // As text, as it would come.
        const text = JSON.stringify(record);
        void this.#travel("message").then(() => {
          if (this.available && !this.deaf) this.#listener?.heard(JSON.parse(text));
        });
      },
      gap: () => undefined,
    });
  }

  now = (): number => this.server.store.now();
  load: FleetStore["load"] = (...args) => this.#ask("load", (store) => store.load(...args));
  changes: FleetStore["changes"] = (...args) => this.#ask("changes", (store) => store.changes(...args));
  trip: FleetStore["trip"] = (...args) => this.#ask("trip", (store) => store.trip(...args));
  publish: FleetStore["publish"] = (...args) => this.#ask("publish", (store) => store.publish(...args));
  acquireProbe: FleetStore["acquireProbe"] = (...args) =>
    this.#ask("acquireProbe", (store) => store.acquireProbe(...args));
  endProbe: FleetStore["endProbe"] = (...args) => this.#ask("endProbe", (store) => store.endProbe(...args));

  subscribe(listener: FleetListener): Disposable {
    this.#listener = listener;
    this.listen();
    return { [Symbol.dispose]: () => void (this.#listener = undefined) };
  }

  watch(listener: (available: boolean) => void): Disposable {
    this.#watchers.add(listener);
    return { [Symbol.dispose]: () => void this.#watchers.delete(listener) };
  }

  async #ask<T>(operation: string, ask: (store: FleetStore) => Promise<T>): Promise<T> {
    this.asked.push(operation);
    if (!this.available) throw MUTE;
    if (this.hangs) return new Promise<T>(() => undefined);
    await this.#travel("question");
    if (!this.available) throw MUTE;
    const answer = await ask(this.server.store);
    await this.#travel("answer");
    if (!this.available) throw MUTE;
    return answer;
  }

  #travel(what: Travelling): Promise<void> {
    const { clock } = this.server;
    const now = clock.monotonic();
    const arrival = Math.max(this.#arrival[what], now + this.latency(what));
    this.#arrival[what] = arrival;
    if (arrival <= now) return Promise.resolve();
    return new Promise((resolve) => clock.setTimeout(resolve, arrival - now));
  }
}

export interface Member {
  readonly baldur: Baldur;
  readonly fleet: Fleet;
  readonly connection: Connection;
  readonly telemetry: RecordedTelemetry;
}

export const OPENS_AT_ONCE: Partial<CircuitBreakerSettings> = {
  failureThreshold: 1,
  minimumCalls: 1,
  recoveryTimeout: 1000,
  probeTimeout: 5000,
};

/** Runtimes of one process that share a store and a clock. */
export class TestFleet {
  readonly clock: FakeClock = createFakeClock();
  readonly server: Server = new Server(this.clock);
  readonly members: Member[] = [];

  static async of(count: number, options: Partial<CircuitBreakerSettings> = {}): Promise<TestFleet> {
    const fleet = new TestFleet({ ...OPENS_AT_ONCE, ...options });
    for (let n = 0; n < count; n++) await fleet.join();
    return fleet;
  }

  constructor(private readonly options: Partial<CircuitBreakerSettings>) {}

  get(member: number): Member {
    return this.members[member] as Member;
  }

  /** A runtime that no environment reaches; it has made no call yet. */
  runtime(): { baldur: Baldur; telemetry: RecordedTelemetry } {
    const settings = { control: { backend: "memory" as const }, circuitBreaker: this.options };
    const common = { clock: this.clock, random: () => 0.5, env: {}, discover: false, logger: SILENT };
    const baldur = createBaldur({ ...common, settings });
    return { baldur, telemetry: recordTelemetry(baldur) };
  }

  async join(
    { baldur, telemetry } = this.runtime(),
    arrange?: (connection: Connection) => void,
  ): Promise<Member> {
    const connection = new Connection(this.server);
    arrange?.(connection);
    const runtime = baldur as Runtime;
    const fleet = new Fleet({
      store: connection,
      circuits: runtime.calls.circuits,
      clock: this.clock,
      random: () => 0.5,
      telemetry: runtime.telemetry,
      control: runtime.control,
      timeout: 1000,
      instance: `member-${this.members.length}`,
    });
    const joining = fleet.join();
    await turn();
    await this.clock.advance(connection.hangs ? 1000 : 0);
    const member = { baldur, fleet: await joining, connection, telemetry };
    this.members.push(member);
    return member;
  }

  /** The states that the members see. */
  states(name = "db"): string[] {
    return this.members.map(({ baldur }) => baldur.circuit(name).state);
  }

  /** A call of this member fails, and what it tells is told. */
  async fail(member: number, name = "db"): Promise<void> {
    await errorOf(this.get(member).baldur.protect(name, fails));
    await turn();
  }

  async succeed(member: number, name = "db"): Promise<string> {
    const value = await this.get(member).baldur.protect(name, async () => "ok");
    await turn();
    return value;
  }

  /** A call of this member that goes on until it is ended. */
  begin(member: number, name = "db", onStart: () => void = () => undefined): Running {
    return new Running(this.get(member).baldur, name, onStart);
  }
}

/** A call under way. */
export class Running {
  started = false;
  #settle: { resolve: (value: string) => void; reject: (error: Error) => void } | undefined;
  readonly result: Promise<unknown>;

  constructor(baldur: Baldur, name: string, onStart: () => void) {
    const work = (): Promise<string> => {
      this.started = true;
      queueMicrotask(onStart);
      return new Promise((resolve, reject) => {
        this.#settle = { resolve, reject };
      });
    };
    this.result = baldur.protect(name, work).catch((error: unknown) => error);
  }

  async succeed(): Promise<void> {
    this.#settle?.resolve("ok");
    await this.result;
    await turn();
  }

  async fail(): Promise<void> {
    this.#settle?.reject(failure());
    await this.result;
    await turn();
  }
}
