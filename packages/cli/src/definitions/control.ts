import { Argument, type Command, Option } from "commander";
import { type Act, whole } from "./define.js";

const REASON = ["-r, --reason <reason>", "why, for the journal"] as const;
const STATES = ["closed", "open", "half_open", "forced_open", "forced_closed", "disabled"];
const DAY_OF_MINUTES = 1440;
const YEAR_OF_DAYS = 365;

/** How things are, and what may be done to them by hand. */
export function addControl(program: Command, act: Act): void {
  addHealth(program, act);
  addCircuits(program, act);
  addSystem(program, act);
  addOperations(program, act);
}

function addHealth(program: Command, act: Act): void {
  const kinds = ["full", "ready", "pool", "live"];
  program
    .command("health")
    .description("how the process is; exits with 1 for what is unhealthy or not ready")
    .addArgument(new Argument("[what]", "which part").choices(kinds).default("full"))
    .option("--fresh", "look now, not at what was found lately")
    .action(act(async () => (await import("../commands/health.js")).health));
  program
    .command("posture")
    .description("what is active, inert or degraded, and why")
    .action(act(async () => (await import("../commands/posture.js")).posture));
}

function addCircuits(program: Command, act: Act): void {
  const circuits = program.command("cb").description("circuit breakers");
  const load = () => import("../commands/circuits.js");
  const environment = new Option("-e, --environment <name>", "which circuits").choices(["ops"]);
  circuits
    .command("list")
    .description("every circuit, the longest open first")
    .addOption(new Option("--state <state>", "only these").choices(STATES))
    .addOption(environment)
    .action(act(async () => (await load()).list));
  circuits
    .command("show <circuit>")
    .description("one circuit")
    .action(act(async () => (await load()).show));
  const byHand = (name: string, description: string): Command =>
    circuits
      .command(`${name} <circuit>`)
      .description(description)
      .option(...REASON)
      .addOption(environment);
  const ttl = ["--ttl <minutes>", "until it ends by itself; default 90", whole(1, DAY_OF_MINUTES)] as const;
  byHand("force-open", "refuses every call")
    .option(...ttl)
    .action(act(async () => (await load()).change("block")));
  byHand("force-close", "lets every call pass")
    .option(...ttl)
    .action(act(async () => (await load()).change("allow")));
  byHand("auto", "lifts what was done by hand").action(act(async () => (await load()).change("auto")));
  byHand("reset", "closes it, forgets what it counted, and leaves it to itself").action(
    act(async () => (await load()).change("reset")),
  );
}

function addSystem(program: Command, act: Act): void {
  const system = program.command("system").description("the kill switch and the dry run");
  const load = () => import("../commands/system.js");
  system
    .command("status", { isDefault: true })
    .description("whether they are on")
    .action(act(async () => (await load()).status));
  system
    .command("enable")
    .description("switches Baldur on again")
    .option(...REASON)
    .action(act(async () => (await load()).change("enable")));
  system
    .command("disable")
    .description("switches all but idempotency and deadlines off")
    .requiredOption(...REASON)
    .action(act(async () => (await load()).change("disable")));
  const dryRun = system.command("dry-run").description("decides and reports, and applies nothing");
  dryRun
    .command("on")
    .description("begins it")
    .option(...REASON)
    .action(act(async () => (await load()).change("dry-run/enable")));
  dryRun
    .command("off")
    .description("applies decisions again")
    .option(...REASON)
    .option("--confirm", "that it is meant")
    .action(act(async () => (await load()).leaveDryRun));
}

function addOperations(program: Command, act: Act): void {
  program
    .command("report")
    .description("what happened today, on a day, or on each of the last days")
    .addOption(new Option("--date <date>", "a day, as 2026-01-31, or today").conflicts("days"))
    .option("--days <days>", "each of so many days, in short", whole(1, YEAR_OF_DAYS))
    .action(act(async () => (await import("../commands/report.js")).report));
  program
    .command("scheduler")
    .description("what runs by itself, and when it last did")
    .command("list", { isDefault: true })
    .description("every job")
    .action(act(async () => (await import("../commands/scheduler.js")).jobs));
}
