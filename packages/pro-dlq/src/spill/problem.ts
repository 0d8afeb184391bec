/** Something an operator should know about the spill files. */
export type SpillProblem =
  | { readonly kind: "folder_refused"; readonly folder: string; readonly reason: string }
  | { readonly kind: "write_failed"; readonly folder: string; readonly reason: string }
  | { readonly kind: "file_unreadable"; readonly file: string; readonly reason: string }
  | { readonly kind: "unknown_version"; readonly file: string; readonly version: number }
  | {
      readonly kind: "records_corrupt";
      readonly file: string;
      readonly keptAs: string;
      readonly count: number;
    };

/** Tells each problem once, however often it is met. */
export class ProblemReporter {
  readonly #told = new Set<string>();

  constructor(private readonly onProblem: (problem: SpillProblem) => void) {}

  tell(problem: SpillProblem): void {
    const key = JSON.stringify(problem);
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.onProblem(problem);
  }
}

/** The code of a failure of the file system, or what it says. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return code ?? message ?? String(error);
}
