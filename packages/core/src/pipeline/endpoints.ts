import { invalid } from "../errors.js";
import { type CircuitGate, Endpoint } from "./endpoint.js";

const LONGEST_NAME = 128;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a name is printed in logs and terminals
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
/** Share of the names that leave at a time: sorting them all for a single place would make a stream of new names quadratic. */
const BATCH = 16;

export interface EndpointsOptions {
  /** Names kept at a time. */
  readonly limit: number;
  /** A coarse reading of the clock. */
  now(): number;
  /** Told every new name's endpoint, before its first call. */
  onCreated(endpoint: Endpoint): void;
  /** Told how many idle names left to make room. */
  onEvicted(count: number): void;
  /** Told once that every name was busy, so that further ones share one circuit. */
  onOverflow(limit: number): void;
}

/** All protected names of a runtime. */
export class Endpoints {
  readonly #byName = new Map<string, Endpoint>();
  /** Names for which there was no room, as long as they are busy. They share one circuit. */
  readonly #overflow = new Map<string, Endpoint>();
  #overflowCircuit: CircuitGate | null = null;
  #overflowed = false;
  #created = 0;
  /** New names before which looking for idle ones is not worth its cost again. */
  #nextLook = 0;

  constructor(private readonly options: EndpointsOptions) {}

  /**
   * The name's endpoint, made on first use. Throws `ConfigurationError` for what cannot be a name. Whoever uses it notes
   * when in `lastUsed`.
   */
  get(name: string): Endpoint {
    return this.#byName.get(name) ?? this.#overflow.get(name) ?? this.#create(name);
  }

  /** The endpoint of a name that has one of its own. Makes none. */
  find(name: string): Endpoint | undefined {
    return this.#byName.get(name);
  }

  *values(): Generator<Endpoint> {
    yield* this.#byName.values();
    yield* this.#overflow.values();
  }

  /** The circuit shared by names for which there is no room. */
  overflowCircuit(create: () => CircuitGate): CircuitGate {
    this.#overflowCircuit ??= create();
    return this.#overflowCircuit;
  }

  #create(name: string): Endpoint {
    validateName(name);
    const endpoint = new Endpoint(name);
    endpoint.lastUsed = this.options.now();
    this.#created++;
    if (this.#byName.size >= this.options.limit && this.#created >= this.#nextLook) this.#makeRoom();
    if (this.#byName.size < this.options.limit) this.#byName.set(name, endpoint);
    else this.#addToOverflow(endpoint);
    this.options.onCreated(endpoint);
    return endpoint;
  }

  #makeRoom(): void {
    const batch = Math.max(1, Math.floor(this.options.limit / BATCH));
    const idle = [...this.#byName.values()].filter((endpoint) => endpoint.idle);
    idle.sort((a, b) => a.lastUsed - b.lastUsed);
    const leaving = idle.slice(0, batch);
    for (const endpoint of leaving) this.#byName.delete(endpoint.name);
    if (leaving.length > 0) return this.options.onEvicted(leaving.length);
    this.#nextLook = this.#created + batch;
    this.#reportOverflow();
  }

  #addToOverflow(endpoint: Endpoint): void {
    for (const { name, inFlight } of this.#overflow.values()) if (inFlight === 0) this.#overflow.delete(name);
    endpoint.overflow = true;
    this.#overflow.set(endpoint.name, endpoint);
  }

  #reportOverflow(): void {
    if (this.#overflowed) return;
    this.#overflowed = true;
    this.options.onOverflow(this.options.limit);
  }
}

/**
 * A name is 1 to 128 characters without control characters; it is used as given. Throws `ConfigurationError` that calls it
 * by `at`.
 * @public
 */
export function validateName(name: unknown, at = "name"): asserts name is string {
  if (
    typeof name !== "string" ||
    name.length === 0 ||
    name.length > LONGEST_NAME ||
    CONTROL_CHARACTERS.test(name)
  ) {
    throw invalid(at, `a string of 1 to ${LONGEST_NAME} characters without control characters`, name);
  }
}
