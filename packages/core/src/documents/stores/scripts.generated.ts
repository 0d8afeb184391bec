// Generated from the .lua files of this folder by `npm run embed`; do not edit.
import type { RedisScript } from "../../redis/redis.js";

export const putAside: RedisScript = {
  name: "documents.put-aside",
  lua: "if redis.call('GET', KEYS[1]) ~= ARGV[1] then\nreturn 0\nend\nredis.call('RENAME', KEYS[1], KEYS[2])\nreturn 1",
};

export const swap: RedisScript = {
  name: "documents.swap",
  lua: "local found = redis.call('GET', KEYS[1])\nlocal expected\nif found then\nexpected = ARGV[1] ~= '' and string.sub(found, 1, #ARGV[1]) == ARGV[1]\nelse\nexpected = ARGV[1] == ''\nend\nif not expected then\nreturn {found}\nend\nredis.call('SET', KEYS[1], ARGV[2])\nredis.call('PUBLISH', ARGV[3], '')\nreturn false",
};
