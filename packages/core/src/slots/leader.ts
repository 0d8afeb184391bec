import { defineSlot, type Provided, type Slot } from "./slot.js";

/** Who leads. @public */
export interface LeaderInfo {
  readonly nodeId: string;
  readonly electedAt: Date;
  readonly leaseExpiresAt: Date;
  readonly fencingToken: number;
  /** Whether it is this process. */
  readonly isSelf: boolean;
}

/** A seat for which the processes of a fleet stand. @public */
export interface LeaderElector {
  /** What is led, e.g. `scheduler`. */
  readonly resource: string;
  readonly state: "not_started" | "follower" | "leader" | "stopping" | "stopped";
  /** Whether this process may act as the leader now: elected, and its lease still good by its own clock. */
  isLeader(): boolean;
  /** Whoever leads, as far as this process knows. */
  leader(): LeaderInfo | undefined;
  /** Rises with every election: what the leader writes to carries it, so that a former leader's write can be refused. */
  fencingToken(): number | undefined;
  /** Calls back whenever this process becomes the leader or ceases to be. */
  onChange(listener: (leading: boolean) => void): Disposable;
  start(): Promise<void>;
  /** Gives the seat up. */
  stop(): Promise<void>;
}

/** Elects one process of a fleet. Where nothing elects, a host's processes settle it among themselves. @public */
export interface LeaderElection extends Provided {
  /** The elector of a resource; the same one every time. */
  elector(resource: string): LeaderElector;
}

const unsubscribed: Disposable = Object.freeze({ [Symbol.dispose]: () => undefined });

const follower = (resource: string): LeaderElector =>
  Object.freeze({
    resource,
    state: "not_started",
    isLeader: () => false,
    leader: () => undefined,
    fencingToken: () => undefined,
    onChange: () => unsubscribed,
    start: async () => undefined,
    stop: async () => undefined,
  });

/** Never leads. @public */
export const noopLeaderElection: LeaderElection = Object.freeze({ kind: "no-op", elector: follower });

/** @public */
export const leaderSlot: Slot<LeaderElection> = defineSlot<LeaderElection>("leader", {
  fallback: noopLeaderElection,
});
