import type { Journal, JournalQuery } from "@baldur/core";
import type { AdminField, AdminFields } from "@baldur/core/plugin";
import { isTime } from "../request/dates.js";
import { invalidField } from "../response/problem.js";
import { type Host, numberOf, type Route } from "./route.js";

const DAY = 86_400_000;
const LARGEST_PAGE = 500;
/** Each is found by reading all those before it. */
const MOST_PAGES = 100;
/** What people did. */
const ACTIONS: readonly string[] = [
  "admin.action",
  "operator.note",
  "system_control.kill_switch_activated",
  "system_control.kill_switch_deactivated",
  "system_control.dry_run_enabled",
  "system_control.dry_run_disabled",
];

const TEXT: AdminField = { type: "string", minLength: 1, maxLength: 200 };
const TIME: AdminField = { type: "string", maxLength: 40, description: "a date, ISO 8601" };
const LEVELS = ["debug", "info", "warning", "error", "critical"] as const;

const JOURNAL: AdminFields = {
  limit: { type: "integer", minimum: 1, maximum: LARGEST_PAGE, description: "default 50" },
  before: { ...TEXT, description: "`next` of the page before" },
  after: { ...TEXT, description: "only what is newer than the entry of this id" },
  names: { type: "string", maxLength: 2000, description: "names of events, separated by commas" },
  level: { type: "string", enum: LEVELS, description: "this one and those above" },
  text: { ...TEXT, description: "what an entry says somewhere" },
  since: TIME,
  until: { ...TIME, description: "exclusive" },
};

const AUDIT: AdminFields = {
  page: {
    type: "integer",
    minimum: 1,
    maximum: MOST_PAGES,
    description: "what is further back is at /journal",
  },
  page_size: { type: "integer", minimum: 1, maximum: 100, description: "default 50" },
  days: { type: "integer", minimum: 1, maximum: 365, description: "default 7" },
  config_type: { ...TEXT, description: "the name of an event" },
  user: { ...TEXT, description: "the actor" },
};

/** What happened, and who did what. */
export function journalRoutes(host: Host): Route[] {
  const { baldur } = host;
  return [
    {
      method: "GET",
      path: "/journal",
      role: "viewer",
      summary: "what happened, the newest first",
      query: JOURNAL,
      handler: ({ query }) => baldur.journal.page(queryOf(query)),
    },
    {
      method: "GET",
      path: "/control/audit",
      role: "viewer",
      summary: "what people did, the newest first",
      query: AUDIT,
      handler: ({ query }) => audit(host, query),
    },
  ];
}

function queryOf(query: URLSearchParams): JournalQuery {
  const text = (name: string): string | undefined => query.get(name) || undefined;
  return {
    limit: numberOf(query, "limit"),
    before: text("before"),
    after: text("after"),
    names: text("names")
      ?.split(",")
      .map((name) => name.trim())
      .filter(Boolean),
    level: text("level") as JournalQuery["level"],
    text: text("text"),
    since: dateOf(query, "since"),
    until: dateOf(query, "until"),
  };
}

function dateOf(query: URLSearchParams, name: string): Date | undefined {
  const given = query.get(name);
  if (given === null) return undefined;
  if (!isTime(given)) throw invalidField(name, "a day or a time, such as 2026-01-31T12:00:00Z", given);
  return new Date(given);
}

async function audit({ baldur, clock }: Host, query: URLSearchParams): Promise<object> {
  const page = numberOf(query, "page") ?? 1;
  const size = numberOf(query, "page_size") ?? 50;
  const since = new Date(clock.now() - (numberOf(query, "days") ?? 7) * DAY);
  const name = query.get("config_type");
  const user = query.get("user");
  const wanted: JournalQuery = {
    since,
    names: name === null ? ACTIONS : [name],
    ...(user !== null && { text: user }),
  };
  const isTheirs = (actor: string | undefined): boolean => user === null || actor === user;
  const { entries, complete } = await collect(baldur.journal, wanted, page * size + 1, isTheirs);
  return {
    schema_version: "h1",
    entries: entries.slice((page - 1) * size, page * size),
    page,
    page_size: size,
    has_next: entries.length > page * size,
    has_previous: page > 1,
    complete,
  };
}

/** The journal has no numbered pages, so it is read from the newest entry on. */
async function collect(
  journal: Journal,
  query: JournalQuery,
  count: number,
  keeps: (actor: string | undefined) => boolean,
): Promise<{ entries: readonly unknown[]; complete: boolean }> {
  const entries: unknown[] = [];
  let complete = true;
  let before: string | undefined;
  do {
    const page = await journal.page({ ...query, before, limit: Math.min(count, LARGEST_PAGE) });
    entries.push(...page.entries.filter(({ actor }) => keeps(actor)));
    complete &&= page.complete;
    before = page.next;
  } while (before !== undefined && entries.length < count);
  return { entries: entries.slice(0, count), complete };
}
