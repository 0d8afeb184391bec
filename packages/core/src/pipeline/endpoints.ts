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
  #uses = 0;
  #overflow: CircuitGate | null = null;
  #overflowed = false;

  constructor(private readonly options: EndpointsOptions) {}

  /** The name's endpoint, made on first use. Throws `ConfigurationError` for what cannot be a name. */
  get(name: string): Endpoint {
    const endpoint = this.#byName.get(name) ?? this.#create(name);
    endpoint.lastUsed = ++this.#uses;
    return endpoint;
  }

  find(name: string): Endpoint | undefined {
    return this.#byName.get(name);
  }

  values(): IterableIterator<Endpoint> {
    return this.#byName.values();
  }

  /** The circuit shared by names for which there is no room. */
  overflowCircuit(create: () => CircuitGate): CircuitGate {
    this.#overflow ??= create();
    return this.#overflow;
  }

  #create(name: string): Endpoint {
    validateName(name);
    const endpoint = new Endpoint(name);
    if (this.#byName.size >= this.options.limit) this.#makeRoom();
    if (this.#byName.size < this.options.limit) this.#byName.set(name, endpoint);
    else endpoint.overflow = true;
    this.options.onCreated(endpoint);
    return endpoint;
  }

  #makeRoom(): void {
    const idle = [...this.#byName.values()].filter((endpoint) => endpoint.idle);
    idle.sort((a, b) => a.lastUsed - b.lastUsed);
    const leaving = idle.slice(0, Math.max(1, Math.floor(this.options.limit / BATCH)));
    for (const endpoint of leaving) this.#byName.delete(endpoint.name);
    for (const endpoint of leaving) endpoint.evicted = true;
    if (leaving.length > 0) this.options.onEvicted(leaving.length);
    else this.#reportOverflow();
  }

  #reportOverflow(): void {
    if (this.#overflowed) return;
    this.#overflowed = true;
    this.options.onOverflow(this.options.limit);
  }
}

/** A name is 1 to 128 characters without control characters; it is used as given. */
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
