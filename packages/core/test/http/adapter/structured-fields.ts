/** A List of RFC 8941 whose members are Items, as far as the fields of rate limits use it. Strict: throws for anything else. */
export interface Item {
  readonly value: string;
  readonly parameters: Readonly<Record<string, number>>;
}

const STRING = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/;
const PARAMETER = /^; *([a-z*][a-z0-9_.*-]*)=(-?\d{1,15})(?![\d.])/;
const SEPARATOR = /^[ \t]*,[ \t]*/;

export function parseList(field: string): Item[] {
  const items: Item[] = [];
  let rest = field.trim();
  for (;;) {
    const string = STRING.exec(rest);
    if (string === null) throw new Error(`no String at: ${rest}`);
    rest = rest.slice(string[0].length);
    const parameters: Record<string, number> = {};
    for (let found = PARAMETER.exec(rest); found !== null; found = PARAMETER.exec(rest)) {
      rest = rest.slice(found[0].length);
      parameters[found[1] as string] = Number(found[2]);
    }
    items.push({ value: (string[1] as string).replace(/\\(["\\])/g, "$1"), parameters });
    if (rest === "") return items;
    const separator = SEPARATOR.exec(rest);
    if (separator === null) throw new Error(`no comma at: ${rest}`);
    rest = rest.slice(separator[0].length);
  }
}
