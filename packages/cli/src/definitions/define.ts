import { InvalidArgumentError } from "commander";
import type { Handler } from "../context.js";

/** Makes the action of a command from what loads its handler: nothing is loaded before it is asked for. */
export type Act = (load: () => Promise<Handler>) => (...args: unknown[]) => Promise<void>;

/** Reads a whole number from `min` on. */
export function whole(min: number, max: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    const upTo = max === Number.MAX_SAFE_INTEGER ? "" : ` to ${max}`;
    throw new InvalidArgumentError(`It must be a whole number from ${min}${upTo}.`);
  };
}
