import { type HttpAnswer, type Instead, unsaid } from "@baldur/core/plugin";
import type { FastifyReply } from "fastify";

/** Ends a hook. */
export type Done = (error?: Error) => void;

/** Sends the answer in place of the application's, or goes on. */
export function goOn(instead: Instead | Promise<Instead>, reply: FastifyReply, done: Done): void {
  if (instead === undefined) done();
  else if (instead instanceof Promise) instead.then((later) => goOn(later, reply, done)).catch(done);
  else send(reply, instead);
}

/** By the framework, so that its hooks see the answer as they see every other one. */
function send(reply: FastifyReply, { status, headers, body }: HttpAnswer): void {
  const own = unsaid(headers, (name) => reply.hasHeader(name));
  void reply
    .code(status)
    .headers(own as Record<string, string | string[]>)
    .send(body);
}
