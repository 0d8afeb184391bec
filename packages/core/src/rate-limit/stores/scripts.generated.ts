// Generated from the .lua files of this folder by `npm run embed`; do not edit.
import type { RedisScript } from "../../redis/redis.js";

export const endCooldown: RedisScript = {
  name: "rate-limit.end-cooldown",
  lua: "local over = ARGV[2] ~= '' and tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0) <= tonumber(ARGV[2])\nif over then\nredis.call('ZREM', KEYS[1], ARGV[1])\nredis.call('HDEL', KEYS[2], ARGV[1])\nend\nif redis.call('GET', KEYS[3]) == ARGV[3] then\nredis.call('DEL', KEYS[3])\nend\nredis.call('PUBLISH', ARGV[4], cjson.encode({by = ARGV[3], key = ARGV[1], over = over}))\nreturn over and 1 or 0",
};

export const extendCooldown: RedisScript = {
  name: "rate-limit.extend-cooldown",
  lua: "local time = redis.call('TIME')\nlocal now = time[1] * 1000 + math.floor(time[2] / 1000)\nfor _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[4], 'LIMIT', 0, 16)) do\nredis.call('ZREM', KEYS[1], old)\nredis.call('HDEL', KEYS[2], old)\nend\nlocal ends = math.max(now + ARGV[2], tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0))\nlocal count = math.max(tonumber(ARGV[3]), tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0))\nredis.call('ZADD', KEYS[1], ends, ARGV[1])\nredis.call('HSET', KEYS[2], ARGV[1], count)\nlocal kept = math.max(redis.call('PTTL', KEYS[1]), ends - now + ARGV[4])\nredis.call('PEXPIRE', KEYS[1], kept)\nredis.call('PEXPIRE', KEYS[2], kept)\nif ARGV[6] == '1' and redis.call('GET', KEYS[3]) == ARGV[5] then\nredis.call('DEL', KEYS[3])\nend\nlocal told = {by = ARGV[5], key = ARGV[1], delay = ends - now, consecutive = count}\nredis.call('PUBLISH', ARGV[7], cjson.encode(told))\nreturn {ends - now, count}",
};

export const leaseCanary: RedisScript = {
  name: "rate-limit.lease-canary",
  lua: "local owner = redis.call('GET', KEYS[1])\nif owner and owner ~= ARGV[1] then\nreturn math.max(1, redis.call('PTTL', KEYS[1]))\nend\nredis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])\nreturn 0",
};

export const listCooldowns: RedisScript = {
  name: "rate-limit.list-cooldowns",
  lua: "local time = redis.call('TIME')\nlocal now = time[1] * 1000 + math.floor(time[2] / 1000)\nlocal found = redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', now - ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])\nlocal answer = {}\nfor i = 1, #found, 2 do\nanswer[#answer + 1] = found[i]\nanswer[#answer + 1] = math.max(0, found[i + 1] - now)\nanswer[#answer + 1] = tonumber(redis.call('HGET', KEYS[2], found[i]) or 1)\nend\nreturn answer",
};

export const take: RedisScript = {
  name: "rate-limit.take",
  lua: "local time = redis.call('TIME')\nlocal now = time[1] * 1000 + math.floor(time[2] / 1000)\nlocal width = ARGV[2] / 20\nlocal cell = math.floor(now / width)\nlocal added = ARGV[3] + ARGV[4]\nlocal total\nif redis.call('HINCRBY', KEYS[1], cell, added) == added then\ntotal = 0\nlocal counts = redis.call('HGETALL', KEYS[1])\nfor i = 1, #counts, 2 do\nlocal other = tonumber(counts[i])\nif other and math.abs(cell - other) > 20 then\nredis.call('HDEL', KEYS[1], counts[i])\nelseif other then\ntotal = total + counts[i + 1]\nend\nend\nredis.call('HSET', KEYS[1], 'total', total)\nredis.call('PEXPIRE', KEYS[1], math.ceil(22 * width))\nelse\ntotal = redis.call('HINCRBY', KEYS[1], 'total', added)\nend\nlocal over = total - ARGV[1]\nif over <= 0 then\nreturn {tonumber(ARGV[3]), 0, -over}\nend\nlocal refused = math.min(over, ARGV[3])\nredis.call('HINCRBY', KEYS[1], cell, -refused)\nredis.call('HINCRBY', KEYS[1], 'total', -refused)\nlocal counted = {}\nlocal counts = redis.call('HGETALL', KEYS[1])\nfor i = 1, #counts, 2 do\ncounted[counts[i]] = tonumber(counts[i + 1])\nend\nlocal excess = over - refused\nlocal oldest = cell - 20\nwhile oldest < cell do\nexcess = excess - (counted[string.format('%.0f', oldest)] or 0)\nif excess < 0 then\nbreak\nend\noldest = oldest + 1\nend\nlocal wait = math.max(1, math.ceil((oldest + 21) * width - now))\nif math.floor((now + wait) / width) < oldest + 21 then\nwait = wait + 1\nend\nreturn {ARGV[3] - refused, wait, 0}",
};
