import { text } from "../describe.js";
import { Folder } from "../documents/stores/folder.js";
import { ConfigurationError } from "../errors.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { folderFallback } from "./events.js";

export interface FolderChoice {
  /** The operator's own: this one or none. */
  readonly named: string | undefined;
  /** The folder for the state of this application. Asked for when it is needed. */
  readonly stateFolder: () => string;
  /** Nothing but the operator's own or the usual one will do. */
  readonly isProduction: boolean;
  /** Whether there may be none. */
  readonly allowMemoryOnly: boolean;
  /** What to set to name one, for people. */
  readonly variable: string;
  readonly telemetry: Pick<TelemetryHub, "report">;
  /** Default: `/var/log/baldur/wal`. */
  readonly usual?: string;
}

const USUAL = "/var/log/baldur/wal";

/**
 * Makes the folder that the log is kept in: the operator's own, else the usual one, else the first that can be used of the
 * application's, one in `/var/tmp` and one in the temporary folder. Links and folders of others are refused. Undefined: none
 * can be used, and there may be none. Throws `ConfigurationError` where the operator's own cannot be used, for a
 * production that would have to do with another one than the usual, and where there is none.
 */
export async function chooseFolder(choice: FolderChoice): Promise<string | undefined> {
  const { named, isProduction, allowMemoryOnly, variable, telemetry, usual = USUAL } = choice;
  if (named !== undefined) {
    const problem = await problemOf(named);
    if (problem === undefined) return named;
    throw new ConfigurationError(`${variable}: ${problem}`);
  }
  const refused: string[] = [];
  const found = await firstUsable(isProduction ? [usual] : [usual, ...fallbacks(choice)], refused);
  if (found === usual) return found;
  if (found === undefined && !allowMemoryOnly)
    throw new ConfigurationError(`no folder for the write-ahead log: ${refused.join("; ")}. Set ${variable}`);
  telemetry.report(folderFallback, {
    folder: found ?? "memory",
    refused: refused.join("; "),
    remedy: `set ${variable}`,
  });
  return found;
}

function fallbacks({ stateFolder }: FolderChoice): string[] {
  const { join } = process.getBuiltinModule("node:path");
  const { tmpdir, userInfo } = process.getBuiltinModule("node:os");
  const own = `baldur-${process.getuid?.() ?? userInfo().username}`;
  return [join(stateFolder(), "wal"), join("/var/tmp", own), join(tmpdir(), own)];
}

async function firstUsable(paths: readonly string[], refused: string[]): Promise<string | undefined> {
  for (const path of paths) {
    const problem = await problemOf(path);
    if (problem === undefined) return path;
    refused.push(problem);
  }
  return undefined;
}

/** Why the folder cannot be used, or undefined. Makes it. */
async function problemOf(path: string): Promise<string | undefined> {
  const { access, constants } = process.getBuiltinModule("node:fs/promises");
  try {
    await new Folder(path).make();
    await access(path, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const words = text(error);
    return words.includes(path) ? words : `${path}: ${words}`;
  }
}
