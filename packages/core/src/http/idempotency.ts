import type { ServerResponse } from "node:http";
import { isBaldurError } from "../errors.js";
import { isPending } from "../idempotency/answer.js";
import type { Claim } from "../idempotency/claim.js";
import type { IdempotencyDuplicateError } from "../idempotency/errors.js";
import type { Admission } from "../idempotency/gate.js";
import type { IdempotencyOptions } from "../pipeline/options.js";
import type { HttpAnswer } from "./answer.js";
import { responseTooLong } from "./events.js";
import { type Fingerprinted, fingerprint } from "./fingerprint.js";
import type { Instead } from "./framework.js";
import type { HttpHost } from "./host.js";
import { readIdempotencyKey } from "./idempotency-key.js";
import { type IdempotencyProblems, idempotencyProblems } from "./idempotency-problems.js";
import { type RecordedResponse, ResponseRecorder } from "./response-recorder.js";
import { isStoredResponse, replayed, type StoredResponse, storedResponse } from "./stored-response.js";

/** How requests with a header `Idempotency-Key` are done once. Durations in milliseconds. @public */
export interface HttpIdempotencyOptions<R>
  extends Pick<IdempotencyOptions, "ttl" | "executionTtl" | "failOpen"> {
  /** Refuse requests without a key. Default false: they are done as if there were no such option. */
  readonly required?: boolean;
  /**
   * Whose keys these are, such as a tenant's id: the same key of another one is another key. Default: keys are shared, and an answer
   * is repeated only to the `Authorization` and the `Cookie` that it was given to.
   */
  readonly principal?: (request: R) => string | undefined;
  /** What of a request must be the same for it to be the same request. Default: its method, URL and parsed body. */
  readonly fingerprint?: (request: R) => unknown;
  /** Bytes of an answer's body that are kept. Default 65,536. A longer one is not repeated: duplicates are told that it was done. */
  readonly maxBytes?: number;
  /** Where clients find how keys are used: the `type` of problems. Default: the draft. */
  readonly documentation?: string;
}

/** What is asked of the framework. */
export interface IdempotentRequest<R> {
  readonly request: R;
  readonly response: ServerResponse;
  readonly method: string;
  /** As it came, with its query. */
  readonly url: string;
  readonly key: string | readonly string[] | undefined;
  /** `Authorization` and `Cookie`. */
  readonly credentials: readonly (string | undefined)[];
  readonly body: unknown;
  /** There is one, and no parser has read it. */
  readonly isUnread?: boolean;
}

interface Keyed {
  readonly storeKey: string;
  readonly fingerprint: string;
  readonly response: ServerResponse;
}

const DOMAIN = "http";
const MAX_BYTES = 65_536;
/** Methods that change nothing need no key. */
const SAFE: readonly string[] = ["GET", "HEAD", "OPTIONS", "TRACE"];
/** Answers that say nothing was done yet, and that another attempt may change. */
const NOT_DONE: readonly number[] = [401, 403, 408, 425, 429];
const DELIMITERS = /[\\:]/g;

/** Does the requests of a route once per key, and repeats its answer to duplicates. */
export class IdempotentRequests<R> {
  readonly #problems: IdempotencyProblems;

  constructor(
    private readonly host: HttpHost,
    private readonly options: HttpIdempotencyOptions<R>,
  ) {
    this.#problems = idempotencyProblems(options.documentation);
  }

  /** Throws only what the functions of the options throw. */
  admit(asked: IdempotentRequest<R>): Instead | Promise<Instead> {
    if (SAFE.includes(asked.method) || !this.host.idempotency.enabled) return undefined;
    const given = readIdempotencyKey(asked.key);
    if ("problem" in given) {
      const isWanted = given.problem === "malformed" || this.options.required === true;
      return isWanted ? this.#problems[given.problem] : undefined;
    }
    const keyed = this.#keyed(asked, given.key);
    return keyed === undefined ? this.#problems.unreadable : this.#claim(keyed);
  }

  /** Undefined where the request cannot be told from others. What the options' functions throw is the application's. */
  #keyed(asked: IdempotentRequest<R>, key: string): Keyed | undefined {
    const { principal, fingerprint: own } = this.options;
    if (asked.isUnread === true && own === undefined) return undefined;
    const owner = principal?.(asked.request);
    const credentials = owner === undefined ? asked.credentials : [];
    const { method, url, body } =
      own === undefined ? asked : { method: "", url: "", body: own(asked.request) };
    const digest = digestOf({ method, url, body, credentials });
    if (digest === undefined) return undefined;
    const storeKey = `${DOMAIN}:${(owner ?? "").replace(DELIMITERS, "\\$&")}:${key}`;
    return { storeKey, fingerprint: digest, response: asked.response };
  }

  #claim(keyed: Keyed): Instead | Promise<Instead> {
    const { ttl, executionTtl, failOpen } = this.options;
    const options = { replayResult: true, ttl, executionTtl, failOpen } as IdempotencyOptions;
    try {
      const admission = this.host.idempotency.admit({ key: keyed.storeKey, domain: DOMAIN, options });
      if (!isPending(admission)) return this.#admitted(keyed, admission);
      const admitted = (later: Admission): Instead => this.#admitted(keyed, later);
      return Promise.resolve(admission.then(admitted, (error: unknown) => this.#refused(error)));
    } catch (error) {
      return this.#refused(error);
    }
  }

  #admitted(keyed: Keyed, admission: Admission): Instead {
    if ("replayed" in admission) return this.#repeat(keyed, admission.replayed);
    const { claim } = admission;
    if (claim !== null) this.#record(keyed, claim);
    return undefined;
  }

  #repeat(keyed: Keyed, stored: unknown): HttpAnswer {
    if (!isStoredResponse(stored)) return this.#problems.done;
    if (stored.fingerprint !== keyed.fingerprint) return this.#problems.reused;
    return replayed(stored) ?? this.#problems.done;
  }

  #refused(error: unknown): HttpAnswer {
    if (!isBaldurError(error, "ERR_BALDUR_IDEMPOTENCY_DUPLICATE")) return this.#problems.unavailable;
    const { decision } = error as IdempotencyDuplicateError;
    return decision === "abort" ? this.#problems.outstanding : this.#problems.done;
  }

  #record(keyed: Keyed, claim: Claim): void {
    const { maxBytes = MAX_BYTES } = this.options;
    new ResponseRecorder(keyed.response, maxBytes, (recorded) => {
      const settled = this.#settle(keyed, claim, recorded);
      return isPending(settled) ? settled : undefined;
    });
  }

  /** A client hears of an answer when it is recorded, so that whoever asks again after it hears the same. */
  #settle(keyed: Keyed, claim: Claim, { status, headers, body }: RecordedResponse): void | PromiseLike<void> {
    if (NOT_DONE.includes(status)) return claim.release();
    if (status >= 500) return claim.fail();
    const stored: StoredResponse = storedResponse(keyed.fingerprint, status, headers, body);
    if (body === undefined) this.#tellTooLong(keyed);
    return claim.complete(stored);
  }

  #tellTooLong({ storeKey }: Keyed): void {
    this.host.telemetry.report(responseTooLong, {
      key: storeKey,
      max_bytes: this.options.maxBytes ?? MAX_BYTES,
    });
  }
}

/** Undefined for a body that is nested too deep, or that has no JSON. */
function digestOf(request: Fingerprinted): string | undefined {
  try {
    return fingerprint(request);
  } catch {
    return undefined;
  }
}
