import type { RedisReply } from "@baldur/core/plugin";

/** What `HGETALL` answers, by field. */
export function pairsOf(reply: RedisReply): Map<string, string> {
  const flat = reply as readonly string[];
  const pairs = new Map<string, string>();
  for (let at = 0; at < flat.length; at += 2) pairs.set(flat[at] as string, flat[at + 1] as string);
  return pairs;
}
