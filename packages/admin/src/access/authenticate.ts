import { isLoopbackAddress } from "./hosts.js";
import type { Keys } from "./keys.js";
import type { OriginGate } from "./origin-gate.js";
import { type AdminRole, type Caller, isRole } from "./roles.js";

export const KEY_HEADER = "x-baldur-admin-key";
const LONGEST_ACTOR = 256;
/** What a proxy adds: then the peer is the proxy, whoever asks. */
const PROXY_HEADER =
  /^(?:via|cdn-loop|(?:x-)?(?:original-)?forwarded(?:-.+)?|(?:.+-)?(?:real|client|connecting|remote)-?ip|(?:x-envoy|l5d)-.+)$/;
/** No controls, and no comma, which joins what was sent twice. */
const IDENTITY = /^[^\p{C},]+$/u;

/**
 * Says what somebody may do who is asking through the application's own framework: undefined for a stranger. "admin" needs
 * BALDUR_ADMIN_UNLOCK as well.
 * @public
 */
export type Authorize = (request: Request) => Granted | Promise<Granted>;
/** @public */
export type Granted = AdminRole | { readonly role: AdminRole; readonly actor?: string } | undefined;

export interface AuthenticationParts {
  readonly keys: Keys;
  readonly gate: OriginGate;
  readonly authorize: Authorize | undefined;
  readonly unlock: boolean;
  readonly trustProxy: boolean;
  readonly identityHeader: string;
}

/** Why somebody was not let in, as a word for events. */
export type Rejection =
  | "missing_api_key_header"
  | "invalid_api_key"
  | "api_key_not_configured_for_non_localhost_client";

/** Finds out who asks. */
export class Authentication {
  constructor(private readonly parts: AuthenticationParts) {}

  /** The application's own verdict first, then the key, then, where there is no key, the place. */
  async of(request: Request, remoteAddress: string | undefined): Promise<Caller | Rejection> {
    const { authorize, keys } = this.parts;
    const granted = await authorize?.(request);
    if (granted !== undefined) return this.#granted(granted, request);
    if (keys.configured) return this.#byKey(request);
    if (authorize !== undefined) return "missing_api_key_header";
    if (!this.#isLocal(request, remoteAddress)) return "api_key_not_configured_for_non_localhost_client";
    return { role: this.#raised("operator"), actor: "loopback" };
  }

  #byKey(request: Request): Caller | Rejection {
    const key = request.headers.get(KEY_HEADER);
    if (key === null) return "missing_api_key_header";
    const role = this.parts.keys.roleOf(key);
    if (role === undefined) return "invalid_api_key";
    return { role: this.#raised(role), actor: this.#identity(request) ?? `key:${role}` };
  }

  #granted(granted: NonNullable<Granted>, request: Request): Caller {
    const { role, actor } = typeof granted === "string" ? { role: granted, actor: undefined } : granted;
    if (!isRole(role)) throw new TypeError("authorize must answer a role, or undefined");
    const known = actor ?? this.#identity(request) ?? `application:${role}`;
    return { role: role === "admin" && !this.parts.unlock ? "operator" : role, actor: known };
  }

  /** Unlocked, an operator may do everything. */
  #raised(role: "operator" | "viewer"): AdminRole {
    return role === "operator" && this.parts.unlock ? "admin" : role;
  }

  /** Somebody on this machine, or a program that somebody on this machine runs; not a page, and not a proxy. */
  #isLocal(request: Request, remoteAddress: string | undefined): boolean {
    const { gate, identityHeader } = this.parts;
    if (!isLoopbackAddress(remoteAddress) || !gate.isOwn(request)) return false;
    const { headers } = request;
    // An image or a script of another site, which a browser loads without telling its origin.
    if (headers.get("sec-fetch-site") === "cross-site") return false;
    return !headers.has(identityHeader) && ![...headers.keys()].some((name) => PROXY_HEADER.test(name));
  }

  /** Who asks, by the proxy in front. */
  #identity({ headers }: Request): string | undefined {
    const { trustProxy, identityHeader } = this.parts;
    const identity = trustProxy ? headers.get(identityHeader)?.trim() : undefined;
    const isUsable = identity !== undefined && identity.length <= LONGEST_ACTOR && IDENTITY.test(identity);
    return isUsable ? identity : undefined;
  }
}
