import { CommanderError } from "commander";
import { CliError, EXIT, words } from "./errors.js";
import type { CliIo } from "./io.js";
import { clean, toJson } from "./output/clean.js";
import { styleFor } from "./output/style.js";
import { createProgram } from "./program.js";

const VERSIONS: readonly string[] = ["--version", "-V"];

/**
 * Does what a command line asks for; `argv` is without the names of the program and of Node. Resolves with what to exit
 * with: 0 for what was done, 2 for what was refused (a status 4xx), 1 for the rest. Never rejects.
 * @public
 */
export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  if (argv.length === 1 && VERSIONS.includes(argv[0] ?? "")) return version(io);
  let exitCode: number = EXIT.ok;
  const program = createProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    return fail(error, io, argv.includes("--json"));
  }
}

/** Loaded only for who asks: it is the library's. */
async function version(io: CliIo): Promise<number> {
  const { VERSION } = await import("@baldur/core");
  io.stdout.write(`${VERSION}\n`);
  return EXIT.ok;
}

/** In words; no stack is of use to who has typed a command. */
function fail(error: unknown, io: CliIo, json: boolean): number {
  const { exitCode, hint, body } = error instanceof CliError ? error : new CliError(words(error));
  if (json && body !== undefined) io.stdout.write(`${toJson(body)}\n`);
  const style = styleFor(io.stderr, io);
  io.stderr.write(`${style.red("error:")} ${clean(words(error))}\n`);
  if (hint !== undefined) io.stderr.write(`${style.dim(clean(hint))}\n`);
  return exitCode;
}
