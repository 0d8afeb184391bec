import type { RedisCommand } from "@baldur/core/plugin";

/** One connection that was opened, until its end; to connect again is to open another. */
export interface Link {
  /** Whether what is sent now goes out. */
  readonly isReady: boolean;
  call(command: RedisCommand): Promise<unknown>;
  /** Each command's error or reply. */
  pipeline(commands: readonly RedisCommand[]): Promise<readonly Outcome[]>;
  /** Resolves when every server that is needed has answered. */
  ping(): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  onMessage(listener: (channel: string, message: string) => void): void;
  /** Ends it at once; what was not answered stays so. */
  discard(): void;
}

export type Outcome = readonly [error: Error | null, reply: unknown];

/** What comes with the opening of a connection. */
export interface Opening {
  /** Told when the connection ends by itself. */
  readonly closed: (error: unknown) => void;
  /** Aborted where nobody waits for it any longer. */
  readonly signal: AbortSignal;
}

/** Opens the next connection: it resolves once Redis has let us in and answers, and rejects with the reason why not. */
export type Source = (opening: Opening) => Promise<Link>;
