/** A result as text: JSON, and nothing at all for undefined, for which JSON has no word. Throws for what has no JSON. */
export function encodeResult(value: unknown): string {
  if (value === undefined) return "";
  const json: string | undefined = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`a ${typeof value} has no JSON`);
  return json;
}

export function decodeResult(text: string): unknown {
  return text === "" ? undefined : JSON.parse(text);
}
