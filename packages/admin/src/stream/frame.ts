import { redact, type TelemetryEvent } from "@baldur/core/plugin";

const LONGEST_DATA = 16 * 1024;

/** One message of an event stream. JSON has no line ends of its own, so what is told cannot forge a message. */
export function frame(event: string, data: unknown, id?: string): string {
  const head = id === undefined ? "" : `id: ${id}\n`;
  return `${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Keeps the connection, and says nothing. */
export const HEARTBEAT = ":\n\n";

/** An event without its secrets, and not larger than a reader is to bear. */
export function eventFrame({ name, level, at, payload, correlationId }: TelemetryEvent, id: string): string {
  const head = { name, level, at, correlationId };
  const whole = frame("baldur", { ...head, payload: redact(payload) }, id);
  return whole.length <= LONGEST_DATA
    ? whole
    : frame("baldur", { ...head, payload: { truncated: true } }, id);
}
