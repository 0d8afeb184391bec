/** What a server answered. */
export interface Answer {
  readonly status: number;
  /** JSON; undefined where there was none. */
  readonly body: unknown;
  /** A refusal or failure in the words of RFC 9457. */
  readonly isProblem: boolean;
}

export interface ControlApiOptions {
  /** Without a slash at its end. */
  readonly url: string;
  readonly key: string | undefined;
  /** Milliseconds. */
  readonly timeout: number;
}
