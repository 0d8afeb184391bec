/** What a record says; one that is damaged is as good as absent, for whoever it is about writes it anew. */
export function parsed<T extends object>(text: string | undefined): T | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "null");
    return typeof value === "object" && value !== null ? (value as T) : undefined;
  } catch {
    return undefined; // as above
  }
}
