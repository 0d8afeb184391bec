import { type Command, Option } from "commander";
import { type Act, whole } from "./define.js";

const REASON = ["-r, --reason <reason>", "why, for the journal"] as const;
const LARGEST_PAGE = 100;
const LARGEST_BATCH = 200;

const load = () => import("../commands/dlq.js");

/** The dead-letter queue. */
export function addDlq(program: Command, act: Act): void {
  const dlq = program.command("dlq").description("calls that finally failed, and were kept");
  addReading(dlq, act);
  addActions(dlq, act);
  addCleanup(dlq, act);
}

function addReading(dlq: Command, act: Act): void {
  dlq
    .command("list")
    .description("entries, the newest first")
    .option("--status <status>", "only these")
    .addOption(new Option("--pending", "the same as --status pending").conflicts("status"))
    .option("--domain <domain>", "only these")
    .option("--name <name>", "only those of a protected name")
    .option("--failure-type <type>", "only these")
    .option("--page <number>", "which page", whole(1))
    .option("--page-size <entries>", "entries of a page; default 20", whole(1, LARGEST_PAGE))
    .option("--after <mark>", "goes on where the page before ended")
    .action(act(async () => (await load()).list));
  dlq
    .command("show <id>")
    .description("one entry, with its attempts")
    .action(act(async () => (await load()).show));
  dlq
    .command("facets")
    .description("how many entries there are, by what")
    .option("--status <status>", "only these")
    .option("--domain <domain>", "only these")
    .action(act(async () => (await load()).facets));
  dlq
    .command("stats")
    .description("how many there are, and whether they are replayed")
    .action(act(async () => (await load()).stats));
}

function addActions(dlq: Command, act: Act): void {
  dlq
    .command("replay")
    .description("runs a batch of entries again; exits with 1 where one failed, or the batch ended early")
    .option("--domain <domain>", "only these")
    .option("--name <name>", "only those of a protected name")
    .option("--batch-size <entries>", "entries at most; default 50", whole(1, LARGEST_BATCH))
    .option(...REASON)
    .action(act(async () => (await load()).replay));
  dlq
    .command("retry <id>")
    .description("runs an entry again; exits with 1 unless its work was done")
    .option(...REASON)
    .action(act(async () => (await load()).rerun("retry")));
  for (const [name, description] of [
    ["resolve", "its work was done another way"],
    ["reject", "its work is not to be done"],
  ] as const) {
    dlq
      .command(`${name} <id>`)
      .description(description)
      .option("--note <note>", "kept with the entry")
      .option(...REASON)
      .action(act(async () => (await load()).end(name)));
  }
  dlq
    .command("redrive <id>")
    .description("runs an entry beyond its budget; exits with 1 unless its work was done")
    .requiredOption(...REASON)
    .option("--ticket <url>", "kept with the entry")
    .action(act(async () => (await load()).rerun("force-redrive")));
}

function addCleanup(dlq: Command, act: Act): void {
  dlq
    .command("archive")
    .description("puts away what was resolved")
    .option("--older-than-days <days>", "default 30", whole(1))
    .option(...REASON)
    .action(act(async () => (await load()).archive));
  dlq
    .command("purge")
    .description("removes archived entries for good")
    .option("--ids <ids>", "these, with commas between them")
    .option("--older-than-days <days>", "those that were archived for so long", whole(0))
    .option("--confirm", "that it is meant")
    .option(...REASON)
    .action(act(async () => (await load()).purge));
}
