import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Clock } from "@baldur/core/plugin";
import type { DlqStore, OwnerRecord } from "./store/store.js";

export interface OwnerOptions {
  readonly store: DlqStore;
  readonly clock: Clock;
  /** Milliseconds that it is believed without a word. */
  readonly lease: number;
  readonly onFailure: (error: unknown) => void;
}

/** Renewals within a lease, so that one that is late costs nothing. */
const RENEWALS = 3;

/**
 * Says that this process is at work, while it is: one record for all that it has claimed, so that a thousand claims cost no
 * more than one.
 */
export class Owner {
  readonly id: string = `${process.pid}-${randomBytes(8).toString("hex")}`;
  #tokens = 0;
  #working = 0;
  #timer: unknown;
  #renewing: Promise<void> = Promise.resolve();

  constructor(private readonly options: OwnerOptions) {}

  nextToken(): string {
    return `${this.id}.${(this.#tokens++).toString(36)}`;
  }

  /** Makes it known, and keeps it so until what is answered is disposed of. Rejects when it cannot be made known. */
  async begin(): Promise<Disposable> {
    this.#working++;
    if (this.#working === 1) {
      this.#renewing = this.#renew().then(() => this.#schedule());
      this.#renewing.catch(() => undefined); // each waits for it below
    }
    try {
      await this.#renewing;
    } catch (error) {
      this.#end();
      throw error;
    }
    return { [Symbol.dispose]: () => this.#end() };
  }

  /** Whether a claim of this owner may be under way, whatever its record says: a process that was stopped renews it late. */
  mayHold(owner: string): boolean {
    return owner === this.id && this.#working > 0;
  }

  async close(): Promise<void> {
    this.options.clock.clearTimeout(this.#timer);
    await this.options.store.removeOwner(this.id);
  }

  #end(): void {
    this.#working--;
    if (this.#working === 0) this.options.clock.clearTimeout(this.#timer);
  }

  #schedule(): void {
    const { clock, lease, onFailure } = this.options;
    if (this.#working === 0) return;
    this.#timer = clock.setTimeout(() => {
      this.#renew()
        .catch(onFailure)
        .finally(() => this.#schedule());
    }, lease / RENEWALS);
  }

  #renew(): Promise<void> {
    const { store, clock, lease } = this.options;
    const record: OwnerRecord = { host: hostname(), pid: process.pid, until: clock.now() + lease };
    return store.renewOwner(this.id, record);
  }
}

/** Whether an owner is gone: it said nothing for too long, or its process does not exist any more. */
export function isGone(owner: OwnerRecord | undefined, now: number): boolean {
  if (owner === undefined || !(owner.until >= now)) return true;
  return owner.host === hostname() && !isAlive(owner.pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}
