import { createHash } from "node:crypto";
import type { GroupFacts } from "../store.js";

/** Entries of one kind, with the numbers that stand for it in every process. */
export interface Group extends GroupFacts {
  readonly number: number;
  /** Stands for the domain, under which open entries are counted. */
  readonly domainNumber: number;
}

/** Stands for all domains. */
export const EVERYTHING = 0;

/** 52 bits: an integer everywhere. */
const DIGITS = 13;
const MOST = 10_000;

/**
 * Numbers of groups, worked out from what they are: no server has to hand them out, and one that lost its data does not
 * make them mean something else.
 */
export class Groups {
  readonly #known = new Map<string, Group>();
  /** Failures of one kind come one after the other. */
  #latest: Group | undefined;

  of({ name, domain, failureType }: GroupFacts): Group {
    const latest = this.#latest;
    if (latest?.name === name && latest.domain === domain && latest.failureType === failureType)
      return latest;
    const key = JSON.stringify([name, domain, failureType]);
    let group = this.#known.get(key);
    if (group === undefined) {
      group = { name, domain, failureType, number: numberOf(key), domainNumber: domainNumber(domain) };
      if (this.#known.size >= MOST) this.#known.clear();
      this.#known.set(key, group);
    }
    this.#latest = group;
    return group;
  }
}

export function domainNumber(domain: string): number {
  return numberOf(JSON.stringify(domain));
}

/** Never that of everything. */
function numberOf(text: string): number {
  const hash = createHash("sha256").update(text).digest("hex");
  return Number.parseInt(hash.slice(0, DIGITS), 16) || 1;
}
