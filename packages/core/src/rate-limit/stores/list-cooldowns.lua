-- Guarantee: answers the cooldowns of one moment, those that wait for a canary included.
-- KEYS[1] until when cooldowns last, by key of the cooldown
-- KEYS[2] answers in a row, by key of the cooldown
-- ARGV[1] milliseconds for which a cooldown that is over is remembered
-- ARGV[2] the most to be answered; the longest first
-- Reply: {key, milliseconds that it lasts from now, answers in a row, key, and so on}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', now - ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local answer = {}
for i = 1, #found, 2 do
  answer[#answer + 1] = found[i]
  answer[#answer + 1] = math.max(0, found[i + 1] - now)
  answer[#answer + 1] = tonumber(redis.call('HGET', KEYS[2], found[i]) or 1)
end
return answer
