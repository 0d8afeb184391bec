// Generated from the .lua files of this folder by `npm run embed`; do not edit.
import type { RedisScript } from "../../redis/redis.js";

export const swap: RedisScript = {
  name: "circuit-breaker.swap",
  lua: "local found = redis.call('GET', KEYS[1])\nlocal time = redis.call('TIME')\nlocal micros = time[1] * 1000000 + time[2]\nlocal now = math.floor(micros / 1000)\nlocal expected\nif found then\nexpected = ARGV[1] ~= '' and string.sub(found, 1, #ARGV[1]) == ARGV[1]\nelse\nexpected = ARGV[1] == ''\nend\nlocal early = now < tonumber(ARGV[4])\nlocal late = ARGV[5] ~= '0' and now >= tonumber(ARGV[5])\nif not expected or early or late then\nreturn {micros, found}\nend\nif ARGV[3] == '0' then\nredis.call('SET', KEYS[1], ARGV[2])\nelse\nredis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])\nend\nif ARGV[6] ~= '' then\nredis.call('PUBLISH', ARGV[6], ARGV[2])\nend\nreturn {micros}",
};
