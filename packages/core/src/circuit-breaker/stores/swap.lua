-- Guarantee: in one step, a circuit's record becomes another one if it is what the caller decided on and the time is one for
-- which that was decided, and those who listen are told; otherwise it stays as it is and is answered.
-- KEYS[1] the record
-- ARGV[1] how the record must begin; empty where there must be none
-- ARGV[2] the new record
-- ARGV[3] milliseconds for which it is kept; 0 for ever
-- ARGV[4] milliseconds of Redis's clock before which it is too early; 0 for never
-- ARGV[5] the same from which on it is too late; 0 for never
-- ARGV[6] the channel of those who listen; empty to tell nobody
-- Reply: {time in microseconds}, or where nothing was changed {time in microseconds, what is there or nil}
local found = redis.call('GET', KEYS[1])
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)
local expected
if found then
  expected = ARGV[1] ~= '' and string.sub(found, 1, #ARGV[1]) == ARGV[1]
else
  expected = ARGV[1] == ''
end
local early = now < tonumber(ARGV[4])
local late = ARGV[5] ~= '0' and now >= tonumber(ARGV[5])
if not expected or early or late then
  return {micros, found}
end
if ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
if ARGV[6] ~= '' then
  redis.call('PUBLISH', ARGV[6], ARGV[2])
end
return {micros}
