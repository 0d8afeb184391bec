-- Guarantee: in one step, a value becomes another one if it is what the caller has seen.
-- KEYS[1] the value
-- ARGV[1] '1' where the caller has seen one, '0' where there was none
-- ARGV[2] what the caller has seen
-- ARGV[3] the new value
-- ARGV[4] milliseconds for which it is kept; 0 for ever
-- Reply: 1, or 0 where it is something else by now
local found = redis.call('GET', KEYS[1])
if found ~= (ARGV[1] == '1' and ARGV[2]) then
  return 0
end
if ARGV[4] == '0' then
  redis.call('SET', KEYS[1], ARGV[3])
else
  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
end
return 1
