-- Guarantee: in one step, every record that is what it must be becomes the other one; the others stay as they are.
-- KEYS[1] the records by key
-- ARGV of each record its key; '1' where it may be anything; what it must be and what it becomes, '' for nothing
-- Reply: how many were swapped
local swapped = 0
for at = 1, #ARGV, 4 do
  local found = redis.call('HGET', KEYS[1], ARGV[at]) or ''
  if ARGV[at + 1] == '1' or found == ARGV[at + 2] then
    swapped = swapped + 1
    if ARGV[at + 3] == '' then
      redis.call('HDEL', KEYS[1], ARGV[at])
    else
      redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 3])
    end
  end
end
return swapped
