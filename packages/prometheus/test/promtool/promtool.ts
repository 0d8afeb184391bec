import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Prometheus' own tool. Debian has it in its package `prometheus`; machines without it skip what asks it. */
export const hasPromtool: boolean = spawnSync("promtool", ["--version"]).status === 0;

export interface Answer {
  readonly status: number | null;
  readonly output: string;
}

/** Runs it on this content, which it reads from its input or from the file `input`. */
export function promtool(command: string, content: string): Answer {
  const folder = mkdtempSync(join(tmpdir(), "baldur-promtool-"));
  try {
    writeFileSync(join(folder, "input"), content);
    const args = command.split(" ");
    const { status, stdout, stderr } = spawnSync("promtool", args, {
      cwd: folder,
      input: content,
      encoding: "utf8",
    });
    return { status, output: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
