import { type AdminRequest, type WithinOptions, within } from "@baldur/core/plugin";
import { hostHeader } from "./access/origin-gate.js";
import { type Caller, reaches } from "./access/roles.js";
import { actionReported, authRejected, handlerError, originBlocked } from "./events.js";
import { readBody } from "./request/body.js";
import { requireOwnRequest } from "./request/csrf.js";
import { checkBody, checkQuery } from "./request/fields.js";
import type { RequestInfo } from "./request/info.js";
import { toResponse } from "./response/json.js";
import { knownProblem } from "./response/known-errors.js";
import { Problem, problemResponse } from "./response/problem.js";
import { rejection } from "./response/rejection.js";
import { type Host, isMutation, type Route } from "./routes/route.js";

const LIMIT: WithinOptions = { late: tooLate, unref: true };

/** A request that has found its route. */
export interface Asked {
  readonly request: Request;
  readonly info: RequestInfo;
  readonly route: Route;
  readonly params: AdminRequest["params"];
}

/** What was found out about a request on its way. */
interface Known {
  /** Who asks, once they were let in. */
  actor?: string;
  body?: unknown;
}

/** The way of a request from its route to its answer. Each step ends it by throwing a problem. */
export class Exchange {
  constructor(private readonly host: Host) {}

  /** Undefined: the request may go on. */
  refuseOrigin(request: Request): Response | undefined {
    if (this.host.policy.gate.admits(request)) return undefined;
    const { method, path } = named(request);
    const origin = shortened(request.headers.get("origin") ?? undefined);
    const host = shortened(hostHeader(request));
    this.host.telemetry.report(originBlocked, { method, path, host, origin });
    return problemResponse({
      status: 403,
      code: "ORIGIN_BLOCKED",
      detail: "the Host or the Origin is no name of this server (BALDUR_ADMIN_ALLOWED_ORIGINS)",
    });
  }

  async answer(asked: Asked): Promise<Response> {
    const known: Known = {};
    const response = await this.#answer(asked, known);
    if (isMutation(asked.route) && known.actor !== undefined)
      this.#report(asked, known, known.actor, response);
    return response;
  }

  async #answer(asked: Asked, known: Known): Promise<Response> {
    const { clock, policy } = this.host;
    try {
      return await within(clock, policy.requestTimeout, () => this.#run(asked, known), LIMIT);
    } catch (error) {
      const problem = knownProblem(error);
      return problem === undefined ? this.failed(asked.request, error) : problemResponse(problem.options);
    }
  }

  async #run(asked: Asked, known: Known): Promise<Response> {
    const { request, route, params } = asked;
    const caller = route.role === "public" ? undefined : await this.#authenticate(asked);
    const { actor } = caller ?? { actor: "anonymous" };
    known.actor = actor;
    this.#authorize(route, caller);
    const body = isMutation(route) ? await this.#read(request, route) : undefined;
    known.body = body;
    const query = new URL(request.url).searchParams;
    if (route.query !== undefined) checkQuery(query, route.query);
    return toResponse(await route.handler({ params, query, body, actor, request, caller }));
  }

  async #authenticate({ request, info }: Asked): Promise<Caller> {
    const found = await this.host.policy.authentication.of(request, info.remoteAddress);
    if (typeof found === "object") return found;
    this.host.telemetry.report(authRejected, { ...named(request), reason: found });
    throw rejection(found);
  }

  #authorize({ role: required }: Route, caller: Caller | undefined): void {
    const granted = caller?.role ?? "public";
    if (reaches(granted, required)) return;
    const unlock =
      required === "admin" && !this.host.policy.unlock ? "; it needs BALDUR_ADMIN_UNLOCK=1 as well" : "";
    throw new Problem({
      status: 403,
      code: "FORBIDDEN",
      detail: `this needs the role ${required}, and yours is ${granted}${unlock}`,
      facts: { required, granted },
    });
  }

  async #read(request: Request, { body: fields }: Route): Promise<unknown> {
    requireOwnRequest(request);
    const body = await readBody(request, this.host.policy.maxBodyBytes);
    if (fields !== undefined) checkBody(body, fields);
    return body;
  }

  /** The answer where something went wrong that is nobody else's business. */
  failed(request: Request, error: unknown): Response {
    this.host.telemetry.report(handlerError, { ...named(request), error: wordsOf(error) });
    return problemResponse({
      status: 500,
      code: "INTERNAL_ERROR",
      detail: "the request failed; the log says why",
    });
  }

  #report({ request }: Asked, { body }: Known, actor: string, { status }: Response): void {
    const { reason, request_id: id, ...facts } = isObject(body) ? body : {};
    const outcome = status < 400 ? "done" : status < 500 ? "refused" : "failed";
    const given = typeof reason === "string" ? reason.slice(0, LONGEST_REASON) : undefined;
    const payload = {
      ...named(request),
      actor,
      reason: given,
      outcome,
      status,
      facts: bounded(facts),
    } as const;
    this.host.telemetry.report(actionReported, payload, typeof id === "string" ? id : undefined);
  }
}

const LONGEST_REASON = 500;
const LONGEST_SHOWN = 300;
const MOST_FACTS = 4096;

/** As much as the journal keeps. */
function bounded(facts: object): object {
  return JSON.stringify(facts).length > MOST_FACTS ? { truncated: true } : facts;
}

function named({ method, url }: Request): { method: string; path: string } {
  return { method, path: shortened(new URL(url).pathname) };
}

/** Whoever asks has no say in how large the log grows. */
function shortened<T extends string | undefined>(text: T): T;
function shortened(text: string | undefined): string | undefined {
  return text !== undefined && text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function tooLate(): Problem {
  return new Problem({
    status: 504,
    code: "TIMEOUT",
    detail: "it took longer than BALDUR_ADMIN_REQUEST_TIMEOUT_SECONDS, and may go on",
    headers: { connection: "close" },
  });
}
