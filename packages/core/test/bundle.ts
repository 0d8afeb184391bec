import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Esbuild {
  build(options: object): Promise<unknown>;
  stop(): Promise<void>;
}

/** Sources in one file that plain Node can load: a package's build need not be there, and does not have its inside. */
export class Bundle implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "baldur-bundle-"));
  readonly path: string = join(this.#folder, "bundle.cjs");

  private constructor() {}

  static async of(...modules: readonly URL[]): Promise<Bundle> {
    const bundle = new Bundle();
    const here = createRequire(import.meta.url);
    const { build, stop } = createRequire(here.resolve("tsup"))("esbuild") as Esbuild;
    const contents = modules.map((url) => `export * from ${JSON.stringify(fileURLToPath(url))};`).join("\n");
    await build({
      stdin: { contents, resolveDir: "/", loader: "ts" },
      outfile: bundle.path,
      bundle: true,
      platform: "node",
      format: "cjs",
      conditions: ["@baldur/source"],
    });
    await stop();
    return bundle;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
