/** The answer of a field to a value: the value as the program uses it, or the rule that it breaks. */
export type Parsed<T> = { readonly value: T } | { readonly rule: string };

/** Plain decimal notation only: `0x10`, `1e3`, `5s` and ` ` are typing mistakes more often than intentions. */
const DECIMAL = /^[+-]?\d+(\.\d+)?$/;
const WHOLE = /^[+-]?\d+$/;
const TRUE: ReadonlySet<string> = new Set(["true", "1", "yes", "on"]);
const FALSE: ReadonlySet<string> = new Set(["false", "0", "no", "off"]);

type Parse<T> = (text: string) => Parsed<T>;

export const parseNumber =
  (rule: string): Parse<number> =>
  (text) =>
    DECIMAL.test(text) ? { value: Number(text) } : { rule };

export const parseInteger =
  (rule: string): Parse<number> =>
  (text) =>
    WHOLE.test(text) ? { value: Number(text) } : { rule };

export const parseBoolean =
  (rule: string): Parse<boolean> =>
  (text) => {
    const word = text.toLowerCase();
    if (TRUE.has(word)) return { value: true };
    return FALSE.has(word) ? { value: false } : { rule };
  };

export const parseText: Parse<string> = (text) => ({ value: text });

export const parseChoice =
  <T extends string>(values: readonly T[], rule: string): Parse<T> =>
  (text) => {
    const found = values.find((value) => value.toLowerCase() === text.toLowerCase());
    return found === undefined ? { rule } : { value: found };
  };

export const parseJson =
  (rule: string): Parse<unknown> =>
  (text) => {
    try {
      return { value: JSON.parse(text) as unknown };
    } catch {
      return { rule: `${rule}, as JSON` };
    }
  };
