/** What is stored of the kill switch and the dry run. */
export interface StoredState {
  readonly enabled: boolean;
  readonly dryRun: boolean;
  readonly disabled?: { readonly at: number; readonly by: string; readonly reason: string };
  readonly dryRunSince?: { readonly at: number; readonly by: string };
}

export const INITIAL: StoredState = Object.freeze({ enabled: true, dryRun: false });

/** The state in a document, or undefined where it holds something else. */
export function parseState(value: unknown): StoredState | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { enabled, dryRun, disabled, dryRunSince } = value as Partial<StoredState>;
  if (typeof enabled !== "boolean" || typeof dryRun !== "boolean") return undefined;
  return {
    enabled,
    dryRun,
    ...(isNote(disabled) && { disabled: { ...disabled, reason: String(disabled.reason) } }),
    ...(isNote(dryRunSince) && { dryRunSince }),
  };
}

function isNote(
  note: { readonly at: number; readonly by: string } | undefined,
): note is NonNullable<typeof note> {
  return (
    typeof note === "object" && note !== null && typeof note.at === "number" && typeof note.by === "string"
  );
}
