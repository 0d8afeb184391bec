import { cut, quote } from "./quote.js";

/** More are not worth the room: one is enough to refuse a replay. */
const MOST = 100;
const LONGEST_KEY = 60;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** Where in the value something happened: `$` is the value, `$[0].card.number` lies in it. */
export class Paths {
  readonly list: string[] = [];

  add(segments: readonly (string | number)[], depth: number): void {
    if (this.list.length < MOST) this.list.push(`$${segments.slice(0, depth).map(step).join("")}`);
    else if (this.list.length === MOST) this.list.push("…");
  }
}

function step(segment: string | number): string {
  if (typeof segment === "number") return `[${segment}]`;
  const key = cut(segment, LONGEST_KEY);
  return IDENTIFIER.test(key) ? `.${key}` : `[${quote(key)}]`;
}
