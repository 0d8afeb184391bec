// The program itself: through pipes, in a terminal, and cut off.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Service } from "./fixture.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const MOST_CIRCUITS = 400;

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

let service: Service;

beforeAll(async () => {
  service = await Service.start({ unlock: true });
  for (let n = 0; n < MOST_CIRCUITS; n++) service.baldur.circuit(`circuit-${n}`);
});
afterAll(() => service[Symbol.asyncDispose]());

function start(command: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const { PATH = "", HOME = "" } = process.env;
  return spawn(command, args, { env: { PATH, HOME, TERM: "xterm", BALDUR_ADMIN_URL: service.url, ...env } });
}

async function ended(child: ChildProcess): Promise<Ended> {
  let [out, err] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => void (out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => void (err += text));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { code, signal, out, err };
}

const baldur = (args: readonly string[], env?: Record<string, string>): Promise<Ended> =>
  ended(start(process.execPath, [MAIN, ...args], env));
const shell = (line: string, env: Record<string, string> = {}): Promise<Ended> =>
  ended(start("bash", ["-c", line], { BALDUR: `${process.execPath} ${MAIN}`, ...env }));
/** In a pseudo-terminal. */
const terminal = (line: string, env?: Record<string, string>): Promise<Ended> =>
  ended(start("script", ["-qec", `${process.execPath} ${MAIN} ${line}`, "/dev/null"], env));

describe("the program", () => {
  it("writes all of a long answer into a pipe, without colours", async () => {
    const { code, out, err } = await baldur(["cb", "list", "--json"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(JSON.parse(out)).toMatchObject({ circuits: { length: MOST_CIRCUITS } });
    const table = await shell("$BALDUR cb list | cat");
    expect(table.out.trimEnd().split("\n")).toHaveLength(MOST_CIRCUITS + 1);
    expect(table.out).not.toContain("\u001b");
  });

  it("ends in silence when nobody reads on", async () => {
    const line = "set -o pipefail; $BALDUR cb list | head -n 1; echo $" + "{PIPESTATUS[0]}";
    await expect(shell(line)).resolves.toMatchObject({
      out: expect.stringMatching(/^CIRCUIT .*\n0\n$/),
      err: "",
    });
  });

  it("fails where its answer cannot be written", async () => {
    expect((await shell("$BALDUR cb list > /dev/full")).code).toBe(1);
  });

  it("exits as it says", async () => {
    expect((await baldur(["cb", "show", "nobody"])).code).toBe(2);
    expect((await baldur(["nope"])).code).toBe(1);
    const nothing = await baldur(["health"], { BALDUR_ADMIN_URL: "http://127.0.0.1:9" });
    expect(nothing).toMatchObject({ code: 1, out: "" });
    expect(nothing.err).not.toMatch(/\n {4}at /);
  });

  it("is coloured in a terminal, unless it is told not to be", async () => {
    const { code, out } = await terminal("cb list");
    expect(code).toBe(0);
    expect(out).toContain("\u001b[32mclosed\u001b[39m");
    expect((await terminal("cb list", { NO_COLOR: "1" })).out).not.toContain("\u001b");
    expect((await terminal("cb show nobody")).code).toBe(2);
  });

  it("is interrupted in silence", async () => {
    const server = createServer(() => undefined).listen(0, "127.0.0.1");
    try {
      await once(server, "listening");
      const { port } = server.address() as { port: number };
      const asked = once(server, "request");
      const child = start(process.execPath, [MAIN, "cb", "list", "--url", `http://127.0.0.1:${port}`]);
      const end = ended(child);
      await asked;
      child.kill("SIGINT");
      await expect(end).resolves.toEqual({ code: null, signal: "SIGINT", out: "", err: "" });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe("a module that is scanned", () => {
  const POLICIES = `export * from ${JSON.stringify(new URL("./policies.mjs", import.meta.url).href)};\n`;
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "baldur-cli-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const scan = (text: string): Promise<Ended> => {
    const file = join(folder, "app.mjs");
    writeFileSync(file, text);
    return baldur(["scan", file, "--json"]);
  };

  it("may print what it likes, and leave open what it likes", async () => {
    const noise = "console.log('listening'); process.stdout.write('x\\n'); setInterval(() => {}, 1000);\n";
    const { code, out, err } = await scan(`${noise}${POLICIES}`);
    expect({ code, err }).toEqual({ code: 0, err: "listening\nx\n" });
    expect(JSON.parse(out)).toMatchObject({ policies: { length: 7 } });
  });

  it.each([
    ["ends the program", "process.exit(0)", "what was loaded has ended this program, or never ends"],
    [
      "fails by itself",
      "setTimeout(() => { throw new Error('late'); }, 0); await new Promise(() => {});",
      "failed: late",
    ],
    [
      "rejects what nobody awaits",
      "Promise.reject(new Error('lost')); await new Promise(() => {});",
      "failed: lost",
    ],
  ])("and %s is no success", async (_, text, said) => {
    const { code, out, err } = await scan(text);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(said);
    expect(err).not.toMatch(/\n {4}at /);
  });

  it("is a plugin that never ends, and no success either", async () => {
    const path = join(folder, "node_modules", "plug");
    mkdirSync(path, { recursive: true });
    const manifest = { name: "plug", type: "module", baldur: { plugin: "./plugin.js" } };
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({ name: "shop", dependencies: { plug: "1" } }),
    );
    writeFileSync(join(path, "package.json"), JSON.stringify(manifest));
    writeFileSync(join(path, "plugin.js"), "await new Promise(() => {});");
    const { code, err } = await shell(`cd ${folder} && $BALDUR check-config`);
    expect(code).toBe(1);
    expect(err).toContain("never ends");
  });
});
