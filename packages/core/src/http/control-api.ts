import type { IncomingMessage, ServerResponse } from "node:http";
import type { Baldur } from "../api.js";
import { text } from "../describe.js";
import { type HttpAnswer, jsonAnswer } from "./answer.js";
import { controlApiMissing } from "./events.js";
import type { HttpHost } from "./host.js";
import type { HttpApiOptions, HttpGranted } from "./options.js";
import { pathOf } from "./path.js";
import { RateGate } from "./rate-gate.js";
import { httpSettingsOf } from "./settings.js";

type Authorize = (request: Request) => HttpGranted | Promise<HttpGranted>;

/** The control API, by the Fetch standard. @public */
export type ControlHandler = (
  request: Request,
  info?: { readonly remoteAddress?: string },
) => Promise<Response>;

/** Makes the control API of a runtime. @public */
export type CreateControlHandler = (
  baldur: Baldur,
  options: { readonly prefix: string; readonly authorize?: Authorize },
) => ControlHandler;

export interface ControlApiParts<R> {
  /** Of the adapter, for people. */
  readonly name: string;
  readonly prefix: string;
  readonly options: HttpApiOptions<R>;
  /** Loads what is not needed before somebody asks. */
  readonly load: () => Promise<CreateControlHandler>;
}

/** A request below the prefix. */
export interface ControlRequest<R> {
  /** The framework's. */
  readonly source: R;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The path below the prefix. */
  readonly below: string;
  /** What a parser has made of the body already. */
  readonly parsed: unknown;
}

const HEALTH = "/health";
const NOT_FOUND = jsonAnswer(404, { error: "not_found", message: "there is nothing at this path" });
const UNAVAILABLE = jsonAnswer(503, {
  error: "control_api_unavailable",
  message: "the control API could not be loaded",
});

/** Serves the control API within an application. */
export class ControlApi<R> {
  readonly #sources = new WeakMap<Request, R>();
  #control: Promise<ControlHandler> | undefined;
  #health: Promise<ControlHandler> | undefined;
  #limit: RateGate<IncomingMessage> | undefined;

  constructor(private readonly parts: ControlApiParts<R>) {}

  /** The answer, unless it was sent already. Rejects for what the Fetch standard has no words for. */
  async serve(host: HttpHost, asked: ControlRequest<R>): Promise<HttpAnswer | undefined> {
    const { options } = this.parts;
    const isPublic = asked.below === HEALTH && options.publicHealth === true;
    if (!isPublic && options.control === false) return NOT_FOUND;
    const limited = await this.#limitOf(host).admit(asked.request, asked.response);
    if (limited !== undefined) return limited;
    const handler = await this.#handler(host, isPublic);
    if (handler === undefined) return UNAVAILABLE;
    await this.#hand(handler, asked);
    return undefined;
  }

  async #hand(handler: ControlHandler, asked: ControlRequest<R>): Promise<void> {
    const { sendWebResponse, toWebRequest } = await import("./web-bridge.js");
    const { source, request, response, below, parsed } = asked;
    const url = request.url ?? "/";
    const path = `${this.parts.prefix}${below}${url.slice(pathOf(url).length)}`;
    const webRequest = toWebRequest(request, { path, parsed });
    this.#sources.set(webRequest, source);
    const { remoteAddress } = request.socket;
    await sendWebResponse(
      response,
      await handler(webRequest, remoteAddress === undefined ? {} : { remoteAddress }),
    );
  }

  /** By the peer's address, for what a header says may be anyone's. */
  #limitOf(host: HttpHost): RateGate<IncomingMessage> {
    if (this.#limit !== undefined) return this.#limit;
    const settings = httpSettingsOf(host.settings);
    this.#limit = new RateGate(
      { host, address: ({ socket }: IncomingMessage) => socket.remoteAddress },
      {
        name: "control-api",
        scope: "fleet",
        limit: settings.controlApiRateLimit,
        window: settings.controlApiRateLimitWindow,
        emergencyLimit: settings.controlApiEmergencyRateLimit,
      },
    );
    return this.#limit;
  }

  async #handler(host: HttpHost, isPublic: boolean): Promise<ControlHandler | undefined> {
    try {
      if (isPublic) this.#health ??= this.#create(host, () => "viewer");
      else this.#control ??= this.#create(host, this.#authorize());
      return await (isPublic ? this.#health : this.#control);
    } catch (error) {
      host.telemetry.report(controlApiMissing, { adapter: this.parts.name, error: text(error) });
      return undefined;
    }
  }

  /** The application knows its own requests. */
  #authorize(): Authorize | undefined {
    const { authorize } = this.parts.options;
    if (authorize === undefined) return undefined;
    return (request) => {
      const source = this.#sources.get(request);
      return source === undefined ? undefined : authorize(source);
    };
  }

  async #create(host: HttpHost, authorize: Authorize | undefined): Promise<ControlHandler> {
    const { prefix, load } = this.parts;
    const create = await load();
    return create(host as unknown as Baldur, authorize === undefined ? { prefix } : { prefix, authorize });
  }
}
