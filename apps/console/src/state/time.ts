import { type Signal, signal } from "./signal.js";

/** Milliseconds of the browser's clock, a second at a time: what shows an age is drawn again with it. */
export const seconds: Signal<number> = signal(Date.now());

/** Beyond what an answer's way and the whole seconds of its date explain. */
const SKEW = 3000;

/** How much the server's clock is ahead of the browser's, in milliseconds; 0 where they agree. */
export const skew: Signal<number> = signal(0);

/** Begins to tell the seconds. Answers how to stop. */
export function startSeconds(): () => void {
  const timer = setInterval(() => seconds.set(Date.now()), 1000);
  return () => clearInterval(timer);
}

/** Compares the clocks, by the date that an answer was given on. */
export function noteServerDate(header: string | null): void {
  const at = Date.parse(header ?? "");
  if (Number.isNaN(at)) return;
  const ahead = at - Date.now();
  skew.set(Math.abs(ahead) > SKEW ? Math.round(ahead / 1000) * 1000 : 0);
}

/** Now, by the server's clock: what dates of the server are compared with. */
export function serverNow(): number {
  return seconds.value + skew.value;
}
