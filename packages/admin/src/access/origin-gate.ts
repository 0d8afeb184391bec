import { bindName, hostName, isLoopbackName, originHost } from "./hosts.js";

export interface Surroundings {
  /** Where the server listens; undefined where another server hands the requests on. */
  readonly bind: string | undefined;
  readonly allowedOrigins: readonly string[];
}

/** Keeps out browsers that another site sends: by a name that it made point here, or by a page of its own. */
export class OriginGate {
  readonly #names: ReadonlySet<string>;
  /** Nobody has said by which names a server beyond loopback is reached. */
  readonly #open: boolean;

  constructor({ bind, allowedOrigins }: Surroundings) {
    const own = bind === undefined ? undefined : bindName(bind);
    const names = [own, ...allowedOrigins.map(nameOf)];
    this.#names = new Set(names.filter((name) => name !== undefined));
    this.#open = allowedOrigins.length === 0 && !(own !== undefined && isLoopbackName(own));
  }

  /** Whether a request may go on. */
  admits(request: Request): boolean {
    return request.headers.get("origin") !== "null" && (this.#open || this.isOwn(request));
  }

  /** Whether every name in a request is one of this server's, also where the gate stands open. */
  isOwn(request: Request): boolean {
    const origin = request.headers.get("origin");
    const asked = [hostName(hostHeader(request)), hostName(new URL(request.url).host)];
    const names = origin === null ? asked : [...asked, originHost(origin)];
    return names.every((name) => name !== undefined && (isLoopbackName(name) || this.#names.has(name)));
  }
}

export function hostHeader(request: Request): string {
  return request.headers.get("host") ?? new URL(request.url).host;
}

/** Operators write names as well as origins. */
function nameOf(allowed: string): string | undefined {
  return allowed.includes("://") ? originHost(allowed) : hostName(allowed);
}
