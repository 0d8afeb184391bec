import type { Clock } from "../clock.js";
import { text } from "../describe.js";
import { show } from "../errors.js";
import type { Entitlement, Plugin } from "./plugin.js";
import { within } from "./within.js";

/** From worst to best. */
const STATUSES: readonly unknown[] = ["missing", "invalid", "expired", "active"];
const NOT_NEEDED: Entitlement = Object.freeze({ status: "active" });
const NONE: Entitlement = Object.freeze({ status: "missing" });

/** Asks plugins for their entitlements: each function once, however many plugins carry it. */
export class Entitlements {
  readonly #verdicts = new Map<() => Promise<Entitlement>, Promise<Entitlement>>();
  #best: Entitlement | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly timeout: number,
  ) {}

  /** The best verdict of all; missing while no plugin carries any. */
  get best(): Entitlement {
    return this.#best ?? NONE;
  }

  /** The verdict on a plugin. Never rejects: whatever goes wrong is an invalid entitlement. */
  of(plugin: Plugin): Promise<Entitlement> {
    const { entitlement } = plugin;
    if (entitlement === undefined) return Promise.resolve(NOT_NEEDED);
    let verdict = this.#verdicts.get(entitlement);
    if (verdict === undefined) {
      verdict = this.#ask(() => entitlement.call(plugin));
      this.#verdicts.set(entitlement, verdict);
    }
    return verdict;
  }

  async #ask(entitlement: () => Promise<Entitlement>): Promise<Entitlement> {
    const verdict = await within(this.clock, this.timeout, entitlement)
      .then(checked)
      .catch((error: unknown) => invalidBecause(text(error)));
    if (STATUSES.indexOf(verdict.status) > STATUSES.indexOf(this.#best?.status)) this.#best = verdict;
    return verdict;
  }
}

function checked(verdict: Entitlement | null | undefined): Entitlement {
  if (verdict != null && STATUSES.includes(verdict.status)) return verdict;
  return invalidBecause(`the entitlement answered ${show(verdict)}`);
}

function invalidBecause(reason: string): Entitlement {
  return { status: "invalid", reason };
}
