import { type Baldur, init } from "@baldur/core";
import {
  type CreateControlHandler,
  defaultBaldur,
  HttpAdapter,
  type HttpAdapterOptions,
  OwnRoutes,
  type RuntimeSource,
} from "@baldur/core/plugin";
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from "fastify";
import fp from "fastify-plugin";
import { addHooks } from "./hooks.js";
import type { FastifyBaldurOptions } from "./options.js";
import { ownRoutes } from "./own-routes.js";
import { guardRoute } from "./route-guards.js";

const NAME = "fastify";

const framework = {
  name: NAME,
  template: (request: FastifyRequest): string | undefined => request.routeOptions.url,
  address: (request: FastifyRequest): string => request.ip,
};

/**
 * Puts a Fastify application under Baldur's protection; register it before all other plugins. It starts the runtime, admits
 * requests and refuses them while the process goes out of service, measures them, keeps to the limits that the options set,
 * and serves health, metrics and the control API. Registered again, it does nothing. Rejects when the runtime cannot start.
 * @public
 */
export const baldur: FastifyPluginAsync<FastifyBaldurOptions> = fp(register, {
  fastify: "5.x",
  name: "@baldur/fastify",
});

async function register(fastify: FastifyInstance, options: FastifyBaldurOptions): Promise<void> {
  if (fastify.hasDecorator("baldur")) return;
  const adapter = new HttpAdapter<FastifyRequest>(
    framework,
    adapterOptions(fastify, options),
    source(options),
  );
  const runtime = await adapter.ready;
  const { prefix: mount } = fastify;
  const own = new OwnRoutes<FastifyRequest>({ name: NAME, mount, adapter, options, loadControl });
  adapter.server(fastify.server, false);
  fastify.decorate("baldur", {
    runtime,
    context: () => adapter.context(),
    close: (given) => adapter.shutdown(given),
  });
  addHooks(fastify, adapter, { own, hasStorage: options.context?.storage === true });
  const circuits = isNamed(options.circuitBreaker) ? undefined : options.circuitBreaker;
  fastify.addHook("onRoute", (route) => {
    if (!own.owns(route.url)) guardRoute(route, adapter, circuits);
  });
  await fastify.register(ownRoutes, { own });
}

/** The end of a drain closes the application, and an application that is closed ends in a drain. */
function adapterOptions(
  fastify: FastifyInstance,
  { circuitBreaker, ...options }: FastifyBaldurOptions,
): HttpAdapterOptions<FastifyRequest> {
  let isClosing = false;
  fastify.addHook("preClose", (done) => {
    isClosing = true;
    done();
  });
  const onDrained = async (): Promise<void> => {
    if (!isClosing) await fastify.close();
  };
  return { ...options, onDrained, ...(isNamed(circuitBreaker) && { circuitBreaker }) };
}

/** A circuit around all routes. */
function isNamed(
  option: FastifyBaldurOptions["circuitBreaker"],
): option is NonNullable<HttpAdapterOptions<FastifyRequest>["circuitBreaker"]> {
  return typeof option === "object" && option.name !== undefined;
}

function source({ runtime }: { readonly runtime?: Baldur }): RuntimeSource {
  return {
    started: runtime === undefined ? init() : runtime.start(),
    fallback: () => runtime ?? defaultBaldur(),
  };
}

async function loadControl(): Promise<CreateControlHandler> {
  return (await import("@baldur/admin")).adminHandler;
}
