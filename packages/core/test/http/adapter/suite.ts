import { describe } from "@jest/globals";
import { circuitCases } from "./circuit.js";
import { contextCases } from "./context.js";
import { drainCases } from "./drain.js";
import { idempotencyCases } from "./idempotency.js";
import { metricsCases } from "./metrics.js";
import { ownRouteCases } from "./own-routes.js";
import { rateLimitCases } from "./rate-limit.js";
import type { AdapterSubject } from "./subject.js";

/** What the adapter of every framework does. */
export function adapterSuite(subject: AdapterSubject): void {
  describe(subject.name, () => {
    drainCases(subject);
    metricsCases(subject);
    rateLimitCases(subject);
    circuitCases(subject);
    idempotencyCases(subject);
    ownRouteCases(subject);
    contextCases(subject);
  });
}
