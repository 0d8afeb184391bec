// What needs no server: settings, env files and rules for assistants.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { cli, type Outcome } from "./fixture.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "baldur-cli-"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "shop", dependencies: { plug: "1" } }));
});
afterEach(() => rmSync(folder, { recursive: true }));

const ask = (argv: readonly string[], env: Record<string, string> = {}): Promise<Outcome> =>
  cli(argv, { cwd: folder, env });

/** A package that the application depends on. */
function install(name: string, plugin: string): void {
  const path = join(folder, "node_modules", name);
  mkdirSync(path, { recursive: true });
  writeFileSync(
    join(path, "package.json"),
    JSON.stringify({ name, type: "module", baldur: { plugin: "./plugin.js" } }),
  );
  writeFileSync(join(path, "plugin.js"), plugin);
}

const PLUG = `
const check = (value) => (value < 10 ? { value } : { rule: "less than 10" });
const field = { type: "integer", variable: "BALDUR_PLUG_SIZE", default: 1, help: "size", secret: false, check, parse: (text) => check(Number(text)) };
const secret = { ...field, type: "text", variable: "BALDUR_PLUG_KEY", default: undefined, secret: true, parse: (value) => ({ value }) };
export const plugin = {
  name: "plug",
  settings: [{ area: "plug", help: "plug", fields: { size: field, key: secret } }],
  register() {},
};`;

describe("check-config", () => {
  it("says that all is well", async () => {
    const { code, out, err } = await ask(["check-config", "--strict"], { BALDUR_RETRY_MAX_ATTEMPTS: "5" });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^\d{3} settings, valid\n$/);
  });

  it("collects what the application would refuse, of core and of what is installed, and what nobody reads", async () => {
    install("plug", PLUG);
    const env = {
      BALDUR_RETRY_MAX_ATTEMPTS: "0",
      BALDUR_ENVIRONMENT: "prod",
      BALDUR_PLUG_SIZE: "10",
      BALDUR_PLUG_SISE: "1",
      BALDUR_ADMIN_URL: "http://127.0.0.1:9090",
      BALDUR_ADMIN_PORT: "no port", // of a package that is not installed here, and of this program
      BALDUR_ADMIN_KEY: "s3cret",
      BALDUR_RECOVERY_SHUTDOWN_DEFAULT_DRAIN_TIMEOUT_SECONDS: "300",
      BALDUR_RECOVERY_SHUTDOWN_MAX_SHUTDOWN_WAIT_SECONDS: "60",
    };
    const { code, out } = await ask(["check-config", "--json", "--strict"], env);
    expect(code).toBe(1);
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({
      status: "invalid",
      fatal_violations: {
        retry: { maxAttempts: 'BALDUR_RETRY_MAX_ATTEMPTS must be an integer from 1 to 20; received "0"' },
        plug: { size: 'BALDUR_PLUG_SIZE must be less than 10; received "10"' },
        runtime: { environment: expect.stringContaining('must be "production"') },
        shutdown: {},
      },
      warning_count: 1,
      non_fatal_warnings: [expect.stringMatching(/^BALDUR_PLUG_SISE .*; did you mean BALDUR_PLUG_SIZE\?$/)],
    });
    expect(answer.fatal_violation_count).toBe(4);
    expect((await ask(["check-config"], env)).code).toBe(0);
  });

  it("says what production would refuse to start without", async () => {
    const env = { BALDUR_ENVIRONMENT: "production", BALDUR_SYSTEM_CONTROL_BACKEND: "memory" };
    const bare = await ask(["check-config", "--json", "--strict"], env);
    expect(bare.code).toBe(1);
    const { fatal_violations } = JSON.parse(bare.out);
    expect(JSON.stringify(fatal_violations)).toMatch(
      /is production, and idempotency would forget .*; the kill switch/,
    );
    const without = await ask(["check-config", "--strict"], { BALDUR_REDIS_URL: "redis://127.0.0.1:1" });
    expect(without.code).toBe(1);
    expect(without.out).toContain("BALDUR_REDIS_URL is set; install @baldur/redis");
    install("plug", `export const plugin = { name: "@baldur/redis", register() {} };`);
    const redis = { BALDUR_ENVIRONMENT: "production", BALDUR_REDIS_URL: "redis://127.0.0.1:1" };
    await expect(ask(["check-config", "--strict"], redis)).resolves.toMatchObject({ code: 0 });
  });

  it("shows what is in force, and no secret", async () => {
    install("plug", PLUG);
    const env = { BALDUR_PLUG_KEY: "s3cret", BALDUR_PLUG_SIZE: "7" };
    const { out } = await ask(["check-config", "--type", "plug"], env);
    expect(out).toMatch(/^BALDUR_PLUG_SIZE +7 +environment +1$/m);
    expect(out).toMatch(/^BALDUR_PLUG_KEY +\*\*\* +environment +-$/m);
    const { out: json } = await ask(["check-config", "--inspect", "--json"], env);
    expect(json).not.toContain("s3cret");
    expect(JSON.parse(json).config.length).toBeGreaterThan(100);
    await expect(ask(["check-config", "--type", "nope"])).resolves.toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /^error: there is no area of settings nope\nthere are .*circuitBreaker, .*plug, /,
      ),
    });
  });

  it("names a plugin that cannot be loaded", async () => {
    install("plug", "throw new Error('broken')");
    expect((await ask(["check-config"])).out).toContain("plug cannot be loaded: broken");
  });

  it("checks what it can where the application cannot be read", async () => {
    writeFileSync(join(folder, "package.json"), "{");
    const { code, out } = await ask(["check-config"]);
    expect(code).toBe(0);
    expect(out).toContain("application cannot be loaded");
    expect(out).toMatch(/^\d{3} settings, valid$/m);
  });
});

