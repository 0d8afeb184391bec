// Generated from the .lua files of this folder by `npm run embed`; do not edit.
import type { RedisScript } from "./redis.js";

export const putAside: RedisScript = {
  name: "core.put-aside",
  lua: "local found = redis.call('TYPE', KEYS[1]).ok\nif found == 'none' or found == ARGV[1] then\nreturn false\nend\nredis.call('RENAME', KEYS[1], KEYS[2])\nreturn found",
};
