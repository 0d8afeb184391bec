// What a server answers may hold names and messages that others have written. A terminal obeys some characters, and shows others
// so that text reads as something else; none of them gets there.

/** Controls, invisible characters of format such as marks of direction, separators of lines, and halves of characters. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const BYTE = 0xff;

/** One line of text that a terminal shows as it is; what it would obey is written out, such as `\x1b`. */
export function clean(text: string): string {
  return text.replace(UNSAFE, (found) => SHORT[found] ?? escaped(found));
}

/** The same for text of several lines. */
export function cleanLines(text: string): string {
  return text.split("\n").map(clean).join("\n");
}

/** JSON, indented; what a terminal would obey is escaped, so that it reads back as what it was. */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value, null, 2) ?? "null";
  return json.replace(UNSAFE, (found) => (found === "\n" ? found : unicode(found)));
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code <= BYTE ? `\\x${code.toString(16).padStart(2, "0")}` : unicode(character);
}

/** As JSON escapes it: two escapes for what is two units. */
function unicode(character: string): string {
  const units = character.split("").map((unit) => unit.charCodeAt(0).toString(16).padStart(4, "0"));
  return units.map((unit) => `\\u${unit}`).join("");
}
