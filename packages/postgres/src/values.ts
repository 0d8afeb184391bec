import type { CustomTypesConfig } from "pg";

/** By the numbers that Postgres gives its types. */
const BOOLEAN = 16;
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701]);

const isTrue = (text: string): boolean => text === "t";
const asText = (text: string): string => text;

/** How values are read, whatever parsers the host has set for all of `pg`. */
export const VALUES: CustomTypesConfig = {
  getTypeParser: ((type: number) => {
    if (type === BOOLEAN) return isTrue;
    return NUMBERS.has(type) ? Number : asText;
  }) as CustomTypesConfig["getTypeParser"],
};