describe("migrate-env", () => {
  const OLD = [
    "# BALDUR_META_A=1",
    " BALDUR_META_B=1",
    "export BALDUR_META_C=1",
    "BALDUR_META_D=BALDUR_META_E",
    "BALDUR_META_WATCHDOG_F=1",
    "BALDUR_CB_LOG_LEVEL=debug",
    "BALDUR_RUNTIME_CONFIG_WATCH_INTERVAL_SECONDS=30",
    "BALDUR_RUNTIME_X=1",
    "BALDUR_REPLAY_RATE_PER_SECOND=5",
    "BALDUR_LICENSE_KEY=x",
    "OTHER_META_A=1",
  ];
  const NEW = OLD.map((line) =>
    line
      .replace(/^BALDUR_META_D=/, "BALDUR_META_WATCHDOG_D=")
      .replace(/^BALDUR_CB_LOG/, "BALDUR_EVENT_LOGGING_CB_LOG")
      .replace(/^BALDUR_RUNTIME_X/, "BALDUR_RUNTIME_FEEDBACK_X"),
  );
  const path = (): string => join(folder, ".env");
  const text = (): string => readFileSync(path(), "utf8");

  it("writes beside the file, and over it when it is told to, with its mode and its ends of lines", async () => {
    writeFileSync(path(), OLD.join("\r\n"), { mode: 0o600 });
    await expect(ask(["migrate-env", ".env"])).resolves.toMatchObject({
      code: 0,
      out: ".env.migrated: 3 renamed\n",
    });
    expect(text()).toBe(OLD.join("\r\n"));
    expect(readFileSync(`${path()}.migrated`, "utf8")).toBe(NEW.join("\r\n"));
    await expect(ask(["migrate-env", ".env", "--write"])).resolves.toMatchObject({
      out: ".env: 3 renamed\n",
    });
    expect(text()).toBe(NEW.join("\r\n"));
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    await expect(ask(["migrate-env", ".env", "--write"])).resolves.toMatchObject({
      code: 0,
      out: ".env: no renames applied\n",
    });
  });

  it("only shows it, when it is told to", async () => {
    writeFileSync(path(), OLD.join("\n"));
    const { code, out, err } = await ask(["migrate-env", ".env", "--dry-run"]);
    expect({ code, out, err }).toEqual({ code: 0, out: NEW.join("\n"), err: "3 renamed\n" });
    expect(text()).toBe(OLD.join("\n"));
    expect(existsSync(`${path()}.migrated`)).toBe(false);
  });

  it("writes what a link leads to, and no file that it cannot read as text", async () => {
    writeFileSync(join(folder, "shared.env"), "BALDUR_META_A=1\n");
    symlinkSync("shared.env", path());
    expect((await ask(["migrate-env", ".env", "--write"])).code).toBe(0);
    expect(readFileSync(join(folder, "shared.env"), "utf8")).toBe("BALDUR_META_WATCHDOG_A=1\n");
    expect(lstatSync(path()).isSymbolicLink()).toBe(true);
    const latin = Buffer.from("# caf\xe9\nBALDUR_META_A=1\n", "latin1");
    writeFileSync(path(), latin);
    const refused = await ask(["migrate-env", ".env", "--write"]);
    expect(refused).toMatchObject({ code: 1, out: "", err: expect.stringContaining("cannot read") });
    expect(readFileSync(path())).toEqual(latin);
  });

  it("says that there is no such file", async () => {
    await expect(ask(["migrate-env", "none"])).resolves.toEqual({
      code: 1,
      out: "",
      err: "error: there is no file none\n",
    });
  });
});

