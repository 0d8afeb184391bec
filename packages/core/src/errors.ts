/** A prototype's own class name under this symbol keeps `instanceof` true across duplicate copies of the package. */
const KIND: unique symbol = Symbol.for("@baldur/core.error");

/** Anything with named facts about itself: shown to operators, never holding a secret. @public */
export type ErrorContext = Record<string, unknown>;

/**
 * Base of every error that Baldur itself raises. What your function throws reaches you unchanged and is never one of these.
 * @public
 */
export class BaldurError extends Error {
  /** Stable identifier: `ERR_BALDUR_` and the class name in upper snake case. */
  readonly code: string = "ERR_BALDUR";
  /** Whether the same call may succeed later without a change by the caller. */
  readonly retryable: boolean = false;

  static {
    brand(BaldurError, "BaldurError");
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasKind(value, this.prototype);
  }

  /** The facts behind the error, for logs and tests. */
  context(): ErrorContext {
    return {};
  }

  toJSON(): ErrorContext {
    return {
      name: this.name,
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...this.context(),
    };
  }
}

/** An option, name or setting breaks its rule. Thrown where the value is given. @public */
export class ConfigurationError extends BaldurError {
  override readonly code: string = "ERR_BALDUR_CONFIGURATION";
  /** Every problem found, one sentence each. */
  readonly problems: readonly string[];

  static {
    brand(ConfigurationError, "ConfigurationError");
  }

  constructor(message: string, options: ErrorOptions & { problems?: readonly string[] } = {}) {
    super(message, options);
    this.problems = options.problems ?? [message];
  }

  override context(): ErrorContext {
    return { problems: this.problems };
  }
}

/** A store, engine or client that Baldur talks to failed. @public */
export class AdapterError extends BaldurError {
  override readonly code: string = "ERR_BALDUR_ADAPTER";
  override readonly retryable: boolean = true;

  static {
    brand(AdapterError, "AdapterError");
  }
}

/** Something was configured whose package is not installed or not registered. @public */
export class AdapterNotFoundError extends AdapterError {
  override readonly code = "ERR_BALDUR_ADAPTER_NOT_FOUND";
  override readonly retryable = false;

  static {
    brand(AdapterNotFoundError, "AdapterNotFoundError");
  }

  constructor(
    readonly adapterType: string,
    readonly adapterName: string,
    remedy: string,
    options?: ErrorOptions,
  ) {
    super(`no ${adapterType} named ${adapterName}: ${remedy}`, options);
  }

  override context(): ErrorContext {
    return { adapterType: this.adapterType, adapterName: this.adapterName };
  }
}

/** Base of what the resilience patterns raise: timeout, exhausted retries, limits. @public */
export class ResilienceError extends BaldurError {
  override readonly code: string = "ERR_BALDUR_RESILIENCE";
  override readonly retryable: boolean = true;

  static {
    brand(ResilienceError, "ResilienceError");
  }
}

/**
 * Whether a value is an error of Baldur's, of any copy of the package, optionally with this code.
 * @public
 */
export function isBaldurError(value: unknown, code?: string): value is BaldurError {
  if (typeof value !== "object" || value === null) return false;
  try {
    return KIND in value && (code === undefined || (value as { code?: unknown }).code === code);
  } catch {
    return false; // a proxy of the caller's that throws
  }
}

/** Names a class of errors: its `name`, and its identity across copies of the package. @public */
export function brand(errorClass: { readonly prototype: object }, name: string): void {
  const property = { value: name, configurable: true, writable: true };
  Object.defineProperties(errorClass.prototype, { [KIND]: property, name: property });
  // A bundler may have renamed the class, and Node prints errors by the name of their class.
  Object.defineProperty(errorClass, "name", property);
}

function hasKind(value: unknown, prototype: object): boolean {
  if (typeof value !== "object" || value === null) return false;
  const kind: unknown = Object.getOwnPropertyDescriptor(prototype, KIND)?.value;
  if (kind === undefined) return Object.prototype.isPrototypeOf.call(prototype, value);
  for (
    let link: object | null = Object.getPrototypeOf(value);
    link !== null;
    link = Object.getPrototypeOf(link)
  ) {
    if (Object.getOwnPropertyDescriptor(link, KIND)?.value === kind) return true;
  }
  return false;
}

/** The error for a value that breaks its rule: names the option, the rule and what was received. @public */
export function invalid(option: string, rule: string, value: unknown): ConfigurationError {
  return new ConfigurationError(`${option} must be ${rule}; received ${show(value)}`);
}

const SHOWN_LENGTH = 80;

/** A short, safe rendering of any value for a message. */
export function show(value: unknown): string {
  const text = render(value);
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}... (${text.length} characters)` : text;
}

function render(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 1000));
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `a function${value.name === "" ? "" : ` ${value.name}`}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

/**
 * Makes an error without walking the stack: a rejection by policy says all it has to say in its fields,
 * and the walk would cost several times the rest of the call.
 * @public
 */
export function withoutStack<E extends Error, A>(create: (argument: A) => E, argument: A): E {
  const limit = Error.stackTraceLimit;
  try {
    Error.stackTraceLimit = 0;
  } catch {
    return create(argument); // frozen intrinsics
  }
  try {
    return create(argument);
  } finally {
    Error.stackTraceLimit = limit;
  }
}
