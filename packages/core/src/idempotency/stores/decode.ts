/** A record as it was written. What cannot be read is told from what is not there: nobody knows whether its work was done. */
export function decode(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
