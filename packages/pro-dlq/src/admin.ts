import type { AdminFields, AdminRoute, EntryStatus, FailedOperation } from "@baldur/core/plugin";
import type { Dlq, EntryFilter, Page } from "./api.js";
import { checked, isObject } from "./check.js";
import { tally } from "./counting.js";
import { STATUSES } from "./entry/entry.js";
import { DLQEntryNotFoundError } from "./errors.js";
import { LARGEST_LIST } from "./requests.js";
import type { CompressedSummary } from "./store/compressed.js";

const DAY = 86_400_000;
const DEFAULT_PAGE = 20;
const LARGEST_PAGE = 100;
const DEFAULT_BATCH = 50;
const LARGEST_BATCH = 200;
const CREATED = 201;
const UNAVAILABLE = 503;

type Body = Readonly<Record<string, unknown>>;

const REASON = { type: "string", minLength: 1, maxLength: 500, description: "why, for the journal" } as const;
const NOTE = { type: "string", minLength: 1, maxLength: 500, description: "kept with the entry" } as const;
const WORD = { type: "string", maxLength: 256 } as const;
const DAYS = { type: "integer", minimum: 0 } as const;
const FILTER: AdminFields = {
  status: { ...WORD, description: `one of ${STATUSES.join(", ")}` },
  domain: WORD,
  name: { ...WORD, description: "the protected name" },
  failure_type: WORD,
};
const PAGE: AdminFields = {
  ...FILTER,
  page: { type: "integer", minimum: 1 },
  page_size: { type: "integer", minimum: 1, maximum: LARGEST_PAGE, description: `default ${DEFAULT_PAGE}` },
  after: { type: "string", description: "`next` of the page before" },
};
const BATCH: AdminFields = {
  batch_size: {
    type: "integer",
    minimum: 1,
    maximum: LARGEST_BATCH,
    description: `default ${DEFAULT_BATCH}`,
  },
  domain: WORD,
  name: WORD,
  reason: REASON,
};
const PURGE: AdminFields = {
  confirm: { type: "boolean", const: true, required: true, description: "that it is meant" },
  ids: {
    anyOf: [
      { type: "array", items: { type: "string" } },
      { type: "string", description: "with commas" },
    ],
  },
  older_than_days: DAYS,
  reason: REASON,
};
const REDRIVE: AdminFields = {
  reason: { ...REASON, required: true },
  ticket_url: { type: "string", maxLength: 500 },
};

/** The routes of the control API; its server comes with another package. Errors are thrown, for the server to answer with. */
export function routesOf(dlq: Dlq): AdminRoute[] {
  return [...readingRoutes(dlq), ...entryRoutes(dlq), ...bulkRoutes(dlq), ...summaryRoutes(dlq)];
}

function readingRoutes(dlq: Dlq): AdminRoute[] {
  return [
    look("/dlq/list", "entries, the newest first", PAGE, ({ query }) => listed(dlq, query)),
    look("/dlq/facets", "how many entries there are, by what", FILTER, ({ query }) =>
      dlq.facets(filterOf(query)),
    ),
    look("/dlq/cleanup/stats", "how many there are, and whether they are replayed", {}, () => dlq.stats()),
    look("/dlq/{id}", "one entry", {}, ({ params }) => found(dlq, params["id"] ?? "")),
  ];
}

function entryRoutes(dlq: Dlq): AdminRoute[] {
  return [
    act("/dlq/{id}/retry", "operator", "runs an entry again", { reason: REASON }, ({ params, actor, body }) =>
      dlq.replay(params["id"] ?? "", { actor, ...textOf(body, "reason") }),
    ),
    act(
      "/dlq/{id}/resolve",
      "operator",
      "its work was done another way",
      { note: NOTE, reason: REASON },
      (asked) => dlq.resolve(asked.params["id"] ?? "", { actor: asked.actor, ...textOf(asked.body, "note") }),
    ),
    act(
      "/dlq/{id}/reject",
      "operator",
      "its work is not to be done",
      { note: NOTE, reason: REASON },
      (asked) => dlq.reject(asked.params["id"] ?? "", { actor: asked.actor, ...textOf(asked.body, "note") }),
    ),
    act("/dlq/{id}/force-redrive", "admin", "runs an entry beyond its budget", REDRIVE, (asked) => {
      const { reason = "" } = textOf(asked.body, "reason");
      const { ticket_url: ticketUrl } = textOf(asked.body, "ticket_url");
      return dlq.forceRedrive(asked.params["id"] ?? "", {
        actor: asked.actor,
        reason,
        ...(ticketUrl !== undefined && { ticketUrl }),
      });
    }),
  ];
}

function bulkRoutes(dlq: Dlq): AdminRoute[] {
  const archive: AdminFields = {
    older_than_days: { ...DAYS, minimum: 1, description: "default 30" },
    reason: REASON,
  };
  return [
    act("/dlq/replay", "operator", "runs a batch of entries again", BATCH, ({ actor, body }) => {
      const maxItems = integerOf(objectOf(body)["batch_size"], "batch_size", DEFAULT_BATCH, LARGEST_BATCH);
      const filter = { maxItems, ...textOf(body, "domain"), ...textOf(body, "name") };
      return dlq.replayBatch(filter, { actor, ...textOf(body, "reason") });
    }),
    act(
      "/dlq/sweep",
      "operator",
      "runs what waits under a name",
      { name: WORD, reason: REASON },
      ({ body }) => dlq.sweep(textOf(body, "name").name ?? ""),
    ),
    act("/dlq/cleanup/archive", "operator", "puts away what was resolved", archive, async ({ body }) => {
      const days = integerOf(objectOf(body)["older_than_days"], "older_than_days", 30);
      return { archived: await dlq.archive({ olderThan: days * DAY }) };
    }),
    act("/dlq/cleanup/purge", "admin", "removes archived entries for good", PURGE, async ({ body }) => ({
      purged: await purge(dlq, objectOf(body)),
    })),
    act(
      "/dlq/test/create",
      "admin",
      "makes an entry to try things out with",
      { reason: REASON },
      ({ actor }) => drill(dlq, actor),
    ),
  ];
}

