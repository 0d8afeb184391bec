-- Guarantee: in one step, all but the newest entries, and those from before a time, are removed, unless that was done a short
-- while ago. The clock is that of Redis: those of the callers differ.
-- KEYS[1] the entries
-- KEYS[2] when they were last pruned
-- ARGV[1] milliseconds within which it is not done again, a day at most
-- ARGV[2] how many of the newest stay
-- ARGV[3] upper bound of those that do not, whatever their number
-- Reply: how many were removed, or nil where it was done a short while ago
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = tonumber(redis.call('GET', KEYS[2]) or '')
if last and last <= now and now - last < tonumber(ARGV[1]) then
  return false
end
redis.call('SET', KEYS[2], string.format('%.0f', now), 'PX', 86400000)
local expired = redis.call('ZREMRANGEBYLEX', KEYS[1], '-', ARGV[3])
return expired + redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[2]))
