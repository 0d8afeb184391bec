import { createHash } from "node:crypto";
import type { RedisScript } from "@baldur/core/plugin";
import { failureOf } from "./failure.js";
import type { Link } from "./link.js";

type Value = string | number;

/** Runs scripts by their digest, which is worked out once; one that Redis does not have is sent whole, and kept by it. */
export class Scripts {
  readonly #digests = new WeakMap<RedisScript, string>();

  run(link: Link, script: RedisScript, keys: readonly string[], args: readonly Value[]): Promise<unknown> {
    const digest = this.#digest(script);
    return link.call(["evalsha", digest, keys.length, ...keys, ...args]).catch((error: unknown) => {
      if (failureOf(error).type !== "NOSCRIPT") throw error;
      return link.call(["eval", script.lua, keys.length, ...keys, ...args]);
    });
  }

  #digest(script: RedisScript): string {
    const known = this.#digests.get(script);
    if (known !== undefined) return known;
    const digest = createHash("sha1").update(script.lua).digest("hex");
    this.#digests.set(script, digest);
    return digest;
  }
}
