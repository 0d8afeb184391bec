import type { Command } from "commander";
import type { Act } from "./define.js";

/** What can do without a server. */
export function addLocal(program: Command, act: Act): void {
  program
    .command("license")
    .description("the licence")
    .command("status", { isDefault: true })
    .description(
      "what it is worth and which packages are inert, as the application says, or the packages of this folder where none answers",
    )
    .action(act(async () => (await import("../commands/license.js")).license));
  program
    .command("check-config")
    .description(
      "checks the settings that the environment makes, with the rules of the packages of this folder",
    )
    .option("--strict", "exits with 1 for settings that break their rules")
    .option("--inspect", "shows what is in force; secrets are masked")
    .option("--type <area>", "shows one area of settings")
    .action(act(async () => (await import("../commands/check-config.js")).checkConfig));
  program
    .command("migrate-env <file>")
    .description("gives variables of an env file the names that they have now; writes <file>.migrated")
    .option("--write", "writes the file itself")
    .option("--dry-run", "prints it, and writes nothing")
    .action(act(async () => (await import("../commands/migrate-env.js")).migrateEnv));
  program
    .command("init-ai")
    .description("writes rules for assistants that write code: AGENTS.md and CLAUDE.md")
    .option("--dir <folder>", "where; default this folder")
    .option("--force", "replaces rules that differ")
    .action(act(async () => (await import("../commands/init-ai.js")).initAi));
  program
    .command("scan [module]")
    .description(
      "imports a module, and probes the policies that it exports with dependencies that fail and hang",
    )
    .option("--strict", "exits with 1 for what can take the application down")
    .action(act(async () => (await import("../commands/scan.js")).scan));
}
