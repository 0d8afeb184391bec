import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EntitlementRequest } from "@baldur/core/plugin";
import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { license } from "../src/license.js";
import { FOREIGN, FOREIGN_ORGANISATION } from "./golden.js";
import { NOON } from "./tokens.js";

const DAY = 86_400_000;
const ACTIVE = expect.objectContaining({ status: "active", organisation: FOREIGN_ORGANISATION });

let folder: string;
let clock: FakeClock;
let variables: Record<string, string | undefined>;
let request: EntitlementRequest;

const check = (more: Partial<EntitlementRequest> = {}) => license()({ ...request, ...more });
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "baldur-licence-"));
  clock = createFakeClock(NOON);
  variables = {};
  request = { env: (name) => variables[name], clock };
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("the entitlement", () => {
  it("is one function for all packages, so that it is asked once", () => {
    expect(license()).toBe(license());
  });

  it("is the licence of the variable", async () => {
    variables = { BALDUR_LICENSE_KEY: FOREIGN };
    expect(await check()).toEqual(ACTIVE);
  });

  it.each([
    ["a file", FOREIGN],
    ["a file of many lines, in blanks", `\n\n${FOREIGN.replace(/.{60}/g, "$&\n")}\n \n`],
    ["a file with a byte order mark", `\uFEFF${FOREIGN}`],
    ["a file of JSON", Buffer.from(FOREIGN, "base64")],
  ])("is the licence of %s", async (_, content) => {
    variables = { BALDUR_LICENSE_FILE: ` ${file("licence", content)}\n` };
    expect(await check()).toEqual(ACTIVE);
  });

  it("is that of the variable when both are set, even if only the file's is good", async () => {
    variables = { BALDUR_LICENSE_KEY: "garbage", BALDUR_LICENSE_FILE: file("licence", FOREIGN) };
    expect(await check()).toMatchObject({ status: "invalid" });
    variables = { BALDUR_LICENSE_KEY: FOREIGN, BALDUR_LICENSE_FILE: join(folder, "none") };
    expect(await check({ force: true })).toEqual(ACTIVE);
    variables = { BALDUR_LICENSE_KEY: " ", BALDUR_LICENSE_FILE: file("licence", FOREIGN) };
    expect(await check({ force: true })).toEqual(ACTIVE);
  });

  it("cannot be changed by who receives it", async () => {
    variables = { BALDUR_LICENSE_KEY: "garbage" };
    expect(Object.isFrozen(await check())).toBe(true);
  });
});

describe("a licence is missing", () => {
  it("when nothing is set", async () => {
    expect(await check()).toEqual({
      status: "missing",
      reason: "no licence is set: neither BALDUR_LICENSE_KEY nor BALDUR_LICENSE_FILE",
    });
  });

  it.each([
    ["does not exist", () => join(folder, "none"), "it does not exist"],
    ["is below a file", () => join(file("a", "x"), "b"), "it does not exist"],
    ["is a folder", () => folder, "it is a folder"],
    [
      "is not UTF-8",
      () => file("utf16", Buffer.from(FOREIGN, "utf16le").fill(0xff, 0, 2)),
      "it is not UTF-8",
    ],
    ["has a long name", () => join(folder, "x".repeat(300)), "its name is too long"],
    ["has no end", () => "/dev/zero", "it is larger than 256 KiB"],
  ])("when its file %s", async (_, path, problem) => {
    variables = { BALDUR_LICENSE_FILE: path() };
    const reason = `cannot read the licence file ${variables["BALDUR_LICENSE_FILE"]}: ${problem}`;
    expect(await check()).toEqual({ status: "missing", reason });
  });

  it("when its file is empty", async () => {
    variables = { BALDUR_LICENSE_FILE: file("empty", " \n\n") };
    expect((await check()).reason).toBe(`the licence file ${variables["BALDUR_LICENSE_FILE"]} is empty`);
  });

  it.each([FOREIGN, Buffer.from(FOREIGN, "base64").toString("utf8")])(
    "when it stands in the place of its file, and is not shown then",
    async (token) => {
      variables = { BALDUR_LICENSE_FILE: token };
      expect(await check()).toEqual({
        status: "missing",
        reason: "BALDUR_LICENSE_FILE must name a file; a licence itself belongs in BALDUR_LICENSE_KEY",
      });
    },
  );

  it("but invalid when its file is too long to be one", async () => {
    variables = { BALDUR_LICENSE_FILE: file("long", "x".repeat(100_000)) };
    expect(await check()).toEqual({ status: "invalid", reason: "the licence is longer than 64 KiB" });
  });
});

describe("a verdict", () => {
  beforeEach(async () => {
    variables = { BALDUR_LICENSE_KEY: FOREIGN };
    await check();
    variables = {};
  });

  it("is remembered for 24 hours", async () => {
    await clock.advance(DAY - 1);
    expect(await check()).toEqual(ACTIVE);
    await clock.advance(1);
    expect(await check()).toMatchObject({ status: "missing" });
  });

  it("is remembered whatever the wall clock is set to", async () => {
    clock.set(Date.UTC(2040, 0));
    expect(await check()).toEqual(ACTIVE);
    clock.set(0);
    await clock.advance(DAY);
    expect(await check()).toMatchObject({ status: "missing" });
  });

  it("is asked for anew by force, and remembered from then on", async () => {
    expect(await check({ force: true })).toMatchObject({ status: "missing" });
    variables = { BALDUR_LICENSE_KEY: FOREIGN };
    expect(await check()).toMatchObject({ status: "missing" });
    expect(await check({ force: true })).toEqual(ACTIVE);
  });

  it("by force follows the content of a file", async () => {
    variables = { BALDUR_LICENSE_FILE: file("licence", "garbage") };
    expect(await check({ force: true })).toMatchObject({ status: "invalid" });
    file("licence", FOREIGN);
    expect(await check({ force: true })).toEqual(ACTIVE);
  });

  it("says nothing about another environment, or another clock", async () => {
    expect(await check({ env: () => undefined })).toMatchObject({ status: "missing" });
    expect(await check({ clock: createFakeClock(NOON) })).toMatchObject({ status: "missing" });
  });
});
