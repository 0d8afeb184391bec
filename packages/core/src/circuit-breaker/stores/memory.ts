import type { Clock } from "../../clock.js";
import type { FleetRow } from "../merge.js";
import type { CircuitRecord, CircuitVote } from "../record.js";
import { acquireProbe, type Change, endProbe, publish, trip } from "../record-transition.js";
import type {
  ChangedCircuit,
  EndAnswer,
  FleetListener,
  FleetStore,
  ProbeAnswer,
  ProbeEnding,
  ProbeRequest,
  ProbeToken,
  PublishAnswer,
  TripAnswer,
} from "../store.js";

type Decide<A> = (found: CircuitRecord | undefined, now: number) => Change<A>;

/** Circuits that the runtimes of one process share: what a fleet's store does, without a server. */
export class MemoryFleetStore implements FleetStore {
  readonly available = true;
  readonly #records = new Map<string, CircuitRecord>();
  readonly #listeners = new Set<FleetListener>();

  constructor(private readonly clock: Clock) {}

  now(): number {
    return this.clock.now();
  }

  async load(names: readonly string[] = [...this.#records.keys()]): Promise<readonly CircuitRecord[]> {
    return names.flatMap((name) => this.#records.get(name) ?? []);
  }

  async changes(since: number): Promise<readonly ChangedCircuit[]> {
    const changed = [...this.#records.values()].filter(({ epoch }) => epoch > since);
    return changed.map(({ name, epoch }) => ({ name, epoch }));
  }

  async trip(row: FleetRow, vote: CircuitVote & { readonly quorum: number }): Promise<TripAnswer> {
    return this.#apply(row.name, (found, now) => trip(found, row, vote, now));
  }

  async publish(row: FleetRow, expectedEpoch: number): Promise<PublishAnswer> {
    return this.#apply(row.name, (found, now) => publish(found, row, expectedEpoch, now));
  }

  async acquireProbe(name: string, request: ProbeRequest): Promise<ProbeAnswer> {
    return this.#apply(name, (found, now) => acquireProbe(found, request, now));
  }

  async endProbe(name: string, lease: ProbeToken, ending: ProbeEnding): Promise<EndAnswer> {
    return this.#apply(name, (found, now) => endProbe(found, lease, ending, now));
  }

  subscribe(listener: FleetListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  watch(): Disposable {
    return { [Symbol.dispose]: () => undefined };
  }

  #apply<A>(name: string, decide: Decide<A>): A {
    const found = this.#records.get(name);
    const { answer, record } = decide(found, this.now());
    if (record === undefined) return answer;
    this.#records.set(name, record);
    if (record.epoch !== (found?.epoch ?? 0)) queueMicrotask(() => this.#tell(record));
    return answer;
  }

  #tell(record: CircuitRecord): void {
    for (const listener of this.#listeners) listener.heard(record);
  }
}
