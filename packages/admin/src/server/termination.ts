import type { Baldur } from "@baldur/core";

/** Reported once everything of a runtime has ended, before who waits for that is told. */
const TERMINATED = "shutdown.worker_exit_completed";

/** Until then the server stays, so that whoever looks in a drain is told how it goes. */
export function onTermination({ telemetry }: Baldur, work: () => unknown): void {
  const subscription = telemetry.subscribe(TERMINATED, () => {
    subscription[Symbol.dispose]();
    return work();
  });
}
