-- Guarantee: in one step, the record becomes another one if what is there is what the caller decided on, and otherwise
-- stays as it is and is told. A record says itself since when it holds, by the clock of Redis: those of the callers differ.
-- KEYS[1] the record
-- ARGV[1] how the record must begin; empty where there must be none
-- ARGV[2] the new record up to the time since when it holds; empty to remove the record
-- ARGV[3] the new record from there on
-- ARGV[4] milliseconds for which it is kept
-- Reply: {time in milliseconds}, or where nothing was changed {time in milliseconds, what is there or nil}
local found = redis.call('GET', KEYS[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expected
if found then
  expected = ARGV[1] ~= '' and string.sub(found, 1, #ARGV[1]) == ARGV[1]
else
  expected = ARGV[1] == ''
end
if not expected then
  return {now, found}
end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2] .. string.format('%.0f', now) .. ARGV[3], 'PX', ARGV[4])
end
return {now}
