import type { Clock } from "../clock.js";
import { text } from "../describe.js";
import { AdapterError } from "../errors.js";
import { within } from "../within.js";
import type { Divergence } from "./divergence.js";

/** What has a state of its own that Redis shares with others. @public */
export interface ReconcileParticipant {
  readonly name: string;
  /**
   * Makes one of what this process and Redis hold, while Redis is back and not in use yet. Answers what differed. Rejects
   * when that could not be done: then it is tried again.
   */
  reconcile(): Promise<readonly Divergence[]>;
}

/** Milliseconds that a participant may take. */
const LONGEST = 30_000;

/** Who has to be asked before Redis is in use again. */
export class Participants {
  readonly #participants = new Set<ReconcileParticipant>();

  constructor(private readonly clock: Clock) {}

  add(participant: ReconcileParticipant): Disposable {
    this.#participants.add(participant);
    return { [Symbol.dispose]: () => void this.#participants.delete(participant) };
  }

  /** One after the other. Hands each one's findings on as soon as they are there. */
  async run(found: (divergences: readonly Divergence[]) => void): Promise<void> {
    for (const participant of [...this.#participants]) found(await this.#ask(participant));
  }

  async #ask(participant: ReconcileParticipant): Promise<readonly Divergence[]> {
    try {
      return await within(this.clock, LONGEST, () => participant.reconcile());
    } catch (cause) {
      throw new AdapterError(`${participant.name} could not be reconciled: ${text(cause)}`, { cause });
    }
  }
}
