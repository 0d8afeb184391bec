import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createFakeClock } from "@baldur/testkit";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { PINNED_KEYS } from "../src/pinned-keys.js";
import { verifyToken } from "../src/verify.js";
import { NOON, testKey, token } from "./tokens.js";

type Built = typeof import("../src/index.js");

const root = fileURLToPath(new URL("..", import.meta.url));
const production = testKey("2026-production");
const DEVELOPMENT = readFileSync(join(root, "../../tooling/license/development.license"), "utf8");
const PRODUCTION = token(production);
/** The build of the package but for its declarations, with what it depends on inside: it runs anywhere. */
const SCRIPT = `
  import { build } from "tsup";
  import config from "./tsup.config.mjs";
  const conditions = ["@baldur/source"];
  const alone = { config: false, dts: false, clean: false, format: ["cjs"], noExternal: [/./] };
  const esbuildOptions = (options) => { options.conditions = conditions; };
  await build({ ...config, ...alone, outDir: process.argv[1], esbuildOptions });
`;

let folder: string;

function build(keys: unknown) {
  const args = ["--input-type=module", "--eval", SCRIPT, folder];
  const env = { ...process.env, BALDUR_RELEASE_KEYS: typeof keys === "string" ? keys : JSON.stringify(keys) };
  return spawnSync(process.execPath, args, { cwd: root, env, encoding: "utf8" });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "baldur-release-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("a release build", () => {
  let release: Built;

  beforeAll(() => {
    expect(build([production.pinned])).toMatchObject({ status: 0, stderr: "" });
    release = createRequire(import.meta.url)(join(folder, "index.cjs"));
  });

  it("accepts licences of its own key, and those alone", () => {
    expect(release.verifyToken(PRODUCTION, NOON)).toMatchObject({ status: "active", expires: "2026-12-31" });
    expect(release.verifyToken(DEVELOPMENT, NOON)).toMatchObject({
      status: "invalid",
      reason: expect.any(String),
    });
    expect(verifyToken(DEVELOPMENT, NOON).status).toBe("active");
    expect(verifyToken(PRODUCTION, NOON).status).toBe("invalid");
  });

  it("holds nothing of the development key", () => {
    const files = readdirSync(folder).map((file) => readFileSync(join(folder, file)));
    expect(files.length).toBeGreaterThanOrEqual(2);
    const bytes = PINNED_KEYS.map(({ publicKey }) => Buffer.from(publicKey, "base64"));
    expect(bytes).toHaveLength(1);
    for (const key of bytes) {
      const forms = [
        key,
        key.toString("base64"),
        key.toString("base64").slice(4, 20),
        key.toString("hex"),
        key.join(),
      ];
      for (const file of files) expect(forms.filter((form) => file.includes(form))).toEqual([]);
    }
    expect(files.some((file) => file.includes(production.pinned.publicKey))).toBe(true);
  });

  it("takes no key from variables, arguments or the request", async () => {
    const keys = JSON.stringify(PINNED_KEYS);
    const every = (name: string): string => (name === "BALDUR_LICENSE_KEY" ? DEVELOPMENT : keys);
    const request = {
      env: every,
      clock: createFakeClock(NOON),
      keys: PINNED_KEYS,
      publicKey: PINNED_KEYS[0],
    };
    const license = release.license as (...given: unknown[]) => ReturnType<Built["license"]>;
    expect(await license(PINNED_KEYS)(request)).toMatchObject({ status: "invalid" });
    const verify = release.verifyToken as (...given: unknown[]) => unknown;
    expect(verify(DEVELOPMENT, NOON, PINNED_KEYS)).toMatchObject({ status: "invalid" });
    expect(Object.keys(release).sort()).toEqual(["license", "licenseSettings", "verifyToken"]);
  });

  it("takes none from the environment of the process", () => {
    const check = `console.log(require(${JSON.stringify(join(folder, "index.cjs"))}).verifyToken(process.argv[1], ${NOON}).status)`;
    const names = ["RELEASE_KEYS", "LICENSE_KEYS", "LICENSE_PUBLIC_KEY", "PUBLIC_KEY", "PINNED_KEYS"];
    const env = Object.fromEntries(names.map((name) => [`BALDUR_${name}`, JSON.stringify(PINNED_KEYS)]));
    const { stdout } = spawnSync(process.execPath, ["--eval", check, DEVELOPMENT], { env, encoding: "utf8" });
    expect(stdout).toBe("invalid\n");
  });
});

describe("a release build fails on", () => {
  const { kid, publicKey } = production.pinned;

  it.each([
    ["what is no JSON", "[", "must be a JSON array of keys"],
    ["no key", [], "must be a JSON array of keys"],
    ["the development key", PINNED_KEYS, "key 0 is the development key"],
    ["a short key", [{ kid, publicKey: "AAAA" }], "key 0 must have a publicKey of 32 bytes in base64"],
    ["a day that is none", [{ kid, publicKey, notAfter: "2026-02-30" }], "key 0 must have a day as notAfter"],
    ["a key twice", [production.pinned, production.pinned], "has two keys with one kid"],
    ["a secret", [{ kid, publicKey, seed: "x" }], "key 0 must have no seed: only kid, publicKey, notAfter"],
  ])("%s", async (_, keys, message) => {
    const { releaseKeys } = await import(String(new URL("../release-keys.mjs", import.meta.url)));
    const development = readFileSync(join(root, "src/pinned-keys.ts"), "utf8");
    const json = typeof keys === "string" ? keys : JSON.stringify(keys);
    expect(() => releaseKeys(json, development)).toThrow(`BALDUR_RELEASE_KEYS ${message}`);
  });
});
