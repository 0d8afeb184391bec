import type { Asked } from "./context.js";
import { CliError } from "./errors.js";

/** An option that was given as text. */
export function word({ options }: Asked, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

export function isSet({ options }: Asked, name: string): boolean {
  return options[name] === true;
}

export function numberOf({ options }: Asked, name: string): number | undefined {
  const value = options[name];
  return typeof value === "number" ? value : undefined;
}

/** An argument, as a part of a path. */
export function part({ args }: Asked, index = 0): string {
  const value = args[index] ?? "";
  if (value === "" || value === "." || value === "..")
    throw new CliError(`not a name: ${JSON.stringify(value)}`);
  return encodeURIComponent(value);
}
