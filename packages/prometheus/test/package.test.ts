import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, jest } from "@jest/globals";
import { parse } from "./grammar.js";

jest.setTimeout(30_000);

/** The built packages, as users load them. */
const built = (file: string): string =>
  JSON.stringify(fileURLToPath(new URL(`../../${file}`, import.meta.url)));
const ESM = `
  import { createRequire } from "node:module";
  const require = createRequire(import.meta.url);
  const core = await import(${built("core/dist/index.js")});
  const { metricsSlot } = await import(${built("core/dist/plugin.js")});
  const prometheus = await import(${built("prometheus/dist/index.js")});`;
const CJS = `
  const core = require(${built("core/dist/index.cjs")});
  const { metricsSlot } = require(${built("core/dist/plugin.cjs")});
  const prometheus = require(${built("prometheus/dist/index.cjs")});`;
const quiet =
  "Object.fromEntries(['debug', 'info', 'warn', 'error'].map((level) => [level, () => undefined]))";

/** Runs a script in a process of its own, to its end; answers what it said last. */
async function run(script: string, extension: "mjs" | "cjs"): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), "baldur-child-"));
  const file = join(folder, `script.${extension}`);
  writeFileSync(file, script);
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env["PATH"], HOME: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => stream.setEncoding("utf8").toArray());
  const [code] = (await once(child, "close")) as [number | null];
  rmSync(folder, { recursive: true, force: true });
  const errors = ((await stderr) as string[]).join("");
  if (code !== 0 || errors !== "") throw new Error(`the process ended with ${code}: ${errors}`);
  return JSON.parse(((await stdout) as string[]).join(""));
}

describe("the package", () => {
  it.each([
    ["ESM", ESM, "mjs"],
    ["CommonJS", CJS, "cjs"],
  ] as const)(
    "works as %s, loads prom-client only for the metrics of the process, and lets the process end",
    async (_, load, extension) => {
      const work = `
      const isLoaded = () => Object.keys(require.cache).some((file) => file.includes("prom-client"));
      const open = (options) =>
        core.createBaldur({ discover: false, env: {}, logger: ${quiet}, plugins: [prometheus.prometheus(options)] }).start();
      const plain = await open({ aggregate: true });
      const body = (await plain.slots.get(metricsSlot).exposition()).body;
      const before = isLoaded();
      const full = await open({ defaultMetrics: true });
      const page = (await full.slots.get(metricsSlot).exposition()).body;
      const { events, settings, metrics } = prometheus.declarations();
      const found = prometheus.plugin().name;
      process.stdout.write(JSON.stringify({ body, before, after: isLoaded(), page, found, declared: [events.length, settings.length, metrics.length] }));`;
      const script = extension === "cjs" ? `(async () => {${load}${work}})();` : `${load}${work}`;
      const answer = (await run(script, extension)) as { body: string; page: string };
      expect(answer).toMatchObject({
        before: false,
        after: true,
        found: "@baldur/prometheus",
        declared: [5, 1, 2],
      });
      expect(parse(answer.body).has("baldur_up")).toBe(true);
      expect(parse(answer.page).has("process_cpu_user_seconds_total")).toBe(true);
    },
  );

  it("says where discovery finds it", () => {
    expect(createRequire(import.meta.url)("../package.json")).toMatchObject({
      baldur: { plugin: { import: "./dist/index.js", require: "./dist/index.cjs" } },
    });
  });
});
