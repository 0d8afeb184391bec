import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The built package, as users load it. */
export const built = (file: string): string => fileURLToPath(new URL(`../../dist/${file}`, import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What it left in its folder, its home included. */
  readonly files: readonly string[];
}

/** Runs a script in a process of its own, in an empty folder that is its home too, and waits until it exits by itself. */
export function runScript(
  script: string,
  { env = {}, extension = "mjs" }: { env?: Record<string, string>; extension?: string } = {},
): Ran {
  const folder = mkdtempSync(join(tmpdir(), "baldur-script-"));
  const source = mkdtempSync(join(tmpdir(), "baldur-source-"));
  try {
    const file = join(source, `script.${extension}`);
    writeFileSync(file, script);
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
      cwd: folder,
      env: { PATH: process.env["PATH"], HOME: folder, ...env },
      encoding: "utf8",
      timeout: 20_000,
    });
    return { code: status, stdout, stderr, files: readdirSync(folder, { recursive: true }) as string[] };
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(source, { recursive: true });
  }
}
