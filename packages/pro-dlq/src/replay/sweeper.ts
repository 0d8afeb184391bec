import type { BatchReplayResult } from "../api.js";
import type { ReplayTrigger } from "../entry/entry.js";
import { isGone, type Owner } from "../owner.js";
import type { DlqSettings, ReplaySettings } from "../settings.js";
import type { DlqStore, OwnerRecord } from "../store/store.js";
import type { Guard } from "./guard.js";
import type { Pace } from "./pace.js";
import type { Replays } from "./replays.js";
import { addBatch, blockedBatch, emptyBatch } from "./results.js";

export interface SweeperParts {
  readonly store: DlqStore;
  readonly owner: Owner;
  readonly guard: Guard;
  readonly replays: Replays;
  readonly now: () => number;
  readonly settings: Pick<DlqSettings, "circuitCloseInflightTtl"> &
    Pick<ReplaySettings, "serviceFailureTypeMap">;
  readonly onFailure: (error: unknown) => void;
}

export interface SweepRequest {
  readonly name: string;
  readonly maxItems: number;
  readonly trigger: ReplayTrigger;
  /** What fails although its dependency is back goes to a person. */
  readonly escalate: boolean;
  readonly pace?: Pace;
  readonly concurrency?: number;
  /** Takes no entry's last try. */
  readonly sparing?: boolean;
}

/** A sweep that has its lease. */
interface UnderWay {
  /** Ends it between entries; the reason says why. */
  readonly stop: AbortController;
  /** Settles when the lease is as it is to stay. */
  renewing: Promise<void>;
}

/** Renewals within a lease, so that one that fails costs nothing. */
const RENEWALS = 3;
const IN_FLIGHT = "circuit_close_inflight";

/** Replays what waits under one name. One process of all at a time does, so that the pace is the fleet's. */
export class Sweeper {
  /** Names that this process sweeps, or is about to: the lease is the process's. */
  readonly #names = new Set<string>();
  readonly #underWay = new Map<string, UnderWay>();
  #closed = false;

  constructor(private readonly parts: SweeperParts) {}

  /** Milliseconds after which the leases are to be renewed. */
  get renewal(): number {
    return this.parts.settings.circuitCloseInflightTtl / RENEWALS;
  }

  async sweep(request: SweepRequest): Promise<BatchReplayResult> {
    const { name } = request;
    if (this.#names.has(name)) return this.#refuse(name);
    this.#names.add(name);
    try {
      return await this.#sweepAlone(request);
    } finally {
      this.#names.delete(name);
    }
  }

  /** Keeps the leases of the sweeps under way; one that another process has now ends its sweep. Never rejects. */
  async renew(): Promise<void> {
    await Promise.all(
      [...this.#underWay].map(([what, sweep]) => {
        sweep.renewing = this.#renew(what, sweep);
        return sweep.renewing;
      }),
    );
  }

  /** Ends every sweep between entries, and those that begin from now on. */
  close(): void {
    this.#closed = true;
    for (const { stop } of this.#underWay.values()) stop.abort("shutdown");
  }

  /** The name is being swept. What keeps anybody from it is said first: it holds for longer. */
  async #refuse(name: string): Promise<BatchReplayResult> {
    const reason = await this.parts.guard.refusal({ operation: "replay_batch", name });
    if (reason !== undefined) return blockedBatch(reason);
    return { ...emptyBatch(), inflightSkipped: true, stoppedBy: IN_FLIGHT };
  }

  async #sweepAlone(request: SweepRequest): Promise<BatchReplayResult> {
    const { owner, store } = this.parts;
    const what = `sweep/${request.name}`;
    const working = await owner.begin();
    try {
      if (!(await this.#lease(what))) return await this.#refuse(request.name);
      const sweep: UnderWay = { stop: new AbortController(), renewing: Promise.resolve() };
      this.#underWay.set(what, sweep);
      if (this.#closed) sweep.stop.abort("shutdown");
      try {
        return await this.#replay(request, sweep.stop.signal);
      } finally {
        this.#underWay.delete(what);
        await sweep.renewing; // or it would take the lease again
        await store.endLease(what, owner.id);
      }
    } finally {
      working[Symbol.dispose]();
    }
  }

  async #renew(what: string, { stop }: UnderWay): Promise<void> {
    try {
      if (!(await this.#lease(what))) stop.abort("lease_lost");
    } catch (error) {
      this.parts.onFailure(error); // it is tried again before the lease ends
    }
  }

  async #lease(what: string): Promise<boolean> {
    const { store, owner, now, settings } = this.parts;
    const isFree = (_: string, until: number, holder: OwnerRecord | undefined): boolean =>
      until < now() || isGone(holder, now());
    return store.lease(what, owner.id, now() + settings.circuitCloseInflightTtl, isFree);
  }

  async #replay(request: SweepRequest, signal: AbortSignal): Promise<BatchReplayResult> {
    const { name, maxItems } = request;
    const batch = emptyBatch();
    let spare = 0; // what one type did not need is for the next ones
    for (const [failureType, share] of quotas(this.#failureTypes(name), maxItems)) {
      const quota = share + spare;
      if (quota === 0) continue;
      const filter = { name, ...(failureType !== undefined && { failureType }) };
      const result = await this.parts.replays.run({
        ...request,
        filter,
        maxItems: quota,
        type: "conditional",
        signal,
      });
      if (result.governanceBlocked) return { ...result, ...(batch.total > 0 && batch) };
      addBatch(batch, result);
      spare = Math.max(0, quota - result.total + result.skippedCount);
      if (batch.stoppedBy !== undefined) break;
    }
    // Where many failed in a row it is not the entries' fault: they keep what is left of their budget.
    if (request.escalate && batch.stoppedBy === undefined) await this.#escalate(name, batch);
    return batch;
  }

  /** What this name brings back; undefined is everything. */
  #failureTypes(name: string): readonly (string | undefined)[] {
    const { serviceFailureTypeMap } = this.parts.settings;
    const listed = Object.hasOwn(serviceFailureTypeMap, name) ? serviceFailureTypeMap[name] : undefined;
    return listed === undefined || listed.length === 0 ? [undefined] : [...new Set(listed)];
  }

  async #escalate(name: string, { results }: BatchReplayResult): Promise<void> {
    // Only what was settled as a failure: a claim that was lost settles nothing.
    const failed = results.filter(({ data }) => data?.["status"] === "pending");
    if (failed.length === 0) return;
    const note = `it failed after ${name} had recovered`;
    const inputs = failed.map(({ dlqId }) => ({ id: dlqId, input: { type: "escalate", note } as const }));
    await this.parts.store.change(inputs, this.parts.now());
  }
}

/** So many items for each, the rest of the division for the first ones, so that none starves the others. */
export function quotas<T>(kinds: readonly T[], items: number): [kind: T, quota: number][] {
  const each = Math.floor(items / kinds.length);
  const rest = items % kinds.length;
  return kinds.map((kind, index) => [kind, each + (index < rest ? 1 : 0)]);
}
