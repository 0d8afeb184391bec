const STANDARD = /^[A-Za-z0-9+/]+={0,2}$/;

/** The bytes of strict standard base64; undefined for anything else, be it one bit too many. */
export function decodeBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0 || !STANDARD.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}
