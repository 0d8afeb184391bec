/** What a command exits with. */
export const EXIT = { ok: 0, failed: 1, refused: 2 } as const;

interface CliErrorOptions {
  readonly exitCode?: number;
  /** What to do about it. */
  readonly hint?: string | undefined;
  /** What the server answered, for `--json`. */
  readonly body?: unknown;
}

/** Ends a command with words for people. */
export class CliError extends Error {
  readonly exitCode: number;
  readonly hint: string | undefined;
  readonly body: unknown;

  constructor(message: string, { exitCode = EXIT.failed, hint, body }: CliErrorOptions = {}) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
    this.body = body;
  }
}

/** The words of anything thrown. */
export function words(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown };
  return typeof message === "string" ? message : String(error);
}
