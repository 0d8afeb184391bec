import { OTHER_ENDPOINT, UNMATCHED_ROUTE } from "./endpoint-label.js";
import type { MethodSeries } from "./method-series.js";

/** An endpoint with a place of its own may lose it when nobody asked it for so long, in milliseconds. */
const IDLE = 600_000;
/** A stream of new endpoints must not cost a look at all of them each. */
const BETWEEN_LOOKS = 10_000;

/** Series of one endpoint, by the place of the method. */
export class Endpoint {
  readonly methods: (MethodSeries | undefined)[] = [];
  lastUsed = 0;

  constructor(readonly label: string) {}
}

/**
 * The endpoints that have series of their own. When there are too many, further ones share one, until one that nobody has
 * asked for long makes room: its series end, so that the limit holds for what is exported too.
 */
export class EndpointTable {
  readonly #byLabel = new Map<string, Endpoint>();
  readonly #other = new Endpoint(OTHER_ENDPOINT);
  readonly #unmatched = new Endpoint(UNMATCHED_ROUTE);
  #nextLook = 0;

  constructor(private readonly limit: number) {}

  /** The endpoint that has this label for its own. */
  find(label: string, now: number): Endpoint | undefined {
    const endpoint = this.#byLabel.get(label);
    if (endpoint !== undefined) endpoint.lastUsed = now;
    return endpoint;
  }

  /** A place for a label that has none: its own, or the shared one. */
  enter(label: string, now: number): Endpoint {
    if (label === UNMATCHED_ROUTE) return this.#unmatched;
    if (label === OTHER_ENDPOINT) return this.#other;
    if (this.#byLabel.size >= this.limit && !this.#makeRoom(now)) return this.#other;
    const endpoint = new Endpoint(label);
    endpoint.lastUsed = now;
    this.#byLabel.set(label, endpoint);
    return endpoint;
  }

  #makeRoom(now: number): boolean {
    if (now < this.#nextLook) return false;
    const oldest = [...this.#byLabel.values()].reduce((a, b) => (b.lastUsed < a.lastUsed ? b : a));
    if (now - oldest.lastUsed < IDLE) {
      this.#nextLook = now + BETWEEN_LOOKS;
      return false;
    }
    this.#byLabel.delete(oldest.label);
    for (const series of oldest.methods) series?.remove();
    return true;
  }
}
