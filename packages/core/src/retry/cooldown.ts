/** Whether a call may go while the dependency asks to be called less. */
export type CooldownAnswer =
  /** A canary tests the water for the others, and must report back. */
  | { readonly go: true; readonly canary: boolean }
  | { readonly go: false; readonly delay: number }
  /** Settles when the canary that is out has answered. */
  | { readonly go: false; readonly until: Promise<void> };

/** The cooldown that all calls with the same key share after an answer 429. */
export interface SharedCooldown {
  /** No key is cooling down: all that a healthy call asks. */
  readonly idle: boolean;
  admit(key: string): CooldownAnswer;
  /** Notes an answer 429. Returns the milliseconds until calls may go. */
  limited(key: string, error: unknown, canary: boolean): number;
  succeeded(key: string, canary: boolean): void;
  /** The canary ended without an answer. */
  released(key: string): void;
  /** The error for a call that would have to wait too long. */
  deferred(key: string, delay: number): Error;
}
