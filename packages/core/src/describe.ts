/** What kind of thing was thrown, for events: a class name, or the type of a value that is no error. */
export function typeName(error: unknown): string {
  try {
    if (typeof error === "object" && error !== null)
      return String((error as { name?: unknown }).name ?? "Object");
    return typeof error;
  } catch {
    return "unreadable"; // a getter of the caller's error threw
  }
}

/** The words of anything thrown, whatever its getters do. */
export function text(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return "unreadable"; // as above, or a toString that throws
  }
}
