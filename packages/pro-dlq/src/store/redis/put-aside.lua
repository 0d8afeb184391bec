-- Guarantee: in one step, what there is of an entry is put aside, wherever it is, and not counted any more.
-- KEYS[1] the open entries by domain number, those of all under 0
-- KEYS[2] the counts by place
-- KEYS[3] what was put aside
-- KEYS[4] the state
-- KEYS[5] the body
-- KEYS[6..] the places
-- ARGV[1] the id of the entry
-- ARGV[2..] of each place its name, and the number of its domain, or '' where what is in it is not open
-- Reply: 1, or 0 where there is nothing of it
local state, body = redis.call('GET', KEYS[4]), redis.call('GET', KEYS[5])
local there = redis.call('UNLINK', KEYS[4], KEYS[5])
for i = 1, #KEYS - 5 do
  if redis.call('ZREM', KEYS[5 + i], ARGV[1]) == 1 then
    there = there + 1
    redis.call('HINCRBY', KEYS[2], ARGV[2 * i], -1)
    if ARGV[2 * i + 1] ~= '' then
      redis.call('HINCRBY', KEYS[1], ARGV[2 * i + 1], -1)
      redis.call('HINCRBY', KEYS[1], '0', -1)
    end
  end
end
if there == 0 then
  return 0
end
redis.call('HSET', KEYS[3], ARGV[1], body or '', ARGV[1] .. ':state', state or '')
return 1
