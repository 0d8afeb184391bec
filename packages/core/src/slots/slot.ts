import { ConfigurationError, invalid } from "../errors.js";

/** What every implementation of a slot says about itself; the no-ops say "no-op". @public */
export interface Provided {
  readonly kind: string;
}

/**
 * A place that a plugin may fill, with what answers while none does.
 * @public
 */
export interface Slot<T extends object> {
  readonly name: string;
  readonly fallback: T;
}

/** A slot as an operator sees it. @public */
export interface SlotRow {
  readonly slot: string;
  /** The plugin that filled it; absent while the no-op answers. */
  readonly provider?: string;
}

/** Plain names are Baldur's own; a plugin's own slots carry its name: `acme/cache`. */
const NAME = /^(?:[a-z][a-z0-9-]*\/)?[a-z][a-z0-9-]*$/;

/**
 * Declares a slot. `fallback` is a frozen no-op, shared by all; what it has as methods, an implementation must have.
 * Throws `ConfigurationError` for a name that is not in lower case with dashes.
 * @public
 */
export function defineSlot<T extends object>(name: string, { fallback }: { readonly fallback: T }): Slot<T> {
  if (!NAME.test(name)) throw invalid("slot name", "lower case with dashes, such as acme/cache", name);
  return Object.freeze({ name, fallback });
}

interface Filling {
  readonly implementation: object;
  readonly owner: string;
}

/**
 * Who fills which slot of a runtime. Slots are told apart by name, so plugins built against another copy of the package
 * fill the same ones.
 * @public
 */
export class SlotTable {
  readonly #declared: ReadonlySet<string>;
  readonly #fillings = new Map<string, Filling>();
  #sealed = false;

  /** `declared` are the slots with plain names; a name with an owner, such as `acme/cache`, needs no declaration. */
  constructor(declared: readonly Slot<object>[]) {
    this.#declared = new Set(declared.map(({ name }) => name));
  }

  /** What fills the slot, or its no-op. Never undefined. */
  get<T extends object>(slot: Slot<T>): T {
    return (this.#fillings.get(slot.name)?.implementation ?? slot.fallback) as T;
  }

  /** The plugin that filled the slot. */
  provider(slot: Slot<object>): string | undefined {
    return this.#fillings.get(slot.name)?.owner;
  }

  /** Nothing is filled any more: the runtime has started. */
  get sealed(): boolean {
    return this.#sealed;
  }

  isFilled(slot: Slot<object>): boolean {
    return this.#fillings.has(slot.name);
  }

  /**
   * Fills a slot, until what it returns is disposed of. Throws `ConfigurationError` when the slot is filled already or
   * unknown, when the implementation lacks a method, and once the table is sealed.
   */
  fill<T extends object>(slot: Slot<T>, implementation: T, owner: string): Disposable {
    const { name } = slot;
    this.#check(slot, implementation, owner);
    const filling: Filling = { implementation, owner };
    this.#fillings.set(name, filling);
    return {
      [Symbol.dispose]: () => {
        if (this.#fillings.get(name) === filling) this.#fillings.delete(name);
      },
    };
  }

  /** Refuses every further filling: calls in flight would mix two implementations. */
  seal(): void {
    this.#sealed = true;
  }

  /** Every declared slot, and every other that is filled. */
  rows(): SlotRow[] {
    return [...new Set([...this.#declared, ...this.#fillings.keys()])].map((slot) => {
      const provider = this.#fillings.get(slot)?.owner;
      return provider === undefined ? { slot } : { slot, provider };
    });
  }

  #check({ name, fallback }: Slot<object>, implementation: object, owner: string): void {
    const problem = this.#problem(name, owner) ?? lacking(fallback, implementation);
    if (problem !== undefined) throw new ConfigurationError(`${owner} cannot fill slot ${name}: ${problem}`);
  }

  #problem(name: string, owner: string): string | undefined {
    const holder = this.#fillings.get(name)?.owner;
    if (this.#sealed) return "the runtime has started";
    if (!this.#declared.has(name) && !name.includes("/"))
      return `the slots are ${[...this.#declared].join(", ")}`;
    if (holder !== undefined) return holder === owner ? "it did so already" : `${holder} fills it`;
    return undefined;
  }
}

function lacking(fallback: object, implementation: unknown): string | undefined {
  if (typeof implementation !== "object" || implementation === null)
    return "the implementation must be an object";
  const given = implementation as Record<string, unknown>;
  const missing = Object.entries(fallback).find(
    ([key, value]) => typeof value === "function" && typeof given[key] !== "function",
  );
  return missing && `the implementation lacks ${missing[0]}()`;
}
