import type { ServerResponse } from "node:http";
import type { RateLimitRule } from "../rate-limit/store.js";
import type { Verdict } from "./rate-limit.js";

/** A limit as clients are told of it. */
export interface RateLimitPolicy extends RateLimitRule {
  readonly name: string;
}

const SECOND = 1000;
const ESCAPED = /["\\]/g;

/** A member of `RateLimit-Policy`, as draft-ietf-httpapi-ratelimit-headers has it: `"default";q=100;w=60`. */
export function policyField({ name, limit, window }: RateLimitPolicy): string {
  return `${quoted(name)};q=${limit};w=${seconds(window)}`;
}

/** A member of `RateLimit`: `"default";r=50;t=3`. */
export function limitField({ name }: RateLimitPolicy, { remaining, reset }: Verdict): string {
  return `${quoted(name)};r=${remaining};t=${seconds(reset)}`;
}

/** Whole seconds, never too few. */
export function seconds(milliseconds: number): number {
  return Math.ceil(milliseconds / SECOND);
}

/**
 * Tells a client what a limit leaves it, by the fields of the draft and by those that came before it. Of several limits the
 * draft's fields list each, and the older ones, which cannot, have the one that leaves least. `now` is the time of day.
 */
export function tellLimit(
  response: ServerResponse,
  policy: RateLimitPolicy,
  verdict: Verdict,
  now: number,
): void {
  addMember(response, "ratelimit-policy", policyField(policy));
  addMember(response, "ratelimit", limitField(policy, verdict));
  if (verdict.emergency === true) response.setHeader("x-ratelimit-mode", "emergency");
  tellOlderFields(response, policy, verdict, now);
}

function tellOlderFields(
  response: ServerResponse,
  { limit }: RateLimitPolicy,
  { remaining, reset }: Verdict,
  now: number,
): void {
  const told = response.getHeader("x-ratelimit-remaining");
  if (told !== undefined && Number(told) <= remaining) return;
  response.setHeader("x-ratelimit-limit", limit);
  response.setHeader("x-ratelimit-remaining", remaining);
  response.setHeader("x-ratelimit-reset", seconds(now + reset));
}

function addMember(response: ServerResponse, name: string, member: string): void {
  const before = response.getHeader(name);
  response.setHeader(name, before === undefined ? member : `${String(before)}, ${member}`);
}

function quoted(name: string): string {
  return `"${name.replace(ESCAPED, "\\$&")}"`;
}
