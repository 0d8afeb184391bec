const TYPE = /^[A-Za-z]\w{0,63}$/;
const MOST_TYPES = 50;
const OTHER = "OTHER";

/** Names what was thrown by its code, else its class; those beyond a limit share one name, as codes may be made up. */
export class ErrorTypes {
  readonly #known = new Set<string>();

  of(error: unknown, status: number): string {
    const type = error === undefined ? `HTTP_${status}` : nameOf(error);
    if (this.#known.has(type)) return type;
    if (this.#known.size >= MOST_TYPES) return OTHER;
    this.#known.add(type);
    return type;
  }
}

function nameOf(error: unknown): string {
  try {
    const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
    return ([code, name].find((value) => typeof value === "string" && TYPE.test(value)) as string) ?? OTHER;
  } catch {
    return OTHER; // null, or a getter that throws
  }
}
