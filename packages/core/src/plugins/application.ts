import { text } from "../describe.js";
import { ConfigurationError } from "../errors.js";

// Node's modules for files are loaded inside: only who searches for plugins needs them.

/** What discovery reads in a package.json. */
interface Manifest {
  readonly name?: unknown;
  readonly dependencies?: object;
  readonly optionalDependencies?: object;
  readonly baldur?: { readonly plugin?: unknown };
}

export interface Located {
  /** Of the package.json. */
  readonly url: URL;
  readonly manifest: Manifest;
}

/** Finds the folder of an installed package. */
export type ResolvePackage = (name: string) => string | undefined;

/**
 * The package that is being run: the nearest package.json upwards from `root`. Without a root, from the main script, since
 * a service is often started from elsewhere; and from the working directory when the script is a tool's, or there is none.
 * Where nothing is found, a package without dependencies.
 */
export async function findApplication(root?: string): Promise<Located> {
  const { pathToFileURL } = await import("node:url");
  const folders = (root === undefined ? startingFolders() : [root]).map((path) => pathToFileURL(`${path}/`));
  for (const folder of folders) {
    const found = await nearestPackage(folder);
    if (found !== undefined) return found;
  }
  return { url: new URL("package.json", folders.at(-1)), manifest: {} };
}

/** What the application asked to have installed with it. Not its development dependencies: they are absent in production. */
export function dependenciesOf({ manifest }: Located): string[] {
  return Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
}

/**
 * An installed package, as the application sees it; undefined for one that is not installed. Looked up by path, where Node
 * would look: resolving it as a module fails when its exports hide the package.json.
 */
export async function findPackage(
  name: string,
  application: Located,
  resolve?: ResolvePackage,
): Promise<Located | undefined> {
  const { pathToFileURL } = await import("node:url");
  const folders = resolve === undefined ? await lookupFolders(name, application) : [resolve(name)];
  for (const folder of folders) {
    if (folder === undefined) continue;
    const url = pathToFileURL(`${folder}/package.json`);
    const manifest = await readManifest(url);
    if (manifest !== undefined) return { url, manifest };
  }
  return undefined;
}

function startingFolders(): string[] {
  const script = process.argv[1];
  const isOwn = script !== undefined && !/[\\/]node_modules[\\/]/.test(script);
  return isOwn ? [`${script}/..`, process.cwd()] : [process.cwd()];
}

async function nearestPackage(folder: URL): Promise<Located | undefined> {
  const url = new URL("package.json", folder);
  const manifest = await readManifest(url);
  if (manifest !== undefined && isPackage(manifest)) return { url, manifest };
  const parent = new URL("../", folder);
  return parent.href === folder.href ? undefined : nearestPackage(parent);
}

/** Build folders often hold a package.json that says nothing but the module format. */
function isPackage({ name, dependencies, optionalDependencies }: Manifest): boolean {
  return (name ?? dependencies ?? optionalDependencies) !== undefined;
}

async function lookupFolders(name: string, { url }: Located): Promise<string[]> {
  const { createRequire } = await import("node:module");
  return (createRequire(url).resolve.paths(name) ?? []).map((folder) => `${folder}/${name}`);
}

async function readManifest(url: URL): Promise<Manifest | undefined> {
  const { readFile } = await import("node:fs/promises");
  try {
    const manifest: unknown = JSON.parse(await readFile(url, "utf8"));
    return typeof manifest === "object" && manifest !== null ? manifest : {};
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw new ConfigurationError(`cannot read ${url.pathname}: ${text(error)}`, { cause: error });
  }
}

function isAbsent(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === "ENOENT" || code === "ENOTDIR";
}
