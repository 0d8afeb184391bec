import { text } from "../describe.js";
import { ConfigurationError } from "../errors.js";
import {
  dependenciesOf,
  findApplication,
  findPackage,
  type Located,
  type ResolvePackage,
} from "./application.js";
import type { BrokenPlugin } from "./host.js";
import { definePlugin, type Plugin } from "./plugin.js";

/** How plugins are searched for. @public */
export interface DiscoveryOptions {
  /** Folder from which upwards the application's package.json is searched. Default: see `findApplication`. */
  readonly root?: string;
  /** Packages to load instead of searching for them; `none` loads none. */
  readonly list?: readonly string[] | undefined;
  /** Default: where Node would look from the application's root. */
  readonly resolve?: ResolvePackage;
  /** Imports a module by its URL. */
  readonly import?: (url: string) => Promise<unknown>;
}

/** What was found. @public */
export interface Discovery {
  readonly plugins: readonly Plugin[];
  /** Packages that say they are plugins, or were listed, and could not be loaded. */
  readonly broken: readonly BrokenPlugin[];
}

const NOTHING: Discovery = Object.freeze({ plugins: [], broken: [] });
const NONE = "none";
/** A package built in two formats is loaded in this build's, to meet the copy that the application itself loads. */
const FORMAT = typeof __filename === "string" ? "require" : "import";

/**
 * Finds the plugins among the application's direct dependencies: the packages whose own package.json says
 * `"baldur": { "plugin": "./plugin.js" }`, or `{ "import": …, "require": … }` in place of the path. The entry exports
 * `plugin`: a plugin, or a function that returns one or several. Only manifests are read, and only such entries imported.
 *
 * A dependency that is not installed is passed over in silence; a plugin that is installed and cannot be loaded is
 * answered as broken, and so is whatever a list names in vain. Never rejects.
 * @public
 */
export async function discoverPlugins(options: DiscoveryOptions = {}): Promise<Discovery> {
  const { list, root } = options;
  if (list?.includes(NONE)) return NOTHING;
  return attempt("application", async () => {
    const application = await findApplication(root);
    const names = list ?? dependenciesOf(application);
    const found = await Promise.all(
      names.map((name) => attempt(name, () => load(name, application, options))),
    );
    return {
      plugins: found.flatMap(({ plugins }) => plugins),
      broken: found.flatMap(({ broken }) => broken),
    };
  });
}

async function attempt(name: string, work: () => Promise<Discovery>): Promise<Discovery> {
  try {
    return await work();
  } catch (error) {
    return { plugins: [], broken: [{ name, reason: text(error) }] };
  }
}

async function load(name: string, application: Located, options: DiscoveryOptions): Promise<Discovery> {
  const found = await findPackage(name, application, options.resolve);
  const entry = found && entryOf(found);
  if (entry !== undefined) {
    const { import: importModule = (url) => import(url) } = options;
    return { plugins: pluginsOf(await importModule(entry.href)), broken: [] };
  }
  if (options.list === undefined) return NOTHING;
  throw new ConfigurationError(
    found === undefined ? "it is not installed" : "its package.json names no plugin",
  );
}

function entryOf({ url, manifest }: Located): URL | undefined {
  const declared = manifest.baldur?.plugin;
  if (declared === undefined) return undefined;
  const entry = isObject(declared) ? (declared[FORMAT] ?? declared.import ?? declared.require) : declared;
  if (typeof entry === "string" && entry.startsWith("./")) return new URL(entry, url);
  throw new ConfigurationError('baldur.plugin in its package.json must be a path that starts with "./"');
}

function pluginsOf(exports: unknown): Plugin[] {
  const exported = pluginExport(exports);
  const made: unknown = typeof exported === "function" ? exported() : exported;
  return (Array.isArray(made) ? made : [made]).map(definePlugin);
}

/** Node cannot always tell the named exports of a CommonJS module; its default export has them all. */
function pluginExport(exports: unknown): unknown {
  const holders = [exports, isObject(exports) ? exports.default : undefined];
  const holder = holders.find((candidate) => isObject(candidate) && "plugin" in candidate);
  if (isObject(holder)) return holder.plugin;
  throw new ConfigurationError("its entry has no export named plugin");
}

function isObject(
  value: unknown,
): value is { readonly [K in "default" | "import" | "plugin" | "require"]?: unknown } {
  return typeof value === "object" && value !== null;
}
