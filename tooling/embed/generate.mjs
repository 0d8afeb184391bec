// Writes the Lua scripts of each folder into a TypeScript file beside them, or, with --check, fails where that file says
// something else. Comments stay behind: what is published is what runs.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const COMMAND = "npm run embed";
const GENERATED = "scripts.generated.ts";
const PORT = "packages/core/src/redis/redis.js";
/** Folders that say where a script is, not whose it is. */
const PLACES = ["src", "store", "stores", "redis"];
/** What the header of a script tells its readers. */
const HEADER = ["Guarantee:", "KEYS", "ARGV", "Reply:"];

/** Files below the sources of a package, relative to the repository. */
function sources(folder) {
  const src = join("packages", folder, "src");
  if (!existsSync(join(root, src))) return [];
  return readdirSync(join(root, src), { recursive: true })
    .map((file) => join(src, file).replaceAll("\\", "/"))
    .toSorted();
}

/** Without comments and indentation. Refuses what that would change the meaning of. */
function minified(file, text) {
  const lines = text.split("\n").map((line) => withoutComment(file, line).trim());
  return lines.filter((line) => line !== "").join("\n");
}

function withoutComment(file, line) {
  const at = line.indexOf("--");
  if (at === -1) return line;
  if (/^--\[=*\[/.test(line.slice(at)))
    throw new Error(`${file}: a comment in brackets; begin each line with --`);
  if (/['"]/.test(line.slice(0, at)))
    throw new Error(`${file}: a comment after a string; give it a line of its own`);
  return line.slice(0, at);
}

function script(file) {
  const text = readFileSync(join(root, file), "utf8").replaceAll("\r\n", "\n");
  const missing = HEADER.find((word) => !text.includes(`-- ${word}`));
  if (missing !== undefined) throw new Error(`${file}: its header does not say "-- ${missing}"`);
  return { name: basename(file, ".lua"), lua: minified(file, text) };
}

/** `compare-and-set` of the folder `documents/stores` is `compareAndSet`, and Redis knows it as `documents.compare-and-set`. */
function constant(folder, { name, lua }) {
  const identifier = name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  const feature = folder.split("/").findLast((part) => !PLACES.includes(part));
  return `export const ${identifier}: RedisScript = {\n  name: ${JSON.stringify(`${feature}.${name}`)},\n  lua: ${JSON.stringify(lua)},\n};\n`;
}

function port(folder) {
  if (!folder.startsWith("packages/core/")) return "@baldur/core/plugin";
  const path = relative(folder, PORT).replaceAll("\\", "/");
  return path.startsWith(".") ? path : `./${path}`;
}

function page(folder, files) {
  const scripts = files.map((file) => constant(folder, script(file)));
  const head = `// Generated from the .lua files of this folder by \`${COMMAND}\`; do not edit.\n`;
  return `${head}import type { RedisScript } from "${port(folder)}";\n\n${scripts.join("\n")}`;
}

/** Line ends are a checkout's affair. */
function matches(path, text) {
  return existsSync(path) && readFileSync(path, "utf8").replaceAll("\r\n", "\n") === text;
}

const all = readdirSync(join(root, "packages")).toSorted().flatMap(sources);
const scripts = all.filter((file) => file.endsWith(".lua"));
const folders = [...new Set(scripts.map((file) => dirname(file)))];
const pages = new Map(
  folders.map((folder) => [
    `${folder}/${GENERATED}`,
    page(
      folder,
      scripts.filter((file) => dirname(file) === folder),
    ),
  ]),
);
const orphans = all.filter((file) => basename(file) === GENERATED && !pages.has(file));
const stale = [...pages].filter(([file, text]) => !matches(join(root, file), text));
const isCheck = process.argv.includes("--check");
for (const [file, text] of [...stale, ...orphans.map((orphan) => [orphan])]) {
  if (isCheck) process.stderr.write(`${file} is not what the .lua files beside it say; run ${COMMAND}\n`);
  else if (text === undefined) rmSync(join(root, file));
  else writeFileSync(join(root, file), text);
}
const wrong = stale.length + orphans.length;
process.stdout.write(`${scripts.length} scripts, ${wrong} files ${isCheck ? "stale" : "written"}\n`);
process.exitCode = isCheck && wrong > 0 ? 1 : 0;
