import { emergencySlot, governanceSlot, type PluginContext } from "@baldur/core/plugin";
import { guardDegraded, replayBlocked } from "../events.js";

/** From this level on an emergency holds replays back. */
const EMERGENCY_LEVEL = 2;

export type GuardContext = Pick<PluginContext, "slots" | "control" | "telemetry">;

export interface GuardRequest {
  readonly operation: string;
  readonly name?: string | undefined;
  readonly domain?: string | undefined;
  /** A deliberate action of an operator: neither an emergency nor a budget holds it back. */
  readonly deliberate?: boolean;
  readonly overrideKillSwitch?: boolean;
}

/** Whether a replay is allowed now: kill switch, emergency, budgets. Answers why not; never throws. */
export class Guard {
  constructor(private readonly context: GuardContext) {}

  /** Operators switched Baldur off: asked before every single replay, for it costs nothing. */
  get isOff(): boolean {
    return !this.context.control.enabled;
  }

  async refusal(request: GuardRequest): Promise<string | undefined> {
    const reason = this.#ownRefusal(request) ?? (await this.#governance(request));
    if (reason !== undefined) {
      const { name = "", operation } = request;
      this.context.telemetry.report(replayBlocked, { name, operation, reason });
    }
    return reason;
  }

  #ownRefusal({ deliberate, overrideKillSwitch }: GuardRequest): string | undefined {
    if (this.isOff && !overrideKillSwitch) return "kill_switch";
    if (deliberate) return undefined;
    try {
      const { level } = this.context.slots.get(emergencySlot).state();
      return level >= EMERGENCY_LEVEL ? "emergency_mode" : undefined;
    } catch (error) {
      this.#degraded("emergency", error);
      return undefined;
    }
  }

  async #governance(request: GuardRequest): Promise<string | undefined> {
    const { operation, domain, deliberate, overrideKillSwitch } = request;
    try {
      const verdict = await this.context.slots.get(governanceSlot).check({
        operation,
        component: "replay",
        enabled: this.context.control.enabled,
        emergencyLevel: EMERGENCY_LEVEL,
        ...(domain !== undefined && { domain }),
        skip: [
          ...(deliberate ? (["emergency_mode", "error_budget"] as const) : []),
          ...(overrideKillSwitch ? (["kill_switch"] as const) : []),
        ],
      });
      return verdict.allowed ? undefined : (verdict.blockedBy ?? "governance");
    } catch (error) {
      this.#degraded(operation, error);
      return undefined;
    }
  }

  #degraded(operation: string, error: unknown): void {
    this.context.telemetry.report(guardDegraded, { operation, error: (error as Error).message });
  }
}
