export type { CliIo, CliOutput } from "./io.js";
export { run } from "./run.js";
