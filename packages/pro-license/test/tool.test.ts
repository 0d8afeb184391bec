import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { verdictOn, verifyToken } from "../src/verify.js";
import { NOON } from "./tokens.js";

const tooling = fileURLToPath(new URL("../../../tooling/license/", import.meta.url));
const read = (file: string): string => readFileSync(file, "utf8");

let folder: string;

const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(tooling, "src/main.mjs"), ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
};
const CLAIMS = ["--customer", "c-1", "--org", "Łódź 株式会社", "--plan", "annual", "--expires", "2026-12-31"];
const ISSUED = ["--issued-at", "2026-01-01"];
const issue = (...args: string[]) => run("issue", "--key", "own.key", ...CLAIMS, ...ISSUED, ...args);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "baldur-tool-"));
  writeFileSync(join(folder, "garbage"), "garbage");
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("the licence of this repository", () => {
  const licence = read(join(tooling, "development.license"));

  it("holds, in a build of this repository", () => {
    expect(verifyToken(licence, NOON)).toEqual({
      status: "active",
      customer: "dev-0001",
      organisation: "Bäckerei Møller & Söhne 開発",
      plan: "annual",
      expires: "2099-12-31",
    });
  });

  it("says of its key that it is for development only", () => {
    const { note, publicKey } = JSON.parse(read(join(tooling, "development.key")));
    expect(note).toContain("useless against release builds");
    expect(read(fileURLToPath(new URL("../src/pinned-keys.ts", import.meta.url)))).toContain(publicKey);
  });
});

describe("the licence tool", () => {
  it("makes a key, and licences that the package accepts and no one else's key does", () => {
    const made = run("keys", "--kid", "own", "--out", "own.key");
    expect(made).toMatchObject({ status: 0, stderr: "" });
    expect(statSync(join(folder, "own.key")).mode & 0o777).toBe(0o600);
    const pinned = JSON.parse(made.stdout);
    for (const form of [[], ["--json"]]) {
      const { status, stdout } = issue(...form);
      expect(status).toBe(0);
      expect(verdictOn(stdout, NOON, [pinned])).toMatchObject({
        status: "active",
        organisation: "Łódź 株式会社",
      });
      expect(verifyToken(stdout, NOON).status).toBe("invalid");
    }
  });

  it("shows and verifies them", () => {
    expect(issue("--out", "licence").status).toBe(0);
    expect(JSON.parse(run("show", "licence").stdout)).toMatchObject({
      kid: "own",
      org: "Łódź 株式会社",
      tier: "PRO",
    });
    expect(run("verify", "--key", "own.key", "--at", "2026-12-31", "licence")).toMatchObject({ status: 0 });
    expect(run("verify", "--key", "own.key", "--at", "2027-01-01", "licence")).toMatchObject({
      status: 1,
      stdout: "refused: it expired on 2026-12-31\n",
    });
    expect(run("verify", "--key", join(tooling, "development.key"), "licence")).toMatchObject({
      status: 1,
      stdout: "refused: its signature is wrong for this key\n",
    });
  });

  it.each([
    ["no command", []],
    ["no command sign", ["sign"]],
    ["issue needs --org, --expires", ["issue", "--key", "own.key", "--customer", "c", "--plan", "annual"]],
    ["Unknown option '--ky'", ["issue", "--ky", "own.key"]],
    ["--plan must be one of", ["issue", "--key", "own.key", ...CLAIMS, "--plan", "weekly"]],
    ["--expires must be a day", ["issue", "--key", "own.key", ...CLAIMS, "--expires", "2026-02-30"]],
    ["--expires must not be before", ["issue", "--key", "own.key", ...CLAIMS, "--issued-at", "2027-01-01"]],
    ["cannot read none: ENOENT", ["issue", "--key", "none", ...CLAIMS, ...ISSUED]],
    ["garbage does not hold what it should", ["issue", "--key", "garbage", ...CLAIMS, ...ISSUED]],
    ["garbage does not hold what it should", ["show", "garbage"]],
    ["show needs one licence file", ["show"]],
    ["a key is never overwritten", ["keys", "--kid", "own", "--out", "own.key"]],
  ])("says %j, how it is used, and ends with 2", (message, args) => {
    const { status, stdout, stderr } = run(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).toContain("usage: ");
  });
});
