import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { chooseFolder, type FolderChoice } from "../../src/wal/folder.js";
import { Logs } from "./fixture.js";

let logs: Logs;
beforeEach(async () => {
  logs = await Logs.create();
});
afterEach(() => logs[Symbol.asyncDispose]());

const at = (name: string): string => join(logs.root, name);
const choose = (choice: Partial<FolderChoice> = {}) =>
  chooseFolder({
    named: undefined,
    stateFolder: () => at("state"),
    isProduction: false,
    allowMemoryOnly: false,
    variable: "BALDUR_X",
    telemetry: logs.hub,
    usual: at("usual"),
    ...choice,
  });
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const spoil = (path: string): void => writeFileSync(path, "");

describe("the folder of the log", () => {
  it("is the usual one, made for its owner only, and no word is lost about it", async () => {
    expect(await choose()).toBe(at("usual"));
    expect(mode(at("usual"))).toBe("700");
    expect(logs.telemetry.events).toEqual([]);
  });

  it("is the operator's own where one is named, and no other one", async () => {
    expect(await choose({ named: at("mine/deep") })).toBe(at("mine/deep"));
    expect([mode(at("mine")), mode(at("mine/deep"))]).toEqual(["700", "700"]);
    spoil(at("spoilt"));
    await expect(choose({ named: at("spoilt") })).rejects.toMatchObject({
      code: "ERR_BALDUR_CONFIGURATION",
      message: expect.stringMatching(/^BALDUR_X: .*spoilt/),
    });
  });

  it("is another one where the usual one cannot be used, with one warning that names the remedy", async () => {
    spoil(at("usual"));
    expect(await choose()).toBe(at("state/wal"));
    expect(logs.telemetry.events.map(({ name, level, payload }) => ({ name, level, payload }))).toEqual([
      {
        name: "wal.folder_fallback",
        level: "warning",
        payload: {
          folder: at("state/wal"),
          refused: expect.stringContaining(at("usual")),
          remedy: "set BALDUR_X",
        },
      },
    ]);
  });

  it("is not another one in production", async () => {
    spoil(at("usual"));
    await expect(choose({ isProduction: true })).rejects.toThrow(/BALDUR_X/);
    expect(await choose({ isProduction: true, named: at("mine") })).toBe(at("mine"));
    expect(await choose({ isProduction: true, allowMemoryOnly: true })).toBeUndefined();
  });

  it.each([
    ["a link", (path: string) => (mkdirSync(at("real"), { mode: 0o700 }), symlinkSync(at("real"), path))],
    ["open to others", (path: string) => (mkdirSync(path), chmodSync(path, 0o777))],
    ["a file", spoil],
  ])("is never %s", async (_, make) => {
    make(at("usual"));
    expect(await choose()).toBe(at("state/wal"));
    await expect(choose({ named: at("usual") })).rejects.toMatchObject({ code: "ERR_BALDUR_CONFIGURATION" });
  });

  it("is none at all only where that is allowed", async () => {
    spoil(at("usual"));
    const none = { isProduction: true, allowMemoryOnly: true };
    expect(await choose(none)).toBeUndefined();
    expect(logs.telemetry.named("wal.folder_fallback")[0]?.payload["folder"]).toBe("memory");
  });
});
