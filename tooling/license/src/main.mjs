import { parseArgs } from "node:util";
import { COMMANDS, UsageError } from "./commands.mjs";

const USAGE = `usage: node tooling/license/src/main.mjs <command>

  keys   --kid <name> --out <key file> [--note <text>]      make a key pair; prints the half to pin
  issue  --key <key file> --customer <id> --org <name> --plan monthly|annual --expires <day>
         [--issued-at <day>] [--json] [--out <file>]        sign a licence
  show   <licence file>                                     print what it says, unchecked
  verify --key <key file> [--at <day>] <licence file>       check it against a key

Days are YYYY-MM-DD in UTC; the file - is the standard input.
Ends with 0, with 1 for a licence that is refused, and with 2 when the command itself is wrong.
`;

function read([name, ...args]) {
  if (!Object.hasOwn(COMMANDS, name ?? "")) throw new UsageError(name ? `no command ${name}` : "no command");
  const { run, needed, optional, files } = COMMANDS[name];
  const options = Object.fromEntries(
    [...needed, ...optional].map((option) => [option, { type: option === "json" ? "boolean" : "string" }]),
  );
  const { values, positionals } = parseArgs({ args, options, allowPositionals: files > 0 });
  const absent = needed.filter((option) => !values[option]);
  if (absent.length > 0) throw new UsageError(`${name} needs --${absent.join(", --")}`);
  if (positionals.length !== files) throw new UsageError(`${name} needs one licence file`);
  return run(values, positionals);
}

function isUsage(error) {
  return error instanceof UsageError || error.code?.startsWith("ERR_PARSE_ARGS");
}

try {
  const args = process.argv.slice(2);
  const wantsHelp = args.length === 1 && ["--help", "-h", "help"].includes(args[0]);
  const { output, code } = wantsHelp ? { output: USAGE.trimEnd(), code: 0 } : read(args);
  process.stdout.write(`${output}\n`);
  process.exitCode = code;
} catch (error) {
  if (!isUsage(error)) throw error;
  process.stderr.write(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
