/** Where text goes. @public */
export interface CliOutput {
  /** Writes text as it is. */
  write(text: string): unknown;
  /** Whether it is a terminal: only that is coloured. */
  readonly isTTY?: boolean;
}

/** What a command works with, beside its arguments. @public */
export interface CliIo {
  /** What was asked for. */
  readonly stdout: CliOutput;
  /** Words for people beside it. */
  readonly stderr: CliOutput;
  /** Variables, such as the key of the server. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that files are named from. */
  readonly cwd: string;
}
