// The built package, in processes of their own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { until } from "./fixture.js";

jest.setTimeout(60_000);

const built = (file: string): string =>
  JSON.stringify(fileURLToPath(new URL(`../../${file}`, import.meta.url)));

const HEAD = `
const say = (line) => process.stdout.write(JSON.stringify(line) + "\\n");
const logger = Object.fromEntries(["debug", "info", "warn", "error"].map((level) => [level, (line) => say({ level, ...line })]));
const settings = { control: { backend: "memory" }, logging: { level: "info" } };
const options = { discover: false, logger, settings };
`;
const ESM = `const { init, createBaldur } = await import(${built("core/dist/index.js")});
const { admin } = await import(${built("admin/dist/index.js")});`;
const CJS = `const { init, createBaldur } = require(${built("core/dist/index.cjs")});
const { admin } = require(${built("admin/dist/index.cjs")});`;

interface Line {
  readonly event?: string;
  readonly port?: number;
  readonly [fact: string]: unknown;
}

/** A process that runs a script. */
class Script {
  readonly lines: Line[] = [];
  readonly child: ChildProcess;
  errors = "";
  readonly #folder = mkdtempSync(join(tmpdir(), "baldur-admin-"));

  constructor(
    script: string,
    { extension = "mjs", env = {} }: { extension?: string; env?: Record<string, string> } = {},
  ) {
    const file = join(this.#folder, `script.${extension}`);
    writeFileSync(file, `${HEAD}${script}`);
    this.child = spawn(process.execPath, [file], {
      env: { PATH: process.env["PATH"], HOME: this.#folder, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let rest = "";
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      this.lines.push(...parts.map((line) => JSON.parse(line) as Line));
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => void (this.errors += text));
  }

  named(event: string): Line[] {
    return this.lines.filter((line) => line.event === event);
  }

  async ended(): Promise<number | null> {
    if (this.child.exitCode === null) await once(this.child, "exit");
    return this.child.exitCode;
  }

  async stop(): Promise<void> {
    const closed = once(this.child, "close"); // with the pipes that its own children have too
    if (this.child.exitCode === null && this.child.kill("SIGKILL")) await closed;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const scripts: Script[] = [];
function run(...given: ConstructorParameters<typeof Script>): Script {
  const script = new Script(...given);
  scripts.push(script);
  return script;
}
afterEach(async () => {
  await Promise.all(scripts.splice(0).map((script) => script.stop()));
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

const STAY = "setInterval(() => undefined, 1000);";

describe("two processes of one host", () => {
  it("both start: the second says that the port is taken, and goes on", async () => {
    const port = await freePort();
    const script = `${ESM}
      const baldur = await init({ ...options, plugins: [admin({ port: ${port} })] });
      say({ ready: await baldur.protect("x", () => 5) });
      ${STAY}`;
    const first = run(script);
    await until("ready", () => first.lines.some(({ ready }) => ready === 5));
    const second = run(script);
    await until("ready", () => second.lines.some(({ ready }) => ready === 5));
    expect(first.named("admin.server_started")).toMatchObject([{ port }]);
    expect(second.named("admin.server_start_failed")).toMatchObject([
      { level: "warning", port, error: "EADDRINUSE" },
    ]);
    expect((await fetch(`http://127.0.0.1:${port}/liveness`)).status).toBe(200);
    expect([first.errors, second.errors]).toEqual(["", ""]);
  });
});

describe("workers of a cluster", () => {
  it("do not share the port, for each is a runtime of its own", async () => {
    const port = await freePort();
    const script = `import cluster from "node:cluster";
      ${ESM}
      if (cluster.isPrimary) {
        for (const id of [1, 2]) cluster.fork({ ID: String(id) }).on("message", say);
        ${STAY}
      } else {
        const logger = Object.fromEntries(["debug", "info", "warn", "error"].map((level) => [level, (line) => process.send(line)]));
        await init({ ...options, logger, plugins: [admin({ port: ${port} })] });
        process.send({ event: "ready" });
      }`;
    const primary = run(script);
    await until("ready", () => primary.named("ready").length === 2);
    expect(primary.named("admin.server_started")).toHaveLength(1);
    expect(primary.named("admin.server_start_failed")).toHaveLength(1);
  });
});

describe("a worker thread", () => {
  it("starts no server", async () => {
    const script = `import { Worker, isMainThread } from "node:worker_threads";
      ${ESM}
      if (isMainThread) new Worker(new URL(import.meta.url), { stdout: false });
      else {
        await init({ ...options, plugins: [admin({ port: 0 })] });
        say({ event: "ready" });
      }`;
    const main = run(script);
    expect(await main.ended()).toBe(0);
    await until("ready", () => main.named("ready").length > 0);
    expect(main.named("admin.server_started")).toEqual([]);
  });
});

describe("a script", () => {
  it.each([
    ["ESM", ESM, "mjs"],
    ["CommonJS", CJS, "cjs"],
  ])(
    "of %s ends by itself with the server running, and with somebody connected",
    async (_, load, extension) => {
      const script = `const work = async () => {
        ${load}
        await init({ ...options, plugins: [admin({ port: 0 })] });
        const { port } = listening;
        const answer = await fetch("http://127.0.0.1:" + port + "/liveness");
        say({ answer: await answer.json() });
      };
      let listening;
      logger.info = (line) => {
        say(line);
        if (line.event === "admin.server_started") listening = line;
      };
      work();`;
      const own = run(script, { extension });
      expect(await own.ended()).toBe(0);
      expect(own.errors).toBe("");
      expect(own.lines.find(({ answer }) => answer)).toEqual({ answer: { status: "alive" } });
    },
  );

  it("goes on for a server that it started by hand", async () => {
    const script = `${ESM}
      const { startAdminServer } = await import(${built("admin/dist/index.js")});
      const baldur = await createBaldur(options).start();
      const { url } = await startAdminServer({ baldur, port: 0 });
      say({ url });`;
    const own = run(script);
    await until("started", () => own.lines.some(({ url }) => url));
    const { url } = own.lines.find((line) => line["url"]) as { url?: string };
    expect((await fetch(`${url}/liveness`)).status).toBe(200);
    expect(own.child.exitCode).toBeNull();
  });
});
