import type { Plugin } from "@baldur/core/plugin";
import { embedded } from "@baldur/embedded";
import { dlq } from "@baldur/pro-dlq";

/** Every commercial package with its defaults, and the embedded store that they keep their state in. @public */
export function pro(): Plugin[] {
  return [embedded(), dlq()];
}
