import { AdapterError } from "@baldur/core";
import type { RedisClient } from "@baldur/core/plugin";

/** What a Redis may lose of what it acknowledged. */
export interface Durability {
  readonly problem: string;
  readonly remedy: string;
}

/** Finds out what this Redis may lose and tells it: now, or when it is there. What is not told to us is not guessed at. */
export function tellDurability(client: RedisClient, tell: (found: Durability) => void): void {
  const ask = async (): Promise<void> => {
    const replies = await client.batch([
      ["INFO", "persistence"],
      ["INFO", "memory"],
    ]);
    for (const found of problemsIn(replies.join("\n"))) tell(found);
  };
  ask().catch((error: unknown) => {
    if (!(error instanceof AdapterError)) throw error;
    if (!client.available) askLater(client, ask);
  });
}

function askLater(client: RedisClient, ask: () => Promise<void>): void {
  const watching = client.watch((isAvailable) => {
    if (!isAvailable) return;
    watching[Symbol.dispose]();
    ask().catch(() => undefined); // it is away again, or says nothing about itself
  });
}

/** From what `INFO` says. Entries have no time to live, so that only a policy for all keys evicts them. */
function problemsIn(info: string): Durability[] {
  const found: Durability[] = [];
  if (/^aof_enabled:0/m.test(info)) {
    found.push({
      problem:
        "it writes no append-only file: what it took since its last snapshot, if it takes any, is lost when it ends",
      remedy: "set appendonly yes",
    });
  }
  const [, policy] = /^maxmemory_policy:(allkeys-\S+)/m.exec(info) ?? [];
  if (policy !== undefined) {
    found.push({
      problem: `it removes entries when its memory is full (maxmemory-policy ${policy})`,
      remedy: "set maxmemory-policy noeviction: what finds no room goes to the spill file",
    });
  }
  return found;
}
