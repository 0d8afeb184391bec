import type { Cluster } from "node:cluster";
import { type Clock, type PluginTelemetry, systemClock } from "@baldur/core/plugin";
import type { Group } from "../exporter.js";
import type { Family } from "../family.js";
import { prometheusSettings } from "../settings.js";
import { claim } from "./claim.js";
import { Member } from "./member.js";
import { Primary } from "./primary.js";

export interface GroupOptions {
  readonly clock: Clock;
  readonly timeout: number;
  readonly own: () => Promise<readonly Family[]>;
  readonly telemetry: Pick<PluginTelemetry, "report">;
  readonly rename: (name: string) => string;
}

/** Joins the processes of this one's cluster. Undefined where another runtime of the process did already. */
export async function joinGroup(options: GroupOptions): Promise<Group | undefined> {
  const cluster = await clusterModule();
  const place = claim(cluster);
  if (place === undefined) return undefined;
  const { worker } = cluster;
  const group =
    worker === undefined
      ? new Primary({ ...options, cluster }).open()
      : new Member({ ...options, worker }).open();
  return leavingWith(group, place);
}

/**
 * Puts the metrics of all workers together, in a primary process that has no runtime of its own: to be called there once,
 * before or after the workers are forked. Does nothing where a runtime of the process does it.
 * @public
 */
export async function aggregateWorkers(
  options: { readonly workerTimeout?: number } = {},
): Promise<Disposable> {
  const { workerTimeout: timeout = prometheusSettings.fields.workerTimeout.default } = options;
  const cluster = await clusterModule();
  const place = cluster.isPrimary ? claim(cluster) : undefined;
  if (place === undefined) return { [Symbol.dispose]: () => undefined };
  const group = leavingWith(new Primary({ cluster, clock: systemClock(), timeout }).open(), place);
  return { [Symbol.dispose]: () => group.close() };
}

async function clusterModule(): Promise<Cluster> {
  const { default: cluster } = await import("node:cluster");
  return cluster;
}

function leavingWith(group: Group, place: Disposable): Group {
  return {
    label: group.label,
    page: () => group.page(),
    close: () => {
      group.close();
      place[Symbol.dispose]();
    },
  };
}
