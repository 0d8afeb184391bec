-- Guarantee: in one step, a cooldown is forgotten, unless answers in a row were counted that the caller has not heard of;
-- the canary of the caller has ended either way. All processes are told.
-- KEYS[1] until when cooldowns last, by key of the cooldown
-- KEYS[2] answers in a row, by key of the cooldown
-- KEYS[3] the lease of its canary
-- ARGV[1] key of the cooldown
-- ARGV[2] answers in a row that the caller knows of; empty where only its canary has ended
-- ARGV[3] who tells
-- ARGV[4] the channel
-- Reply: 1 where the cooldown is over, else 0
local over = ARGV[2] ~= '' and tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0) <= tonumber(ARGV[2])
if over then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[2], ARGV[1])
end
if redis.call('GET', KEYS[3]) == ARGV[3] then
  redis.call('DEL', KEYS[3])
end
redis.call('PUBLISH', ARGV[4], cjson.encode({by = ARGV[3], key = ARGV[1], over = over}))
return over and 1 or 0
