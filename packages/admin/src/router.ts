import type { AdminRoute } from "@baldur/core/plugin";
import { Hono } from "hono";
import type { Exchange } from "./exchange.js";
import type { RequestInfo } from "./request/info.js";
import { problemResponse } from "./response/problem.js";
import type { Route } from "./routes/route.js";

interface Environment {
  Bindings: RequestInfo;
}
export type Router = Hono<Environment>;

const SEGMENT = /^(?:[A-Za-z0-9._~-]+|\{[A-Za-z][A-Za-z0-9]*\})$/;
const METHODS: readonly string[] = ["GET", "POST", "PUT", "PATCH", "DELETE"] satisfies AdminRoute["method"][];

/** Finds the route of a request; what is written out in a path goes before a parameter in its place. */
export function routerOf(prefix: string, routes: readonly Route[], exchange: Exchange): Router {
  const router: Router = new Hono<Environment>({ strict: false }).basePath(prefix);
  for (const route of [...routes].sort(bySpecificity)) {
    router.on(route.method, pattern(route.path), ({ req, env }) =>
      exchange.answer({ request: req.raw, info: env, route, params: req.param() }),
    );
  }
  for (const [path, methods] of methodsByPath(routes))
    router.all(pattern(path), ({ req }) => otherMethod(req.method, methods));
  router.onError((error) => {
    throw error; // to who asked the router, instead of to the console
  });
  return router.notFound(() =>
    problemResponse({ status: 404, code: "NOT_FOUND", detail: "there is no such route" }),
  );
}

/** What is wrong with a plugin's route, if anything. */
export function problemOf({ method, path, role, handler }: AdminRoute): string | undefined {
  if (!METHODS.includes(method)) return "its method is unknown";
  if (!isPath(path)) return "its path is malformed";
  if (!["public", "viewer", "operator", "admin"].includes(role)) return "its role is unknown";
  return typeof handler === "function" ? undefined : "it has no handler";
}

/** What two routes may not share: a parameter is one whatever its name. */
export function identityOf({ method, path }: Pick<Route, "method" | "path">): string {
  return `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`;
}

/** No header lets a browser of another origin in: a preflight ends here. */
function otherMethod(method: string, methods: readonly string[]): Response {
  const known = methods.flatMap((each) => (each === "GET" ? ["GET", "HEAD"] : [each]));
  const allow = [...new Set(known), "OPTIONS"].join(", ");
  if (method === "OPTIONS") return new Response(null, { status: 204, headers: { allow } });
  return problemResponse({
    status: 405,
    code: "METHOD_NOT_ALLOWED",
    detail: `this route knows ${allow}`,
    headers: { allow },
  });
}

function methodsByPath(routes: readonly Route[]): Map<string, string[]> {
  const paths = new Map<string, string[]>();
  for (const { path, method } of routes) paths.set(path, [...(paths.get(path) ?? []), method]);
  return paths;
}

function isPath(path: unknown): boolean {
  if (typeof path !== "string") return false;
  const [before, ...segments] = path.split("/");
  return before === "" && segments.every((segment) => SEGMENT.test(segment));
}

function pattern(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}

function bySpecificity(a: Route, b: Route): number {
  const [left, right] = [a.path.split("/"), b.path.split("/")];
  const differing = left.findIndex((segment, at) => isParameter(segment) !== isParameter(right[at]));
  return differing === -1 ? 0 : Number(isParameter(left[differing])) - Number(isParameter(right[differing]));
}

function isParameter(segment: string | undefined): boolean {
  return segment?.startsWith("{") ?? false;
}
