import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The built packages, as users load them. */
const built = (file: string): string =>
  JSON.stringify(fileURLToPath(new URL(`../../${file}`, import.meta.url)));

/** `open(createBaldur, plugin)` answers what the plugin provides to a runtime; `say` tells the test. */
const OPEN = `
const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const say = (line) => process.stdout.write(JSON.stringify(line) + "\\n");
const open = async ({ createBaldur }, plugin) => {
  let factory;
  const register = (context) =>
    plugin.register({ ...context, provider: (kind, make) => (context.provider(kind, make), (factory = make)) });
  const settings = { control: { backend: "memory" } };
  await createBaldur({ discover: false, plugins: [{ ...plugin, register }], logger, settings }).start();
  return factory?.();
};
`;
export const ESM = `const core = await import(${built("core/dist/index.js")});
  const { redis, plugin, declarations, RedisUnavailableError } = await import(${built("redis/dist/index.js")});`;
export const CJS = `const core = require(${built("core/dist/index.cjs")});
  const { redis, plugin, declarations, RedisUnavailableError } = require(${built("redis/dist/index.cjs")});`;

/** Runs a script in a process of its own, to its end; answers the lines that it said. Rejects where it failed. */
export async function run(
  script: string,
  extension: "mjs" | "cjs",
  env: Readonly<Record<string, string>> = {},
): Promise<unknown[]> {
  const folder = mkdtempSync(join(tmpdir(), "baldur-child-"));
  const file = join(folder, `script.${extension}`);
  writeFileSync(file, `${OPEN}${script}`);
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env["PATH"], HOME: folder, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => stream.setEncoding("utf8").toArray());
  const [code] = (await once(child, "close")) as [number | null];
  rmSync(folder, { recursive: true, force: true });
  const errors = ((await stderr) as string[]).join("");
  if (code !== 0 || errors !== "") throw new Error(`the process ended with ${code}: ${errors}`);
  return ((await stdout) as string[])
    .join("")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);
}
