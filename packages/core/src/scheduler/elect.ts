import { hostname } from "node:os";
import { isMainThread } from "node:worker_threads";
import type { HotClock, Random } from "../clock.js";
import { type LeaderElector, leaderSlot } from "../slots/leader.js";
import type { SlotTable } from "../slots/slot.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { providerUnavailable } from "./events.js";
import { HostElector } from "./host-elector.js";
import { HostLock } from "./host-lock.js";
import type { LeaderElectionSettings } from "./settings.js";

export interface ElectionParts {
  readonly resource: string;
  readonly slots: Pick<SlotTable, "get" | "isFilled">;
  readonly settings: Readonly<LeaderElectionSettings>;
  /** The folder for the state of this host. */
  readonly stateFolder: () => string;
  readonly clock: HotClock;
  readonly random: Random;
  readonly telemetry: Pick<TelemetryHub, "report" | "counter" | "observeGauge">;
}

/**
 * Who decides which process leads: what fills the slot, else the lock of this host. Undefined where this process never leads: in
 * a worker thread, and where the fleet is to decide and nothing can.
 */
export function electorOf(parts: ElectionParts): LeaderElector | undefined {
  const { resource, slots, settings, telemetry } = parts;
  if (!isMainThread) return undefined;
  if (slots.isFilled(leaderSlot)) return slots.get(leaderSlot).elector(resource);
  if (!settings.enabled) return hostElector(parts);
  telemetry.report(providerUnavailable, {
    backend: settings.backend,
    resource_name: resource,
    hint: "install a package that elects a leader, or leave BALDUR_LEADER_ELECTION_ENABLED unset for one leader per host",
  });
  return undefined;
}

function hostElector(parts: ElectionParts): LeaderElector {
  const { resource, settings, stateFolder, clock } = parts;
  const lock = new HostLock({
    folder: () => `${stateFolder()}/locks`,
    name: `${resource}.lock`,
    clock,
    ttl: settings.leaseTtl,
  });
  return new HostElector({ ...parts, nodeId: settings.nodeId ?? hostname(), lock });
}
