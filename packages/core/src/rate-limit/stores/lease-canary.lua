-- Guarantee: one process at a time has leave to send a canary, until it gives it back or its time is over.
-- KEYS[1] the lease
-- ARGV[1] who asks
-- ARGV[2] milliseconds
-- Reply: 0 for leave, else the milliseconds for which another process has it
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then
  return math.max(1, redis.call('PTTL', KEYS[1]))
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 0
