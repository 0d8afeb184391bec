// Generated from the .lua files of this folder by `npm run embed`; do not edit.
import type { RedisScript } from "../../redis/redis.js";

export const swap: RedisScript = {
  name: "idempotency.swap",
  lua: "local found = redis.call('GET', KEYS[1])\nlocal time = redis.call('TIME')\nlocal now = time[1] * 1000 + math.floor(time[2] / 1000)\nlocal expected\nif found then\nexpected = ARGV[1] ~= '' and string.sub(found, 1, #ARGV[1]) == ARGV[1]\nelse\nexpected = ARGV[1] == ''\nend\nif not expected then\nreturn {now, found}\nend\nif ARGV[2] == '' then\nredis.call('DEL', KEYS[1])\nelse\nredis.call('SET', KEYS[1], ARGV[2] .. string.format('%.0f', now) .. ARGV[3], 'PX', ARGV[4])\nend\nreturn {now}",
};
