import { invalid } from "../errors.js";
import type { Endpoint } from "../pipeline/endpoint.js";
import { type Endpoints, validateName } from "../pipeline/endpoints.js";
import type { CircuitBreakerOptions } from "../pipeline/options.js";
import { Breaker, type BreakerServices, type FleetLink } from "./circuit-breaker.js";
import {
  type CircuitPolicy,
  circuitPolicy,
  sameCircuitBreakerOptions,
  validateCircuitBreakerOptions,
} from "./options.js";
import type {
  CircuitBreaker,
  CircuitBreakerSettings,
  CircuitRow,
  CircuitState,
  ControlResult,
  ManualControl,
  Permit,
} from "./types.js";

const NO_OPTIONS: CircuitBreakerOptions = Object.freeze({});
/** Not to be taken for a name that a user would choose, nor for the key of its settings. */
const OVERFLOW = "(other names)";

/** Makes the breakers of a runtime: one per name, and one for all the names for which there is no room. */
export class Circuits {
  /** Of all circuits that nobody gave options. */
  readonly #shared: CircuitPolicy;
  readonly #fleet: { link: FleetLink | null } = { link: null };
  readonly #services: BreakerServices;

  constructor(
    private readonly endpoints: Endpoints,
    services: Omit<BreakerServices, "fleet" | "probes">,
    private readonly settings: CircuitBreakerSettings,
  ) {
    this.#services = { ...services, fleet: this.#fleet, probes: { last: 0 } };
    this.#shared = circuitPolicy(settings, NO_OPTIONS, OVERFLOW);
  }

  /** The endpoint's breaker, made if there is none. The first options given hold, also where it was made without any. */
  of(endpoint: Endpoint, options: CircuitBreakerOptions = NO_OPTIONS): Breaker {
    endpoint.circuit ??= endpoint.overflow
      ? this.endpoints.overflowCircuit(() => this.#create(OVERFLOW, NO_OPTIONS))
      : this.#create(endpoint.name, options);
    const breaker = endpoint.circuit as Breaker;
    if (options !== NO_OPTIONS && !endpoint.overflow) this.#compare(breaker, options);
    return breaker;
  }

  /** A handle that stays good however long it is kept. */
  handle(name: string, options?: CircuitBreakerOptions): CircuitBreaker {
    validateName(name);
    if (options !== undefined) {
      if (typeof options !== "object" || options === null) throw invalid("options", "an object", options);
      validateCircuitBreakerOptions(options);
    }
    this.of(this.endpoints.get(name), options);
    return new CircuitHandle(name, () => this.#used(name, options), this.#fleet);
  }

  #used(name: string, options: CircuitBreakerOptions | undefined): Breaker {
    const endpoint = this.endpoints.get(name);
    endpoint.lastUsed = this.#services.clock.coarse();
    return this.of(endpoint, options);
  }

  /** Shares the circuits with a fleet from now on, or, for null, with nobody. */
  link(fleet: FleetLink | null): void {
    this.#fleet.link = fleet;
  }

  /** The breaker of that name, if there is one and it is not shared with other names. */
  find(name: string): Breaker | undefined {
    return (this.endpoints.find(name)?.circuit ?? undefined) as Breaker | undefined;
  }

  /** Those with a name of their own. */
  breakers(): Breaker[] {
    return this.#breakers().filter(({ name }) => name !== OVERFLOW);
  }

  rows(filter: { state?: CircuitState } = {}): CircuitRow[] {
    const rows = this.#breakers().map((breaker) => breaker.row());
    const kept = filter.state === undefined ? rows : rows.filter((row) => row.state === filter.state);
    return kept.sort(openFirst);
  }

  /** State of every circuit, as a number, at most so many. */
  states(limit: number): (readonly [labels: readonly string[], value: number])[] {
    return this.#breakers()
      .slice(0, limit)
      .map((breaker) => [[breaker.name], breaker.stateNumber]);
  }

  /** Each once: names for which there was no room share theirs. */
  #breakers(): Breaker[] {
    const circuits = new Set([...this.endpoints.values()].map(({ circuit }) => circuit as Breaker | null));
    circuits.delete(null);
    return [...circuits] as Breaker[];
  }

