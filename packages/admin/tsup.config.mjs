import { copyFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { library } from "@baldur/tsup";

const require = createRequire(import.meta.url);

/** The page is built by its own package, before this one. */
async function copyConsole() {
  const page = join(dirname(require.resolve("@baldur/console/package.json")), "dist", "index.html");
  await copyFile(page, join("dist", "console.html")).catch((error) => {
    if (error.code !== "ENOENT") throw error;
    process.stderr.write("the console is not built: this build serves none\n");
  });
}

// The page is found by `import.meta.url`, which CommonJS has no word for.
export default { ...library(["src/index.ts"]), shims: true, onSuccess: copyConsole };
