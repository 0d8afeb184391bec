-- Guarantee: an increment is carried out once, however often it is asked for: also when its answer was lost, and when it
-- arrives after somebody else has made up for it. It is noted, in the same step, by its number.
-- KEYS[1] the counter
-- KEYS[2] numbers of one process that were carried out and are still needed, and the member "settled"
-- ARGV[1] by how much
-- ARGV[2] the number of the increment
-- ARGV[3] all numbers below it are settled, and not asked for again; 0 to settle none
-- ARGV[4] milliseconds for which the numbers are kept
-- Reply: the counter
local settled = tonumber(redis.call('ZSCORE', KEYS[2], 'settled') or 0)
if tonumber(ARGV[2]) < settled or redis.call('ZSCORE', KEYS[2], ARGV[2]) then
  return tonumber(redis.call('GET', KEYS[1]) or 0)
end
local value = redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[2])
if tonumber(ARGV[3]) > settled then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[3])
  redis.call('ZADD', KEYS[2], ARGV[3], 'settled')
end
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return value
