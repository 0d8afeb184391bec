const KEPT = "baldur-open";
/** What a newcomer sees opened. */
const AT_FIRST: readonly string[] = ["circuits"];

/** The rows that were left open in this tab. */
export function readOpen(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    return Array.isArray(kept) ? kept.filter((id) => typeof id === "string") : AT_FIRST;
  } catch {
    return AT_FIRST;
  }
}

export function writeOpen(open: readonly string[]): void {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(open));
  } catch {
    return; // then it is forgotten with the page
  }
}
