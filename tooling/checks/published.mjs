// The packages that are published, as they are when they are.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const packages = fileURLToPath(new URL("../../packages/", import.meta.url));

export const published = readdirSync(packages)
  .map((name) => describe(join(packages, name)))
  .filter(({ manifest }) => !manifest.private);

function describe(folder) {
  const { publishConfig, ...rest } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return { folder, manifest: { ...rest, ...publishConfig } };
}

/** What is packed: each file's path from the folder, with its content. */
export function packed({ folder, manifest }) {
  const paths = manifest.files.flatMap((name) => below(join(folder, name)));
  const files = paths.map((path) => [relative(folder, path), readFileSync(path)]);
  return new Map([...files, ["package.json", Buffer.from(JSON.stringify(manifest))]]);
}

function below(path) {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
  } catch (error) {
    if (error.code === "ENOTDIR") return [path];
    throw error;
  }
}