  #policy(name: string, options: CircuitBreakerOptions): CircuitPolicy {
    const own = options !== NO_OPTIONS || this.settings.overrides[name] !== undefined;
    const policy = own ? circuitPolicy(this.settings, options, name) : this.#shared;
    const minimumCalls = options.minimumCalls ?? this.settings.minimumCalls;
    if (minimumCalls > policy.slidingWindowSize) {
      this.#services.reporter.rateTriggerUnreachable(name, minimumCalls, policy.slidingWindowSize);
    }
    return policy;
  }

  #create(name: string, options: CircuitBreakerOptions): Breaker {
    const services = name === OVERFLOW ? { ...this.#services, fleet: { link: null } } : this.#services;
    const breaker = new Breaker(name, this.#policy(name, options), options, services);
    services.fleet.link?.created(breaker);
    return breaker;
  }

  #compare(breaker: Breaker, options: CircuitBreakerOptions): void {
    if (breaker.given === NO_OPTIONS) return breaker.adopt(this.#policy(breaker.name, options), options);
    if (breaker.conflictReported || sameCircuitBreakerOptions(breaker.given, options)) return;
    breaker.conflictReported = true;
    this.#services.reporter.optionsConflict(breaker.name);
  }
}

/** Longest open first, then the rest by name. */
function openFirst(a: CircuitRow, b: CircuitRow): number {
  const closed = Number(isClosed(a)) - Number(isClosed(b));
  if (closed !== 0) return closed;
  return isClosed(a) ? (a.name < b.name ? -1 : 1) : a.since.getTime() - b.since.getTime();
}

function isClosed({ state }: CircuitRow): boolean {
  return state === "closed" || state === "forced_closed" || state === "disabled";
}

/** Looks its breaker up at every use, because an idle one may have left in between. */
class CircuitHandle implements CircuitBreaker {
  constructor(
    readonly name: string,
    private readonly breaker: () => Breaker,
    private readonly fleet: { readonly link: FleetLink | null },
  ) {}

  get state(): CircuitState {
    return this.breaker().state;
  }

  snapshot(): CircuitRow {
    return this.breaker().row();
  }

  acquire(): Permit {
    return this.breaker().acquire();
  }

  async forceOpen(control: ManualControl): Promise<ControlResult> {
    return this.#act((breaker) => breaker.pin("forced_open", control));
  }

  async forceClose(control: ManualControl & { triggerReplay?: boolean }): Promise<ControlResult> {
    return this.#act((breaker) => breaker.pin("forced_closed", control, control.triggerReplay));
  }

  async auto(control: ManualControl): Promise<ControlResult> {
    return this.#act((breaker) => breaker.unpin(control));
  }

  async reset(control: ManualControl): Promise<ControlResult> {
    return this.#act((breaker) => breaker.reset(control));
  }

  /** Nothing is done by hand to a circuit that many names share because there is no room. */
  async #act(action: (breaker: Breaker) => ControlResult): Promise<ControlResult> {
    const breaker = this.breaker();
    if (breaker.name === this.name) return this.#told(breaker, action(breaker));
    const { name } = this;
    const { state } = breaker;
    const message = "there is no room for a circuit of its own; raise BALDUR_CB_MAX_BREAKERS";
    return { success: false, name, previousState: state, state, message };
  }

  /** Waits until it is certain that the other processes will hear of it, or that they cannot. */
  async #told(breaker: Breaker, result: ControlResult): Promise<ControlResult> {
    const { link } = this.fleet;
    if (link === null || !result.success) return result;
    const persisted = await link.written(breaker);
    if (persisted) return { ...result, persisted };
    const message = `${result.message}; it holds in this process, and others hear of it once the shared store answers`;
    return { ...result, persisted, message };
  }
}