describe("init-ai", () => {
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");

  it("writes the rules once, and again nothing", async () => {
    await expect(ask(["init-ai"])).resolves.toMatchObject({
      code: 0,
      out: "AGENTS.md: written\nCLAUDE.md: written\n",
    });
    const rules = read("AGENTS.md");
    expect(rules).toMatch(/^<!-- baldur:start -->\n## Baldur\n[\s\S]+<!-- baldur:end -->\n$/);
    expect(read("CLAUDE.md")).toBe("<!-- baldur:start -->\n@AGENTS.md\n<!-- baldur:end -->\n");
    await expect(ask(["init-ai"])).resolves.toMatchObject({
      out: "AGENTS.md: unchanged\nCLAUDE.md: unchanged\n",
    });
    expect(read("AGENTS.md")).toBe(rules);
  });

  it("leaves what stands around as it is, and what differs between the marks too, unless it is told to", async () => {
    const around = [
      "# Ours\r\n\u00e9 no end of line\r\n<!-- baldur:start -->",
      "<!-- baldur:end -->\n\ttail",
    ] as const;
    const before = around.join("\nown rules\n");
    writeFileSync(join(folder, "AGENTS.md"), before);
    const refused = await ask(["init-ai"]);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("--force replaces them") });
    expect(read("AGENTS.md")).toBe(before);
    expect(existsSync(join(folder, "CLAUDE.md"))).toBe(false);
    expect((await ask(["init-ai", "--force"])).code).toBe(0);
    expect(read("AGENTS.md").startsWith(around[0])).toBe(true);
    expect(read("AGENTS.md").endsWith(around[1])).toBe(true);
    expect(read("AGENTS.md")).toContain("There is one way to protect a call");
  });

  it("writes the rules alone where one file is a link to the other", async () => {
    symlinkSync("AGENTS.md", join(folder, "CLAUDE.md"));
    expect((await ask(["init-ai"])).out).toBe("AGENTS.md: written\n"); // which led nowhere
    writeFileSync(join(folder, "AGENTS.md"), "# Ours\n");
    await expect(ask(["init-ai"])).resolves.toMatchObject({ code: 0, out: "AGENTS.md: written\n" });
    expect(lstatSync(join(folder, "CLAUDE.md")).isSymbolicLink()).toBe(true);
    expect(read("CLAUDE.md")).toMatch(/^# Ours\n\n<!-- baldur:start -->\n## Baldur\n/);
    await expect(ask(["init-ai"])).resolves.toMatchObject({ code: 0, out: "AGENTS.md: unchanged\n" });
  });

  it("says that there is no such folder", async () => {
    await expect(ask(["init-ai", "--dir", "nowhere"])).resolves.toMatchObject({
      code: 1,
      err: `error: there is no folder ${join(folder, "nowhere")}\n`,
    });
  });

  it("adds to a file that knows nothing of it, in the folder that is named", async () => {
    mkdirSync(join(folder, "app"));
    writeFileSync(join(folder, "app", "AGENTS.md"), "# Ours");
    expect((await ask(["init-ai", "--dir", "app"])).code).toBe(0);
    expect(read("app/AGENTS.md")).toMatch(/^# Ours\n\n<!-- baldur:start -->/);
    writeFileSync(join(folder, "app", "AGENTS.md"), "<!-- baldur:start -->");
    expect((await ask(["init-ai", "--dir", "app", "--force"])).code).toBe(1);
  });
});
