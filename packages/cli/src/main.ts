#!/usr/bin/env node
import { run } from "./index.js";

const { argv, stderr, stdout } = process;
const ARGUMENTS = 2;

/** Whoever reads has enough, as `| head` does. */
function ended(error: { readonly code?: unknown }): void {
  process.exit(error.code === "EPIPE" ? 0 : 1);
}

stdout.on("error", ended);
stderr.on("error", ended);
/** What an application that was looked at has left open must not keep this program. */
function leave(code: number): void {
  stdout.write("", () => process.exit(code));
}

void run(argv.slice(ARGUMENTS), { stdout, stderr, env: process.env, cwd: process.cwd() }).then(leave);
