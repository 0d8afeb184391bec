import type { ProtectedPolicy } from "@baldur/core/plugin";
import { span } from "../output/when.js";
import type { Measured } from "./probe.js";

/** Something about a policy that somebody should know. */
export interface Finding {
  readonly policy: string;
  /** "danger": it can take the application down. */
  readonly level: "danger" | "warning" | "note";
  readonly finding: string;
}

/** Packages that the options of a policy need. */
export interface Installed {
  readonly deadLetters: boolean;
  readonly bulkhead: boolean;
}

type Saying = readonly [level: Finding["level"], text: string | undefined | false];

/** Everything there is to say about one policy, the worst first. */
export function findingsOf(policy: ProtectedPolicy, measured: Measured, installed: Installed): Finding[] {
  const sayings = [
    ...waiting(policy, measured),
    ...amplified(policy, measured),
    ...surprising(policy, measured, installed),
  ];
  return sayings.flatMap(([level, text]) => (text ? [{ policy: policy.name, level, finding: text }] : []));
}

function waiting({ options }: ProtectedPolicy, { hangEndsAfter, hanging, requests }: Measured): Saying[] {
  if (hangEndsAfter === undefined)
    return [
      ["danger", "waits for ever when the dependency hangs: it has neither timeout nor retry.attemptTimeout"],
    ];
  const isNeverRetried = requests > 1 && hanging === 1;
  return [
    [
      "warning",
      hanging > 1 &&
        `after a hang ${hanging} requests of one call hang, unless the client has a timeout of its own, which cannot be seen`,
    ],
    [
      "warning",
      isNeverRetried &&
        `a hang is never tried again: one attempt takes all of ${span(hangEndsAfter)}; set retry.attemptTimeout`,
    ],
    [
      "note",
      options.timeout !== undefined &&
        "its timeout ends the wait and not the request: pass call.signal on, or give the client a timeout",
    ],
  ];
}

function amplified({ options }: ProtectedPolicy, { requests, outage }: Measured): Saying[] {
  const isRepeatable = requests === 1 || options.idempotencyKey !== undefined;
  return [
    [
      "warning",
      requests > 1 &&
        `one failing call is ${requests} requests; ${outage.calls} calls in an outage are ${outage.requests}`,
    ],
    [
      "warning",
      !isRepeatable &&
        `without idempotencyKey its work may be done up to ${requests} times: is it safe to repeat?`,
    ],
    [
      "warning",
      Boolean(options.retry) &&
        requests === 1 &&
        "it is never tried again: its timeout ends it before a second attempt",
    ],
    [
      "warning",
      outage.refused === 0 && "an outage is never cut short: no circuit opens within 100 failing calls",
    ],
  ];
}

function surprising({ options }: ProtectedPolicy, { notFound }: Measured, installed: Installed): Saying[] {
  const { dlq, bulkhead, idempotencyKey, idempotency } = options;
  return [
    [
      "warning",
      notFound.requests > 1 &&
        `an error with status 404 is tried ${notFound.requests} times: classify it as "fatal" or "ignored"`,
    ],
    [
      "warning",
      notFound.opens &&
        'errors with status 404 open the circuit, and it refuses good calls too: classify them as "ignored"',
    ],
    [
      "warning",
      dlq !== undefined &&
        dlq !== false &&
        !installed.deadLetters &&
        "dlq discards what fails: @baldur/pro is not installed",
    ],
    [
      "warning",
      bulkhead !== undefined &&
        !installed.bulkhead &&
        "bulkhead does nothing: no package that has one is installed",
    ],
    [
      "note",
      idempotencyKey !== undefined &&
        idempotency?.replayResult !== true &&
        "a duplicate is rejected with an error, also when the first call has succeeded: idempotency.replayResult answers it",
    ],
  ];
}
