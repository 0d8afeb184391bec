#!/usr/bin/env node
import { words } from "./errors.js";
import { run } from "./index.js";
import { clean } from "./output/clean.js";

const { argv, stderr, stdout } = process;
const ARGUMENTS = 2;
const write = stdout.write.bind(stdout);

function leave(code: number): void {
  process.off("exit", abandoned);
  process.exit(code);
}

function abandoned(): void {
  stderr.write("error: what was loaded has ended this program, or never ends\n");
  process.exitCode = 1;
}

/** Whoever reads has enough, as `| head` does; or it cannot be written at all. */
function ended(error: Error): void {
  leave((error as { code?: unknown }).code === "EPIPE" ? 0 : 1);
}

stdout.on("error", ended);
stderr.on("error", ended);

// Modules of an application are loaded by some commands. What they print is no answer, what they leave open keeps nothing, and
// what ends them, or never does, is no success.
stdout.write = stderr.write.bind(stderr);
process.on("uncaughtException", (error) => {
  stderr.write(`error: what was loaded has failed: ${clean(words(error))}\n`);
  leave(1);
});
process.on("exit", abandoned);

const io = { stdout: { write, isTTY: stdout.isTTY }, stderr, env: process.env, cwd: process.cwd() };
void run(argv.slice(ARGUMENTS), io).then((code) => {
  write("", () => (stdout.errored ? ended(stdout.errored) : leave(code)));
});
