import type { CircuitBreaker, CircuitRow, CircuitState } from "./circuit-breaker/types.js";
import type { SystemControl } from "./control/kill-switch.js";
import type { FailedOperation, ReplayHandler } from "./failure-capture/operation.js";
import type { Health } from "./health/health.js";
import type { Journal } from "./journal/types.js";
import type { Lifecycle, ShutdownReport } from "./lifecycle/lifecycle.js";
import type { CircuitBreakerOptions, ProtectedFunction, ProtectOptions } from "./pipeline/options.js";
import type { ProtectResult } from "./pipeline/result.js";
import type { AdminRoute } from "./plugins/route.js";
import type { Posture } from "./posture.js";
import type { Protect } from "./protected.js";
import type { Reports } from "./report/reports.js";
import type { Scheduler } from "./scheduler/scheduler.js";
import type { SettingsCatalog } from "./settings/catalog.js";
import type { SlotTable } from "./slots/slot.js";
import type { SharedStorage } from "./storage/shared-storage.js";
import type { Telemetry } from "./telemetry/telemetry.js";

/** Runs a function protected. @public */
export type ProtectCall = <T>(
  name: string,
  fn: ProtectedFunction<T>,
  options?: ProtectOptions<T>,
) => Promise<T>;

/** Runs a function protected, and answers with everything about how it went. @public */
export type ProtectWithMeta = <T>(
  name: string,
  fn: ProtectedFunction<T>,
  options?: ProtectOptions<T>,
) => Promise<ProtectResult<T>>;

/** A runtime: breakers, budgets and switches that belong together. @public */
export interface Baldur {
  /** Discovers plugins, starts them, and loads and follows the kill switch. Idempotent. */
  start(): Promise<this>;
  /**
   * Waits for requests and calls in flight (default at most 30,000 ms), then closes plugins in reverse order, and stores. Idempotent.
   * What is closed gets what is left of the time, and where requests have used that up, half as much again (at most 5,000 ms), so
   * that nothing is lost for want of a moment; a store that hangs is given up then, after 500 ms at the earliest.
   * The same as `lifecycle.shutdown`, but that refuses requests without the delay of
   * BALDUR_RECOVERY_SHUTDOWN_PRESTOP_SECONDS.
   */
  close(options?: { deadline?: number }): Promise<ShutdownReport>;
  readonly protect: ProtectCall;
  readonly protectWithMeta: ProtectWithMeta;
  readonly protected: Protect;
  onReplay(name: string, handler: ReplayHandler | ((operation: FailedOperation) => unknown)): Disposable;
  /** Runs with a business label in force. Throws `DomainValidationError`. */
  domain<T>(name: string, fn: () => T): T;
  /** A handle on the circuit of that name, made now if there is none. */
  circuit(name: string, options?: CircuitBreakerOptions): CircuitBreaker;
  /** Every circuit, the longest open first. */
  circuits(filter?: { state?: CircuitState }): CircuitRow[];
  readonly control: SystemControl;
  readonly health: Health;
  readonly settings: SettingsCatalog;
  readonly telemetry: Telemetry;
  readonly slots: SlotTable;
  posture(): Posture;
  readonly storage: SharedStorage;
  readonly lifecycle: Lifecycle;
  readonly scheduler: Scheduler;
  readonly journal: Journal;
  readonly reports: Reports;
  /** What the active plugins add to the control API. */
  routes(): readonly AdminRoute[];
}
