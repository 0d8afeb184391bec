// Generated from the .lua files of this folder by `npm run embed`; do not edit.
import type { RedisScript } from "../redis/redis.js";

export const applyOnce: RedisScript = {
  name: "storage.apply-once",
  lua: "local done = tonumber(redis.call('GET', KEYS[1]) or 0)\nlocal last = done\nlocal refused = 0\nlocal at = 1\nredis.call('SET', KEYS[1], string.format('%.0f', done))\nwhile at <= #ARGV do\nlocal number = tonumber(ARGV[at])\nlocal count = tonumber(ARGV[at + 2])\nif number > done then\nlocal command = {ARGV[at + 3], KEYS[tonumber(ARGV[at + 1])]}\nfor i = 1, count do\ncommand[i + 2] = ARGV[at + 3 + i]\nend\nlocal reply = redis.pcall(unpack(command))\nif type(reply) == 'table' and reply.err then\nrefused = refused + 1\nend\nlast = math.max(last, number)\nend\nat = at + 4 + count\nend\nredis.call('SET', KEYS[1], string.format('%.0f', last))\nreturn refused",
};

export const incrementOnce: RedisScript = {
  name: "storage.increment-once",
  lua: "local settled = tonumber(redis.call('ZSCORE', KEYS[2], 'settled') or 0)\nif tonumber(ARGV[2]) < settled or redis.call('ZSCORE', KEYS[2], ARGV[2]) then\nreturn tonumber(redis.call('GET', KEYS[1]) or 0)\nend\nlocal value = redis.call('INCRBY', KEYS[1], ARGV[1])\nredis.call('ZADD', KEYS[2], ARGV[2], ARGV[2])\nif tonumber(ARGV[3]) > settled then\nredis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[3])\nredis.call('ZADD', KEYS[2], ARGV[3], 'settled')\nend\nredis.call('PEXPIRE', KEYS[2], ARGV[4])\nreturn value",
};

export const replace: RedisScript = {
  name: "storage.replace",
  lua: "local found = redis.call('GET', KEYS[1])\nif found ~= (ARGV[1] == '1' and ARGV[2]) then\nreturn 0\nend\nif ARGV[4] == '0' then\nredis.call('SET', KEYS[1], ARGV[3])\nelse\nredis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])\nend\nreturn 1",
};

export const scan: RedisScript = {
  name: "storage.scan",
  lua: "return redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', 1000)",
};
