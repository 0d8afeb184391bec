-- Guarantee: in one step, a cooldown lasts as long as the longest that anyone has asked for, and its answers 429 in a row
-- are the most that anyone has counted; all processes are told. Nobody's figures shorten it.
-- KEYS[1] until when cooldowns last, by key of the cooldown
-- KEYS[2] answers in a row, by key of the cooldown
-- KEYS[3] the lease of its canary
-- ARGV[1] key of the cooldown
-- ARGV[2] milliseconds that it is to last from now
-- ARGV[3] answers in a row
-- ARGV[4] milliseconds for which a cooldown that is over is remembered
-- ARGV[5] who tells
-- ARGV[6] '1' if the answer was that of the canary
-- ARGV[7] the channel
-- Reply: {milliseconds that it lasts from now, answers in a row}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[4], 'LIMIT', 0, 16)) do
  redis.call('ZREM', KEYS[1], old)
  redis.call('HDEL', KEYS[2], old)
end
local ends = math.max(now + ARGV[2], tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0))
local count = math.max(tonumber(ARGV[3]), tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0))
redis.call('ZADD', KEYS[1], ends, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], count)
local kept = math.max(redis.call('PTTL', KEYS[1]), ends - now + ARGV[4])
redis.call('PEXPIRE', KEYS[1], kept)
redis.call('PEXPIRE', KEYS[2], kept)
if ARGV[6] == '1' and redis.call('GET', KEYS[3]) == ARGV[5] then
  redis.call('DEL', KEYS[3])
end
local told = {by = ARGV[5], key = ARGV[1], delay = ends - now, consecutive = count}
redis.call('PUBLISH', ARGV[7], cjson.encode(told))
return {ends - now, count}
