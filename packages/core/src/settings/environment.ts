const PREFIX = "BALDUR_";

/** The process's environment, or the one given instead: read once, trimmed; what is empty counts as unset. */
export class Environment {
  readonly #values: ReadonlyMap<string, string>;

  constructor(source: Readonly<Record<string, string | undefined>> = process.env) {
    const entries = Object.entries(source).flatMap(([name, value]) => {
      const text = value?.trim();
      return text === undefined || text === "" ? [] : [[name, text] as const];
    });
    this.#values = new Map(entries);
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** Every variable that claims to be Baldur's. */
  names(): string[] {
    return [...this.#values.keys()].filter((name) => name.startsWith(PREFIX));
  }
}
