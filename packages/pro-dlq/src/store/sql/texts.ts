const NO_TEXT = /[\\\0]|\p{Surrogate}/gu;
const WRITTEN = /\\u([0-9a-f]{4})/g;

/** A word as a column can hold it: PostgreSQL knows neither the zero character nor halves of one. */
export function columnText(word: string): string {
  return word.replace(NO_TEXT, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export function wordOf(text: string): string {
  return text.replace(WRITTEN, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
