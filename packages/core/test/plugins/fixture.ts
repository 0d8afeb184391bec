import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

/** A folder of files, as package managers lay them out. */
export class Fixture implements Disposable {
  readonly root: string = realpathSync(mkdtempSync(join(tmpdir(), "baldur-discovery-")));

  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  write(file: string, content: string | object): this {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), typeof content === "string" ? content : JSON.stringify(content));
    return this;
  }

  /** The application's own package.json. */
  application(dependencies: readonly string[], rest: object = {}): this {
    return this.write("package.json", { name: "application", dependencies: versions(dependencies), ...rest });
  }

  /** An installed package with an entry that is a plugin, unless told otherwise. */
  install(
    name: string,
    { manifest = {}, files = {}, folder = `node_modules/${name}` }: Installed = {},
  ): this {
    const own = { name, version: "1.0.0", type: "module", baldur: { plugin: "./plugin.js" }, ...manifest };
    this.write(`${folder}/package.json`, own);
    for (const [file, content] of Object.entries({ "plugin.js": esm(name), ...files })) {
      this.write(`${folder}/${file}`, content);
    }
    return this;
  }

  link(from: string, to: string): this {
    mkdirSync(dirname(this.path(from)), { recursive: true });
    symlinkSync(relative(dirname(this.path(from)), this.path(to)), this.path(from), "dir");
    return this;
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true });
  }
}

interface Installed {
  manifest?: object;
  files?: Record<string, string>;
  /** Where it lies, when not straight in node_modules. */
  folder?: string;
}

export const versions = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, "^1.0.0"]));

/** An entry that exports a plugin. */
export const esm = (name: string): string =>
  `export const plugin = { name: ${JSON.stringify(name)}, register() {} };`;
export const cjs = (name: string): string =>
  `exports.plugin = { name: ${JSON.stringify(name)}, register() {} };`;
