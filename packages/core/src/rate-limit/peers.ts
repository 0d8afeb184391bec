/** A cooldown as processes tell each other of it: in milliseconds from now, for their clocks differ. @public */
export interface PeerCooldown {
  readonly key: string;
  readonly delay: number;
  /** Answers 429 in a row; those of one burst are one. */
  readonly consecutive: number;
}

/** The other processes that call the same dependencies. None of it throws or rejects. @public */
export interface CooldownPeers extends Disposable {
  /** While they cannot be reached, every process decides for itself. */
  readonly available: boolean;
  /** An answer 429 began or extended a cooldown; `canary` if it was the canary's, which has ended thereby. */
  limited(cooldown: PeerCooldown, canary: boolean): void;
  /**
   * Asks for leave to send the one canary of all, for `duration` milliseconds. Resolves with 0 for leave, else with the
   * milliseconds for which another process has it.
   */
  lease(key: string, duration: number): Promise<number>;
  /** The canary of this process ended without an answer. */
  released(key: string): void;
  /** The dependency answers again: what is known of its cooldown, and nothing newer, is over for all. */
  succeeded(key: string, consecutive: number): void;
}

/** The cooldowns of one process, as its peers see them. @public */
export interface CooldownTable {
  /** Milliseconds for which a cooldown that is over is remembered, so that the next one grows from it. */
  readonly memory: number;
  /** Those that are on, or wait for a canary. */
  known(): readonly PeerCooldown[];
  /** From now on they are shared with these. */
  join(peers: CooldownPeers): void;
  heardLimited(cooldown: PeerCooldown): void;
  heardReleased(key: string): void;
  heardSucceeded(key: string): void;
}
