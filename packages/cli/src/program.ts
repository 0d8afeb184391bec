import { Command } from "commander";
import { Context, type GlobalOptions, type Handler } from "./context.js";
import { addControl } from "./definitions/control.js";
import type { Act } from "./definitions/define.js";
import { whole } from "./definitions/define.js";
import { addDlq } from "./definitions/dlq.js";
import { addLocal } from "./definitions/local.js";
import { withEnvFile } from "./env-file.js";
import type { CliIo } from "./io.js";
import { cleanLines } from "./output/clean.js";

const LONGEST_TIMEOUT = 3600;

/** Everything that can be asked for. `settle` is told what to exit with. */
export function createProgram(io: CliIo, settle: (exitCode: number) => void): Command {
  const program = new Command("baldur");
  program
    .description("A client of Baldur's control API, and checks that need no server.")
    .option(
      "--url <url>",
      "where the control API is; default BALDUR_ADMIN_URL, else this machine's port 9090",
    )
    .option("--env-file <file>", "variables that the environment has not set")
    .option(
      "--timeout <seconds>",
      "how long to wait for an answer, or for a module to load; default 35",
      whole(1, LONGEST_TIMEOUT),
    )
    .option("-V, --version", "which version this is")
    .option("--json", "what the API answered, for programs")
    .showHelpAfterError("(--help says more)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(cleanLines(text)),
    });
  const act: Act = (load) => actionOf(load, io, settle);
  addControl(program, act);
  addDlq(program, act);
  addLocal(program, act);
  return program;
}

function actionOf(
  load: () => Promise<Handler>,
  io: CliIo,
  settle: (exitCode: number) => void,
): (...args: unknown[]) => Promise<void> {
  return async (...all) => {
    const command = all.at(-1) as Command;
    const options = command.optsWithGlobals<GlobalOptions & { envFile?: string }>();
    const context = new Context(await withEnvFile(io, options.envFile), options);
    const args = command.processedArgs.filter((arg) => typeof arg === "string");
    const handler = await load();
    settle(await handler(context, { args, options: { ...options } }));
  };
}
