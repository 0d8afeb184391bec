import type { Baldur } from "@baldur/core";
import type { ListeningServer } from "./admin-server.js";

/** A runtime carries its server, so that both builds of this package find it. */
const RUNNING: unique symbol = Symbol.for("@baldur/admin.server");

interface Carrier {
  [RUNNING]?: Promise<ListeningServer> | undefined;
}

/** The server of a runtime, made by `start` unless it has one that runs. */
export function runningServer(
  baldur: Baldur,
  start: () => Promise<ListeningServer>,
): Promise<ListeningServer> {
  const carrier: Carrier = baldur as Baldur & Carrier;
  const before = serverOf(baldur);
  carrier[RUNNING] = before.then((server) => (server === undefined || server.stopped ? start() : server));
  return carrier[RUNNING];
}

/** Undefined where none was started, or it could not be. */
export async function serverOf(baldur: Baldur): Promise<ListeningServer | undefined> {
  const known = (baldur as Baldur & Carrier)[RUNNING];
  return known?.catch(() => undefined);
}
