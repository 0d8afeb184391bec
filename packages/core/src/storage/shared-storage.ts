import type { DivergenceReport } from "./divergence.js";
import type { StorageMode } from "./mode.js";

/** How a runtime stands with the Redis that it shares state in. @public */
export interface SharedStorage {
  /** "degraded": Redis is away, and this process decides by itself. "normal" too where there is no Redis. */
  readonly mode: StorageMode;
  /** What this process and Redis held differently when they met again, and what became of it; the newest recovery first. */
  divergences(): readonly DivergenceReport[];
  /** Looks at once whether Redis answers, and recovers if so. Answers whether Redis is in use. Never rejects. */
  checkAndRecover(): Promise<boolean>;
}
