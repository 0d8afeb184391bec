import { type Family, isDistribution, type Series } from "../family.js";
import type { Pace } from "../pace.js";
import type { Message } from "./messages.js";

/** Series of one message. */
const MOST = 500;

/** Sends an answer in parts, and lets others have their turn between them. */
export async function sendParts(
  id: number,
  families: readonly Family[],
  pace: Pace,
  send: (message: Message) => void,
): Promise<void> {
  for (const family of families) {
    let series: Series[] = [];
    const sendFamily = (): void => send({ step: "part", id, family: { ...family, series }, last: false });
    for (const one of family.series) {
      if (isSendable(one)) series.push(one);
      if (series.length === MOST) {
        sendFamily();
        series = [];
      }
      if (pace.isDue) await pace.rest();
    }
    if (series.length > 0) sendFamily();
  }
  send({ step: "part", id, last: true });
}

/** The channel knows no infinity, and no value that is none. */
function isSendable(series: Series): boolean {
  return isDistribution(series) ? Number.isFinite(series.sum) : Number.isFinite(series.value);
}