function summaryRoutes(dlq: Dlq): AdminRoute[] {
  return [
    look("/dlq-compressed", "summaries of what was removed", {}, async () => ({
      items: await dlq.summaries(),
    })),
    look("/dlq-compressed/summary", "all of them together", {}, async () => sumOf(await dlq.summaries())),
    look("/dlq-compressed/{id}", "one of them", {}, ({ params }) => summary(dlq, params["id"] ?? "")),
  ];
}

type Handler = AdminRoute["handler"];

function look(path: string, text: string, query: AdminFields, handler: Handler): AdminRoute {
  return { method: "GET", path, role: "viewer", summary: text, query, handler };
}

function act(
  path: string,
  role: AdminRoute["role"],
  text: string,
  body: AdminFields,
  handler: Handler,
): AdminRoute {
  return { method: "POST", path, role, summary: text, body, handler };
}

/** From where the page before ended, or by its number: then it is gone to from the first one. */
async function listed(dlq: Dlq, query: URLSearchParams): Promise<Page<FailedOperation>> {
  const filter = filterOf(query);
  const limit = numberOf(query, "page_size", DEFAULT_PAGE, LARGEST_PAGE);
  let after = query.get("after") || undefined;
  let skipped = after === undefined ? (numberOf(query, "page", 1) - 1) * limit : 0;
  while (skipped > 0) {
    const before = await dlq.list({
      ...filter,
      limit: Math.min(skipped, LARGEST_LIST),
      ...(after && { after }),
    });
    skipped -= before.items.length;
    after = before.next;
    if (after === undefined) return { ...before, items: [] };
  }
  return dlq.list({ ...filter, limit, ...(after && { after }) });
}

async function found(dlq: Dlq, id: string): Promise<unknown> {
  const entry = await dlq.get(id);
  if (entry === undefined) throw new DLQEntryNotFoundError(id);
  return entry;
}

/** An entry to try things out with; refused, it is not there. */
async function drill(dlq: Dlq, actor: string): Promise<Response> {
  const metadata = { is_synthetic: true, actor };
  const result = await dlq.store({ name: "drill", failureType: "DRILL", metadata });
  return Response.json(result, { status: result.captured ? CREATED : UNAVAILABLE });
}

async function summary(dlq: Dlq, id: string): Promise<CompressedSummary> {
  const found = (await dlq.summaries()).find((each) => each.id === id);
  if (found === undefined) throw new DLQEntryNotFoundError(id);
  return found;
}

/** What all summaries say together, in entries. */
function sumOf(summaries: readonly CompressedSummary[]): object {
  const by = (key: "domain" | "status"): Record<string, number> =>
    tally(summaries.map((each) => [each[key], each.count]));
  const entries = summaries.reduce((sum, { count }) => sum + count, 0);
  return { summaries: summaries.length, entries, byDomain: by("domain"), byStatus: by("status") };
}

function purge(dlq: Dlq, { ids, older_than_days: days, confirm }: Body): Promise<number> {
  checked("confirm", "true, for a purge cannot be undone", confirm, (value) => value === true);
  if (ids !== undefined) return dlq.purge({ ids: idsOf(ids) });
  if (days === undefined) return Promise.resolve(0);
  const olderThan = integerOf(days, "older_than_days", 0) * DAY;
  return dlq.purge({ olderThan, confirm: true });
}

function idsOf(ids: unknown): string[] {
  return (typeof ids === "string" ? ids.split(",").map((id) => id.trim()) : ids) as string[];
}

function filterOf(query: URLSearchParams): EntryFilter {
  const status = query.get("status") || undefined;
  if (status !== undefined)
    checked("status", `one of ${STATUSES.join(", ")}`, status, (value) =>
      STATUSES.includes(value as EntryStatus),
    );
  const words = {
    status,
    domain: query.get("domain"),
    name: query.get("name"),
    failureType: query.get("failure_type"),
  };
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value)) as EntryFilter;
}

function numberOf(query: URLSearchParams, name: string, absent: number, most?: number): number {
  const given = query.get(name);
  return integerOf(given === null ? undefined : Number(given), name, absent, most);
}

function integerOf(value: unknown, name: string, absent: number, most = Number.MAX_SAFE_INTEGER): number {
  if (value === undefined) return absent;
  const least = absent === 0 ? 0 : 1;
  const fits = (given: unknown): boolean =>
    Number.isInteger(given) && Number(given) >= least && Number(given) <= most;
  checked(name, `an integer from ${least} to ${most}`, value, fits);
  return value as number;
}

function objectOf(body: unknown): Body {
  if (body === undefined) return {};
  checked("body", "a JSON object", body, isObject);
  return body as Body;
}

function textOf<K extends string>(body: unknown, key: K): { [P in K]?: string } {
  const value = objectOf(body)[key];
  if (value === undefined) return {};
  checked(
    key,
    "a string of up to 500 characters",
    value,
    (given) => typeof given === "string" && given.length <= 500,
  );
  return { [key]: value } as { [P in K]?: string };
}
