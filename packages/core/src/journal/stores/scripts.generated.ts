// Generated from the .lua files of this folder by `npm run embed`; do not edit.
import type { RedisScript } from "../../redis/redis.js";

export const prune: RedisScript = {
  name: "journal.prune",
  lua: "local time = redis.call('TIME')\nlocal now = time[1] * 1000 + math.floor(time[2] / 1000)\nlocal last = tonumber(redis.call('GET', KEYS[2]) or '')\nif last and last <= now and now - last < tonumber(ARGV[1]) then\nreturn false\nend\nredis.call('SET', KEYS[2], string.format('%.0f', now), 'PX', 86400000)\nlocal expired = redis.call('ZREMRANGEBYLEX', KEYS[1], '-', ARGV[3])\nreturn expired + redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[2]))",
};
