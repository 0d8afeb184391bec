import type { Family } from "../family.js";

/** Tells our messages from everybody else's on the same channel. */
const PROTOCOL = "baldur-metrics/1";

/**
 * What the processes of a cluster say to each other.
 *
 * A worker that has metrics says `present`; a primary that puts pages together says `led`, and `alone` when it stops. To
 * `read`, from the primary, and to `page`, from a worker, the answer is one `part` per family, so that no process stops
 * for long to write or to read one large message.
 */
export type Message =
  | { readonly step: "present" | "absent" | "led" | "alone" }
  | { readonly step: "read" | "page"; readonly id: number }
  | { readonly step: "part"; readonly id: number; readonly family?: Family; readonly last: boolean };

export function wrap(message: Message): object {
  return { protocol: PROTOCOL, ...message };
}

export function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null && "protocol" in value && value.protocol === PROTOCOL;
}
