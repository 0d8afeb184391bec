import type { AdminRequest, AdminRoute, EntryStatus } from "@baldur/core/plugin";
import type { Dlq, EntryFilter } from "./api.js";
import { checked } from "./check.js";
import { STATUSES } from "./entry/entry.js";
import { DLQEntryNotFoundError } from "./errors.js";

const DAY = 86_400_000;
const DEFAULT_PAGE = 20;
const LARGEST_PAGE = 100;
const DEFAULT_BATCH = 50;
const LARGEST_BATCH = 200;

type Body = Readonly<Record<string, unknown>>;

/** The routes of the control API; its server comes with another package. Errors are thrown, for the server to answer with. */
export function routesOf(dlq: Dlq): AdminRoute[] {
  return [
    route("GET", "/dlq/list", "viewer", ({ query }) => dlq.list({ ...filterOf(query), ...pageOf(query) })),
    route("GET", "/dlq/facets", "viewer", ({ query }) => dlq.facets(filterOf(query))),
    route("GET", "/dlq/cleanup/stats", "viewer", () => dlq.stats()),
    route("GET", "/dlq/{id}", "viewer", ({ params }) => found(dlq, params["id"] ?? "")),
    route("POST", "/dlq/{id}/retry", "operator", ({ params, actor, body }) =>
      dlq.replay(params["id"] ?? "", { actor, ...textOf(body, "reason") }),
    ),
    route("POST", "/dlq/{id}/resolve", "operator", ({ params, actor, body }) =>
      dlq.resolve(params["id"] ?? "", { actor, ...textOf(body, "note") }),
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
    route("POST", "/dlq/replay", "operator", ({ body }) => {
      const maxItems = integerOf(objectOf(body)["batch_size"], "batch_size", DEFAULT_BATCH, LARGEST_BATCH);
      return dlq.replayBatch({ maxItems, ...textOf(body, "domain"), ...textOf(body, "name") });
    }),
    route("POST", "/dlq/sweep", "operator", ({ body }) => dlq.sweep(textOf(body, "name").name ?? "")),
    route("POST", "/dlq/cleanup/archive", "operator", async ({ body }) => {
      const days = integerOf(objectOf(body)["older_than_days"], "older_than_days", 30);
      return { archived: await dlq.archive({ olderThan: days * DAY }) };
    }),
    route("POST", "/dlq/cleanup/purge", "admin", async ({ body }) => ({
      purged: await purge(dlq, objectOf(body)),
    })),
    route("POST", "/dlq/test/create", "admin", ({ actor }) =>
      dlq.store({ name: "drill", failureType: "DRILL", metadata: { is_synthetic: true, actor } }),
    ),
    route("GET", "/dlq-compressed", "viewer", async () => ({ items: await dlq.summaries() })),
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

async function found(dlq: Dlq, id: string): Promise<unknown> {
  const entry = await dlq.get(id);
  if (entry === undefined) throw new DLQEntryNotFoundError(id);
  return entry;
}

function purge(dlq: Dlq, { ids, older_than_days: days, confirm }: Body): Promise<number> {
  checked("confirm", "true, for a purge cannot be undone", confirm, (value) => value === true);
  if (ids !== undefined) return dlq.purge({ ids: idsOf(ids) });
  if (days === undefined) return Promise.resolve(0);
  const olderThan = integerOf(days, "older_than_days", 0) * DAY;
  return dlq.purge({ olderThan, confirm: true });
}

function idsOf(ids: unknown): string[] {
  const list = typeof ids === "string" ? ids.split(",").map((id) => id.trim()) : ids;
  checked(
    "ids",
    "a list of ids",
    list,
    (value) => Array.isArray(value) && value.every((id) => typeof id === "string"),
  );
  return list as string[];
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

function pageOf(query: URLSearchParams): { limit: number; after?: string } {
  const given = query.get("page_size");
  const limit = integerOf(
    given === null ? undefined : Number(given),
    "page_size",
    DEFAULT_PAGE,
    LARGEST_PAGE,
  );
  const after = query.get("after");
  return { limit, ...(after && { after }) };
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
  checked(
    "body",
    "a JSON object",
    body,
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  );
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
