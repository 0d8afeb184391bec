import type { Clock } from "@baldur/core/plugin";
import type { Input } from "../entry/transition.js";
import type { Change, Changed, DlqStore } from "../store/store.js";

const MOST = 10_000;

/**
 * Changes of claims that the store did not take, or took without saying so. What they are about stays claimed as long as this
 * process is at work, so it is told to the store again when that is well: what was done, and that what was to be claimed is
 * not worked on.
 */
export class Arrears {
  /** By the token of the claim, which says whose it is: a settlement of a claim that was lost settles nothing. */
  readonly #owed = new Map<string, Change>();

  constructor(
    private readonly store: Pick<DlqStore, "change">,
    private readonly clock: Pick<Clock, "now">,
  ) {}

  /** Rejects as the store does. */
  async change(changes: readonly Change[]): Promise<readonly Changed[]> {
    try {
      return await this.store.change(changes, this.clock.now());
    } catch (error) {
      for (const change of changes) this.#owe(change);
      throw error;
    }
  }

  /** Tells the store what it was not told. Never rejects: what it does not take it is told the next time. */
  async pay(): Promise<void> {
    const owed = [...this.#owed];
    if (owed.length === 0) return;
    try {
      await this.store.change(
        owed.map(([, change]) => change),
        this.clock.now(),
      );
    } catch {
      return; // as above
    }
    for (const [token] of owed) this.#owed.delete(token);
  }

  #owe({ id, input }: Change): void {
    const settlement = settlementOf(input);
    if (settlement === undefined || this.#owed.size >= MOST) return; // it is taken back when it takes too long
    this.#owed.set(settlement.token, { id, input: settlement });
  }
}

type Settlement = Extract<Input, { type: "succeed" | "fail" | "defer" }>;

/** What ends the claim that an input makes or has. */
function settlementOf(input: Input): Settlement | undefined {
  switch (input.type) {
    case "claim":
    case "redrive":
      return {
        type: "defer",
        token: input.claim.token,
        reason: "the store did not say whether it was claimed",
      };
    case "succeed":
    case "fail":
    case "defer":
      return input;
    default:
      return undefined;
  }
}
