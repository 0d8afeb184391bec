/** Facts about a call that travel with it: into logs, captured failures and idempotency keys. @public */
export interface CallContext {
  orderId?: string | number;
  paymentId?: string | number;
  userId?: string | number;
  tenantId?: string | number;
  tierId?: string | number;
  region?: string;
  entityType?: string;
  entityId?: string | number;
  traceId?: string;
  [extra: string]: unknown;
}

/** What the protected function receives. @public */
export interface Call {
  readonly name: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Aborted on a timeout and on the caller's abort. Made when it is first read: a function that ignores it pays nothing. */
  readonly signal: AbortSignal;
  readonly context: CallContext;
  /** The id of the failed operation that this call replays. */
  readonly replayOf?: string | undefined;
}

/** One run of the protected function. @public */
export interface Attempt {
  readonly number: number;
  readonly startedAt: Date;
  /** Milliseconds. */
  readonly duration: number;
  readonly error?: unknown;
  /** Milliseconds waited before the next attempt; absent on the last one. */
  readonly delayBeforeNext?: number;
}

/** Any function or method. */
// biome-ignore lint/suspicious/noExplicitAny: parameters of a function are contravariant, so no narrower type takes all
export type AnyFunction = (this: any, ...args: any[]) => unknown;
