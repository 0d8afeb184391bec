import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const tooling = (file: string): string =>
  fileURLToPath(new URL(`../../../tooling/license/${file}`, import.meta.url));

/** A licence that holds in builds of this repository. */
export const LICENCE: string = tooling("development.license");

/** One that did. */
export function expiredLicence(): string {
  const term = ["--plan", "annual", "--issued-at", "2020-01-01", "--expires", "2020-12-31"];
  const args = ["issue", "--key", tooling("development.key"), "--customer", "c-1", "--org", "Gone", ...term];
  return execFileSync(process.execPath, [tooling("src/main.mjs"), ...args], { encoding: "utf8" });
}
