import { AdapterNotFoundError, type Baldur } from "@baldur/core";
import {
  defaultBaldur,
  definePlugin,
  defineSlot,
  failureRecorderSlot,
  failureStatisticsSlot,
  type Plugin,
  type Slot,
} from "@baldur/core/plugin";
import { license, licenseSettings } from "@baldur/pro-license";
import { routesOf } from "./admin.js";
import type { Dlq, DlqOptions } from "./api.js";
import { type Assembly, assemble } from "./assembly.js";
import { checked } from "./check.js";
import { checkOptions } from "./options.js";
import type { ClosedCircuit } from "./replay/automation.js";
import { dlqSettings, replaySettings, secretsSettings } from "./settings.js";

const NAME = "@baldur/pro-dlq";

/** Where the queue of a runtime is found. */
const dlqSlot: Slot<object> = defineSlot<object>("pro-dlq/queue", {
  fallback: Object.freeze({ kind: "no-op" }),
});

/**
 * The dead-letter queue: keeps calls that failed for good, and runs them again when their dependency is back. Inert without
 * a licence. Throws `ConfigurationError` for an option that breaks its rule.
 * @public
 */
export function dlq(options: DlqOptions = {}): Plugin {
  checkOptions(options);
  let assembly: Assembly | undefined;
  return definePlugin({
    name: NAME,
    entitlement: license(),
    settings: [dlqSettings, replaySettings, secretsSettings, licenseSettings],
    register(context) {
      assembly = assemble(context, options);
      const { recorder, queue, statistics, automation, background } = assembly;
      context.fill(failureRecorderSlot, recorder);
      context.fill(failureStatisticsSlot, statistics);
      context.fill(dlqSlot, queue);
      context.routes(...routesOf(queue));
      context.on<ClosedCircuit>("circuit_breaker.closed", ({ payload }) => automation.onClosed(payload));
      context.background("maintenance", background);
    },
    start: async () => assembly?.start(),
    close: async () => assembly?.close(),
  });
}

/**
 * The dead-letter queue of a runtime; default: the default runtime's. Throws `AdapterNotFoundError` that says why where there
 * is none.
 * @public
 */
export function getDlq(baldur: Baldur = defaultBaldur()): Dlq {
  checked(
    "baldur",
    "a runtime",
    baldur,
    (value) => typeof (value as Baldur | null)?.slots?.isFilled === "function",
  );
  if (baldur.slots.isFilled(dlqSlot)) return baldur.slots.get(dlqSlot) as Dlq & object;
  throw new AdapterNotFoundError("plugin", NAME, absence(baldur));
}

/** Why a runtime has no queue. */
function absence(baldur: Baldur): string {
  if (!baldur.slots.sealed) return "the runtime has not started; await init(), or its start(), first";
  const row = baldur.posture().plugins.find(({ name }) => name === NAME);
  if (row === undefined) return "the runtime has no such plugin; install it, or name dlq() among its plugins";
  if (row.status === "active") return "the runtime is closed";
  return `it ${row.status === "inert" ? "is inert" : "failed"}: ${row.reason}`;
}
