import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";
import { ModuleKind, ScriptTarget, transpileModule } from "typescript";

const repository = fileURLToPath(new URL("../../../..", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "baldur-readme-"));
mkdirSync(join(project, "node_modules/@baldur"), { recursive: true });
symlinkSync(join(repository, "packages/core"), join(project, "node_modules/@baldur/core"), "dir");

afterAll(() => rmSync(project, { recursive: true }));

/** What the examples leave to the reader. */
const READERS = `const url = "http://127.0.0.1:9/"; const cachedPrice = 42; const alert = () => undefined;
  const gateway = { charge: async () => "paid" };`;

function examples(readme: string): string[] {
  const text = readFileSync(join(repository, readme), "utf8");
  return [...text.matchAll(/```(?:js|ts)\n(.*?)```/gs)].map(([, code]) => code as string);
}

function run(code: string): { code: number | null; stdout: string; stderr: string } {
  const options = { module: ModuleKind.ESNext, target: ScriptTarget.ES2022 };
  const { outputText } = transpileModule(`${READERS}\n${code}\nprocess.exitCode = 0;`, {
    compilerOptions: options,
  });
  writeFileSync(
    join(project, "example.mjs"),
    `${outputText}\nsetTimeout(() => process.exit(), 100).unref();`,
  );
  const env = { PATH: process.env["PATH"], HOME: project };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["example.mjs"], {
    cwd: project,
    env,
    encoding: "utf8",
    timeout: 20_000,
  });
  return { code: status, stdout, stderr };
}

describe("the examples run as they are written", () => {
  it("in the README of the repository", () => {
    const [quickStart] = examples("README.md");
    const ran = run(quickStart as string);
    expect(ran).toMatchObject({ code: 0, stdout: "{ price: 42, stale: true } closed\n" });
    expect((quickStart as string).trim().split("\n").length).toBeLessThanOrEqual(10);
  });

  it.each(examples("packages/core/README.md").map((code, index) => [index + 1, code]))(
    "in the README of the package: %i",
    (_, code) => {
      const { code: exit, stderr } = run(code as string);
      expect(exit).toBe(0);
      expect(stderr).not.toMatch(/Error:/);
    },
  );
});
