import { once } from "node:events";
import { Readable } from "node:stream";
import type { AdapterSubject, Asked, TestAnswer, TestRoute } from "@baldur/core/test/http/adapter/subject.js";
import express5, { type Application, type Request, type Response } from "express";
import express4 from "express4";
import { type BaldurExpress, baldur } from "../src/index.js";

type Express = typeof express5;

/** Both majors with the adapter. */
export const SUBJECTS: readonly AdapterSubject[] = [
  subject("express 5", express5),
  subject("express 4", express4 as unknown as Express),
];

function subject(name: string, express: Express): AdapterSubject {
  return {
    name,
    start: async ({ runtime, routes, options, trustProxy = false }) => {
      const app = express();
      app.set("trust proxy", trustProxy).set("env", "test");
      const handle = baldur(app, { ...options, runtime });
      app.use(express.json({ strict: false }));
      for (const route of routes) add(app, handle, route);
      app.use(handle.errors);
      const server = app.listen(0, "127.0.0.1");
      await once(server, "listening");
      await handle.ready;
      const { port } = server.address() as { port: number };
      return {
        port,
        server,
        stop: async () => {
          server.close();
          server.closeAllConnections();
        },
      };
    },
  };
}

function add(app: Application, handle: BaldurExpress, { method, path, guard, handler }: TestRoute): void {
  const guards = guard === undefined ? [] : [handle.route(guard)];
  app[method === "GET" ? "get" : "post"](path, ...guards, (request: Request, response: Response, next) => {
    const work = async (): Promise<void> => answer(response, await handler(asked(handle, request, response)));
    work().catch(next);
  });
}

function asked(handle: BaldurExpress, request: Request, response: Response): Asked {
  return {
    params: request.params as Record<string, string>,
    body: request.body,
    context: request.baldur,
    ambient: () => handle.context(),
    request,
    response,
  };
}

function answer(response: Response, { status = 200, headers = {}, body = "" }: TestAnswer): void {
  response.status(status).set(headers);
  if (body instanceof Readable) body.pipe(response);
  else response.send(body);
}
