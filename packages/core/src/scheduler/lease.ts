import type { LeaderElectionSettings } from "./settings.js";

const SECOND = 1000;
/** A third of the lease, less the tenth of it that is held back as a margin. */
const RENEWAL = 1 / 3 - 0.1;

export function renewIntervalOf({ leaseTtl, renewInterval }: LeaderElectionSettings): number {
  return renewInterval ?? Math.max(leaseTtl * RENEWAL, SECOND);
}

/** What is wrong with settings that are each right. */
export function leaderElectionProblems(settings: LeaderElectionSettings): string[] {
  if (renewIntervalOf(settings) < settings.leaseTtl / 2) return [];
  return [
    `BALDUR_LEADER_ELECTION_RENEW_INTERVAL_SECONDS must be less than half of BALDUR_LEADER_ELECTION_LEASE_TTL_SECONDS; received ${renewIntervalOf(settings) / SECOND} and ${settings.leaseTtl / SECOND}`,
  ];
}
