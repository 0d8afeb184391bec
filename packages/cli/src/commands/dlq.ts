import type { FailedOperation } from "@baldur/core";
import { isSet, numberOf, part, word } from "../asked.js";
import type { Asked, Context, Handler } from "../context.js";
import { CliError } from "../errors.js";
import { facts, table } from "../output/table.js";
import { when } from "../output/when.js";
import type { Wire } from "../wire.js";
import { showBatch, showReplay } from "./replays.js";

type Entry = Wire<FailedOperation>;

interface Listed {
  readonly items: readonly Entry[];
  readonly next?: string;
  readonly total?: number;
}

interface Stats {
  readonly total: number;
  readonly open: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly oldestOpenAt?: string;
  readonly arming?: { readonly armed: boolean | null; readonly missingLinks: readonly string[] };
}

type Facets = Readonly<
  Record<"byStatus" | "byDomain" | "byName" | "byFailureType", Readonly<Record<string, number>>>
>;

export const list: Handler = async (context, asked) => {
  const status = isSet(asked, "pending") ? "pending" : word(asked, "status");
  const answer = await context.api.get("/dlq/list", {
    status,
    domain: word(asked, "domain"),
    name: word(asked, "name"),
    failure_type: word(asked, "failureType"),
    page: numberOf(asked, "page"),
    page_size: numberOf(asked, "pageSize"),
    after: word(asked, "after"),
  });
  return context.show<Listed>(answer, (body) => drawnList(context, body));
};

export const show: Handler = async (context, asked) =>
  context.show<Entry>(await context.api.get(`/dlq/${part(asked)}`), (entry) => drawnEntry(context, entry));

export const stats: Handler = async (context) =>
  context.show<Stats>(await context.api.get("/dlq/cleanup/stats"), (body) => drawnStats(context, body));

export const facets: Handler = async (context, asked) => {
  const answer = await context.api.get("/dlq/facets", {
    status: word(asked, "status"),
    domain: word(asked, "domain"),
  });
  return context.show<Facets>(answer, (body) => drawnFacets(context, body));
};

export const replay: Handler = async (context, asked) => {
  const answer = await context.api.post("/dlq/replay", {
    ...given(asked, "domain", "name", "reason"),
    ...(numberOf(asked, "batchSize") !== undefined && { batch_size: numberOf(asked, "batchSize") }),
  });
  return showBatch(context, answer);
};

/** Runs one entry again. */
export function rerun(action: "force-redrive" | "retry"): Handler {
  return async (context, asked) => {
    const body = { ...given(asked, "reason"), ...ticketOf(asked) };
    return showReplay(context, await context.api.post(`/dlq/${part(asked)}/${action}`, body));
  };
}

/** Ends one entry by hand. */
export function end(action: "reject" | "resolve"): Handler {
  return async (context, asked) => {
    const answer = await context.api.post(`/dlq/${part(asked)}/${action}`, given(asked, "reason", "note"));
    return context.show<Entry>(answer, (entry) => drawnEntry(context, entry));
  };
}

export const archive: Handler = async (context, asked) => {
  const days = numberOf(asked, "olderThanDays");
  const answer = await context.api.post("/dlq/cleanup/archive", {
    ...given(asked, "reason"),
    ...(days !== undefined && { older_than_days: days }),
  });
  return context.show<{ archived: number }>(answer, (body) =>
    facts(context.style, [["archived", body.archived]]),
  );
};

export const purge: Handler = async (context, asked) => {
  if (!isSet(asked, "confirm"))
    throw new CliError("a purge cannot be undone: say that it is meant", { hint: "add --confirm" });
  const ids = word(asked, "ids");
  const days = numberOf(asked, "olderThanDays");
  if (ids === undefined && days === undefined)
    throw new CliError("name what to purge, by --ids or --older-than-days");
  const answer = await context.api.post("/dlq/cleanup/purge", {
    confirm: true,
    ...given(asked, "ids", "reason"),
    ...(days !== undefined && { older_than_days: days }),
  });
  return context.show<{ purged: number }>(answer, (body) => facts(context.style, [["removed", body.purged]]));
};

function given(asked: Asked, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = word(asked, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function ticketOf(asked: Asked): object {
  const ticket = word(asked, "ticket");
  return ticket === undefined ? {} : { ticket_url: ticket };
}

function drawnList({ style }: Context, { items, next, total }: Listed): string {
  if (items.length === 0) return "no entries\n";
  const rows = table(style, items, [
    { title: "ID", of: ({ id }) => id, whole: true },
    { title: "NAME", of: ({ name }) => name },
    { title: "STATUS", of: ({ status }) => status },
    { title: "FAILURE", of: ({ failureType }) => failureType },
    { title: "REPLAYS", of: ({ retryCount, maxRetries }) => `${retryCount}/${maxRetries}` },
    { title: "SINCE", of: ({ createdAt }) => when(createdAt) },
    { title: "ERROR", of: ({ errorMessage }) => errorMessage },
  ]);
  const more = facts(style, [
    ["shown", total === undefined ? items.length : `${items.length} of ${total}`],
    ["next", next && `--after ${next}`],
  ]);
  return `${rows}\n${more}`;
}

function drawnEntry({ style }: Context, entry: Entry): string {
  const head = facts(style, [
    ["id", entry.id],
    ["name", entry.name],
    ["domain", entry.domain || undefined],
    ["status", entry.status],
    ["failure", entry.failureType],
    ["error", `${entry.errorCode} ${entry.errorMessage}`.trim()],
    ["replays", `${entry.retryCount} of ${entry.maxRetries}`],
    ["since", when(entry.createdAt)],
    ["last replay", when(entry.lastRetryAt)],
    [
      "ended",
      entry.resolvedAt && `${when(entry.resolvedAt)} ${entry.resolutionType} ${entry.resolutionNote}`.trim(),
    ],
    ["what to do", entry.recommendedAction || undefined],
    ["arguments", entry.requestData.args],
  ]);
  if (entry.attempts.length === 0) return head;
  const attempts = table(style, entry.attempts, [
    { title: "ATTEMPT", of: ({ number }) => number },
    { title: "AT", of: ({ startedAt }) => when(startedAt) },
    { title: "TOOK", of: ({ duration }) => `${Math.round(duration)} ms` },
    { title: "ERROR", of: ({ error }) => error },
  ]);
  return `${head}\n${attempts}`;
}

function drawnStats({ style }: Context, { total, open, byStatus, oldestOpenAt, arming }: Stats): string {
  const links = arming?.missingLinks.join("; ");
  const replays =
    arming?.armed === null ? "nobody knows" : arming?.armed ? "by itself" : `by hand alone: ${links}`;
  const head = facts(style, [
    ["entries", total],
    ["open", open],
    ["oldest open", when(oldestOpenAt)],
    ["replayed", arming && replays],
  ]);
  return `${head}${facts(style, Object.entries(byStatus))}`;
}

function drawnFacets({ style }: Context, body: Facets): string {
  const rows = Object.entries(body).flatMap(([by, counts]) =>
    Object.entries(counts).map(([name, count]) => ({ by: by.replace(/^by/, "").toLowerCase(), name, count })),
  );
  if (rows.length === 0) return "no entries\n";
  return table(style, rows, [
    { title: "BY", of: ({ by }) => by.replace("failuretype", "failure") },
    { title: "VALUE", of: ({ name }) => name },
    { title: "ENTRIES", of: ({ count }) => count },
  ]);
}
