import { DLQReplayError } from "@baldur/core";
import {
  type AuditEntry,
  auditSlot,
  type FailedOperation,
  type PluginContext,
  type ReplayEnding,
} from "@baldur/core/plugin";
import type { ReplayResult } from "../api.js";
import type { Entry, EntryState, ReplayTrigger } from "../entry/entry.js";
import type { Input } from "../entry/transition.js";
import { claimLost, replayCompleted, replayExhausted, replayFailed, settleFailed } from "../events.js";
import {
  exhaustedTotal,
  redriveExhaustedTotal,
  replayAttempts,
  replayDuration,
  replayOutcomes,
} from "../metrics.js";
import type { Changed } from "../store/store.js";
import type { Arrears } from "./arrears.js";
import { messageOf, verdictOn } from "./outcome.js";
import type { Patience } from "./patience.js";
import { failed, skippedBecause, succeeded } from "./results.js";

export type RunnerContext = Pick<PluginContext, "replay" | "telemetry" | "clock" | "slots">;

export interface Run {
  /** As it was claimed. */
  readonly entry: Entry;
  readonly operation: FailedOperation;
  /** Its claim. */
  readonly owner: string;
  readonly token: string;
  readonly at: number;
  readonly trigger: ReplayTrigger;
  /** `single`, `batch` or `conditional`, for the metrics. */
  readonly type: string;
  readonly actor?: string | undefined;
}

/** A handler that ended, before its entry knows. */
export interface Executed {
  readonly run: Run;
  readonly ending: ReplayEnding;
  /** What the entry is to be told. */
  readonly verdict: Input;
  /** Milliseconds. */
  readonly duration: number;
}

/** Runs claimed entries. Never rejects: whatever a handler does, it ends as an outcome of its entry alone. */
export class Runner {
  constructor(
    private readonly arrears: Arrears,
    private readonly context: RunnerContext,
    private readonly patience: Patience,
  ) {}

  /** Runs and settles one entry. */
  async run(run: Run): Promise<ReplayResult> {
    const executed = await this.execute(run);
    return this.tell(executed, await this.#settle(run.entry.body.id, executed.verdict));
  }

  /** Runs the handler of a claimed entry. */
  async execute(run: Run): Promise<Executed> {
    const { clock } = this.context;
    const { retryCount } = run.entry.state;
    const began = clock.monotonic();
    const replaying = this.context.replay({ ...run.operation, retryCount, status: "replaying" });
    const ending = await this.patience.wait(replaying, () => givenUp(run));
    return {
      run,
      ending,
      verdict: verdictOn(ending, run.token, run.trigger),
      duration: clock.monotonic() - began,
    };
  }

  /** Tells what became of a run, given what its settlement changed. */
  tell(executed: Executed, settled: Changed | Error): ReplayResult {
    const { run } = executed;
    const { id } = run.entry.body;
    if (settled instanceof Error) {
      this.context.telemetry.report(settleFailed, { ...facts(run), error: settled.message });
      return failed(id, `the outcome could not be stored: ${settled.message}`);
    }
    if ("refused" in settled) {
      this.context.telemetry.report(claimLost, facts(run));
      return failed(id, "the claim was lost, so the outcome settled nothing");
    }
    return this.#told(executed, settled.state);
  }

  async #settle(id: string, input: Input): Promise<Changed | Error> {
    try {
      const [changed] = await this.arrears.change([{ id, input }]);
      return changed as Changed;
    } catch (error) {
      return error as Error;
    }
  }

  #told({ run, verdict, ending, duration }: Executed, state: EntryState): ReplayResult {
    const { telemetry } = this.context;
    const { id, domain } = run.entry.body;
    if (verdict.type === "defer") return skippedBecause(id, verdict.reason);
    const success = verdict.type === "succeed";
    telemetry.counter(replayAttempts).cell(domain, run.type, "false").add();
    telemetry
      .counter(replayOutcomes)
      .cell(domain, success ? "success" : "failure", "false")
      .add();
    telemetry
      .histogram(replayDuration)
      .cell(domain)
      .observe(duration / 1000);
    const attempt = run.entry.state.retryCount;
    telemetry.report(replayCompleted, {
      ...facts(run),
      success,
      replay_attempt: attempt,
      trigger: run.trigger,
    });
    this.#audit(run, success);
    const data = { status: state.status, retryCount: state.retryCount };
    if (success) return succeeded(id, "replayed", data);
    const error = "error" in ending ? messageOf(ending.error) : "";
    telemetry.report(replayFailed, { ...facts(run), error, replay_attempt: attempt });
    if (state.status === "requires_review") this.#tellExhausted(run);
    return failed(id, error, data);
  }

  #tellExhausted(run: Run): void {
    const { telemetry } = this.context;
    const { body, state } = run.entry;
    const redriven = state.redrives !== undefined;
    telemetry.counter(exhaustedTotal).cell(body.domain).add();
    if (redriven) telemetry.counter(redriveExhaustedTotal).cell(body.domain).add();
    telemetry.report(replayExhausted, { ...facts(run), attempts: state.retryCount, redriven });
  }

  #audit({ entry, actor, trigger }: Run, success: boolean): void {
    if (!this.context.slots.isFilled(auditSlot)) return;
    const record: AuditEntry = {
      action: "dlq_replay",
      targetType: "dlq_entry",
      targetId: entry.body.id,
      component: "dlq",
      domain: entry.body.domain,
      success,
      actorId: actor ?? "system",
      details: { trigger, attempt: entry.state.retryCount },
    };
    void this.context.slots.get(auditSlot).record(record);
  }
}

function givenUp({ operation }: Run): ReplayEnding {
  return { ran: true, error: new DLQReplayError(operation.id, "its handler took too long") };
}

function facts({ entry }: Run): { id: string; name: string; domain: string } {
  const { id, name, domain } = entry.body;
  return { id, name, domain };
}
