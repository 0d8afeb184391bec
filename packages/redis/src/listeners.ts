import { listenerFailed } from "./events.js";
import type { Report } from "./reporter.js";

/** Calls a listener of somebody else: what it throws, or rejects with, is reported and nothing more. */
export function tell(telemetry: Pick<Report, "report">, name: string, listener: () => unknown): void {
  const failed = (error: unknown): void =>
    telemetry.report(listenerFailed, {
      listener: name,
      error: error instanceof Error ? error.name : typeof error,
    });
  try {
    const answer = listener();
    if (answer instanceof Promise) answer.catch(failed);
  } catch (error) {
    failed(error);
  }
}
