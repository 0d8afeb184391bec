import { text } from "../describe.js";
import { isBaldurError } from "../errors.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import type { Wal } from "../wal/wal.js";
import { degradedModeFallback } from "./events.js";
import type { LocalState } from "./local-state.js";
import type { StorageMode } from "./mode.js";
import type { Operation } from "./operation.js";
import type { Patience } from "./patience.js";

export interface AccessParts {
  readonly mode: () => StorageMode;
  /** Redis is not to be asked any more. */
  readonly lost: (reason: string) => void;
  readonly patience: Patience;
  readonly local: LocalState;
  readonly wal: Wal;
  readonly telemetry: Pick<TelemetryHub, "report">;
}

/** Decides for every operation whether Redis is asked, or this process answers by itself. */
export class Access {
  #gate: Promise<void> | undefined;
  #hasFallenBack = false;

  constructor(private readonly parts: AccessParts) {}

  /** Rejects only with what Redis said to the operation itself. */
  async read<T>(feature: string, ask: () => Promise<T>, answer: (local: LocalState) => T): Promise<T> {
    if (this.parts.mode() === "normal") {
      try {
        return await this.parts.patience.track(ask);
      } catch (error) {
        this.#judge(error);
      }
    }
    this.#fallBack(feature);
    return answer(this.parts.local);
  }

  /**
   * Resolves with what Redis answered, or, once the operation is logged, with what this process makes of it. `missed` is what
   * to log in place of the operation when Redis was asked and may have done it.
   */
  async write(
    operation: Operation,
    ask: () => Promise<number>,
    missed: (error: unknown) => Operation = () => operation,
  ): Promise<number> {
    while (this.#gate !== undefined) await this.#gate;
    if (this.parts.mode() !== "normal") return this.#log(operation);
    try {
      return await this.parts.patience.track(ask);
    } catch (error) {
      this.#judge(error);
      return this.#log(missed(error));
    }
  }

  /** Nothing is written while `work` runs: who wants to waits for it. */
  async alone(work: () => Promise<void>): Promise<void> {
    let open: () => void = () => undefined;
    this.#gate = new Promise((resolve) => {
      open = resolve;
    });
    try {
      await work();
    } finally {
      this.#gate = undefined;
      open();
    }
  }

  /** The next operation that is answered without Redis is told again. */
  rearm(): void {
    this.#hasFallenBack = false;
  }

  /** Logged and applied in one turn: both have the same order. */
  async #log(operation: Operation): Promise<number> {
    const { local, wal } = this.parts;
    this.#fallBack(operation.feature);
    local.check(operation);
    if (operation.op === "setnx" && local.has(operation)) return 0;
    const logged = wal.append(operation);
    const answer = local.apply(operation);
    await logged;
    return answer;
  }

  #fallBack(feature: string): void {
    if (this.#hasFallenBack) return;
    this.#hasFallenBack = true;
    this.parts.telemetry.report(degradedModeFallback, { feature });
  }

  /** Throws what says something about the operation, not about Redis. */
  #judge(error: unknown): void {
    if (isBaldurError(error) && !error.retryable) throw error;
    this.parts.lost(text(error));
  }
}
