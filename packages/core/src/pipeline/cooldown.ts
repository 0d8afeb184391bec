/** Whether a call may go. */
export type CooldownAnswer =
  /** A canary tests the water for the others, and must report back. */
  | { readonly go: true; readonly canary: boolean }
  | { readonly go: false; readonly delay: number }
  /** `until` settles when the canary that is out has answered; after `lease` milliseconds another one may go. */
  | { readonly go: false; readonly until: Promise<void>; readonly lease: number };

/** Waits that calls with the same key share after an answer 429, as the retry stage sees them. */
export interface SharedCooldown {
  /** No key is cooling down: all that a healthy call asks. */
  readonly idle: boolean;
  admit(key: string): CooldownAnswer;
  /** Notes an answer 429. Returns the milliseconds until calls with this key may go. */
  limited(key: string, error: unknown, canary: boolean): number;
  /** The dependency answers again. */
  succeeded(key: string, canary: boolean): void;
  /** The canary ended without an answer: the next call may try. */
  released(key: string): void;
  /** The error for a call that would have to wait too long. */
  deferred(key: string, delay: number): Error;
}
