import { text } from "../describe.js";
import { isBaldurError } from "../errors.js";
import { watched } from "../isolate.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { classifyFailed } from "./events.js";
import type { ProtectOptions } from "./options.js";
import type { Classification } from "./outcome.js";

const CLASSIFICATIONS: readonly unknown[] = ["failure", "ignored", "rate_limited", "fatal"];

/** Rejections by a local guard, nested inside the function: they say nothing about the dependency. */
const LOCAL_REJECTIONS: ReadonlySet<string> = new Set([
  "ERR_BALDUR_BULKHEAD_FULL",
  "ERR_BALDUR_BULKHEAD_TIMEOUT",
  "ERR_BALDUR_RATE_LIMIT_EXCEEDED",
  "ERR_BALDUR_RATE_LIMIT_DEFERRED",
  "ERR_BALDUR_IDEMPOTENCY_DUPLICATE",
]);

/** The one place that says what an error means: the caller's `classify` if there is one, else the rules below. */
export function classify(
  error: unknown,
  options: ProtectOptions | undefined,
  name: string,
  telemetry: TelemetryHub,
): Classification {
  const own = options?.classify;
  if (own === undefined) return classifyByDefault(error);
  try {
    const answer = watched(own(error), ignoreRejection);
    if (CLASSIFICATIONS.includes(answer)) return answer;
    throw new TypeError(`classify answered ${String(answer)}`);
  } catch (problem) {
    telemetry.report(classifyFailed, { name, error: text(problem) });
    return classifyByDefault(error);
  }
}

function ignoreRejection(): void {
  // That a promise is no classification is reported by the caller.
}

/** What an error means by the rules. */
export function classifyByDefault(error: unknown): Classification {
  try {
    if (isBaldurError(error))
      return LOCAL_REJECTIONS.has(error.code) ? "ignored" : error.retryable ? "failure" : "fatal";
    return isRateLimited(error) ? "rate_limited" : "failure";
  } catch {
    return "failure"; // a getter of the caller's error threw
  }
}

const TOO_MANY_REQUESTS = 429;
const WORDS = /\b429\b|rate.?limit|too many requests|throttl|quota exceeded/i;

/**
 * Whether an error is the answer 429. A numeric status in one of the usual places decides; the words of the error are
 * asked only where there is none. Lets the getters of a hostile error throw.
 */
function isRateLimited(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const status = statusOf(error);
  if (status !== undefined) return status === TOO_MANY_REQUESTS;
  const { name, code, message } = error as { name?: unknown; code?: unknown; message?: unknown };
  return speaksOfLimits(message) || speaksOfLimits(code) || (name !== "Error" && speaksOfLimits(name));
}

function speaksOfLimits(words: unknown): boolean {
  return typeof words === "string" && WORDS.test(words);
}

interface WithStatus {
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly response?: WithStatus | null;
  readonly $metadata?: { readonly httpStatusCode?: unknown } | null;
}

/** The HTTP status that an error carries, as the common clients carry it. */
function statusOf(error: object): number | undefined {
  const { status, statusCode, response, $metadata } = error as WithStatus;
  if (isStatus(status)) return status;
  if (isStatus(statusCode)) return statusCode;
  if (isStatus(response?.status)) return response.status;
  if (isStatus(response?.statusCode)) return response.statusCode;
  return isStatus($metadata?.httpStatusCode) ? $metadata.httpStatusCode : undefined;
}

function isStatus(value: unknown): value is number {
  return typeof value === "number" && value >= 100 && value < 600;
}
