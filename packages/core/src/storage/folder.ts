const NAMED_BY_HASH = 12;
const PLAIN = /[^A-Za-z0-9._-]/g;

/**
 * The folder for the state of the application that runs in `root`, below the user's own state folder: applications of
 * one user do not share a kill switch because they share a home. Nothing is made.
 */
export function defaultStateFolder(root: string, stateHome: string | undefined): string {
  // Asked for here: importing the package must not load what most programs never need.
  const { createHash } = process.getBuiltinModule("node:crypto");
  const { homedir } = process.getBuiltinModule("node:os");
  const { basename, join } = process.getBuiltinModule("node:path");
  const home = stateHome ?? join(homedir(), ".local", "state");
  const hash = createHash("sha256").update(root).digest("hex").slice(0, NAMED_BY_HASH);
  return join(home, "baldur", `${basename(root).replace(PLAIN, "_")}-${hash}`);
}
