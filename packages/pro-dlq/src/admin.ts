import type { AdminRequest, AdminRoute, EntryStatus, FailedOperation } from "@baldur/core/plugin";
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

/** The routes of the control API; its server comes with another package. Errors are thrown, for the server to answer with. */
export function routesOf(dlq: Dlq): AdminRoute[] {
  return [
    route("GET", "/dlq/list", "viewer", ({ query }) => listed(dlq, query)),
    route("GET", "/dlq/facets", "viewer", ({ query }) => dlq.facets(filterOf(query))),
    route("GET", "/dlq/cleanup/stats", "viewer", () => dlq.stats()),
    route("GET", "/dlq/{id}", "viewer", ({ params }) => found(dlq, params["id"] ?? "")),
    route("POST", "/dlq/{id}/retry", "operator", ({ params, actor, body }) =>
      dlq.replay(params["id"] ?? "", { actor, ...textOf(body, "reason") }),
    ),
    route("POST", "/dlq/{id}/resolve", "operator", ({ params, actor, body }) =>
      dlq.resolve(params["id"] ?? "", { actor, ...textOf(body, "note") }),
    ),
    route("POST", "/dlq/{id}/reject", "operator", ({ params, actor, body }) =>
      dlq.reject(params["id"] ?? "", { actor, ...textOf(body, "note") }),
    ),
    route("POST", "/dlq/{id}/force-redrive", "admin", ({ params, actor, body }) => {
      const { reason = "" } = textOf(body, "reason");
      const { ticket_url: ticketUrl } = textOf(body, "ticket_url");
      return dlq.forceRedrive(params["id"] ?? "", {
        actor,
        reason,
        ...(ticketUrl !== undefined && { ticketUrl }),
      });
    }),
    route("POST", "/dlq/replay", "operator", ({ actor, body }) => {
      const maxItems = integerOf(objectOf(body)["batch_size"], "batch_size", DEFAULT_BATCH, LARGEST_BATCH);
      const filter = { maxItems, ...textOf(body, "domain"), ...textOf(body, "name") };
      return dlq.replayBatch(filter, { actor, ...textOf(body, "reason") });
    }),
    route("POST", "/dlq/sweep", "operator", ({ body }) => dlq.sweep(textOf(body, "name").name ?? "")),
    route("POST", "/dlq/cleanup/archive", "operator", async ({ body }) => {
      const days = integerOf(objectOf(body)["older_than_days"], "older_than_days", 30);
      return { archived: await dlq.archive({ olderThan: days * DAY }) };
    }),
    route("POST", "/dlq/cleanup/purge", "admin", async ({ body }) => ({
      purged: await purge(dlq, objectOf(body)),
    })),
    route("POST", "/dlq/test/create", "admin", ({ actor }) => drill(dlq, actor)),
    route("GET", "/dlq-compressed", "viewer", async () => ({ items: await dlq.summaries() })),
    route("GET", "/dlq-compressed/summary", "viewer", async () => sumOf(await dlq.summaries())),
    route("GET", "/dlq-compressed/{id}", "viewer", ({ params }) => summary(dlq, params["id"] ?? "")),
  ];
}

function route(
  method: AdminRoute["method"],
  path: string,
  role: AdminRoute["role"],
  handler: (request: AdminRequest) => unknown,
): AdminRoute {
  return { method, path, role, handler };
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
