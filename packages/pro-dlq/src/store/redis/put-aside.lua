-- Guarantee: in one step, what there is of an entry is put aside, wherever it is, and not counted any more; unless it is not
-- what was read. Nothing is done where a key is of a wrong type.
-- KEYS[1] the open entries by domain number, those of all under 0
-- KEYS[2] the counts by place
-- KEYS[3] what was put aside
-- KEYS[4] the states by id
-- KEYS[5] the records by id
-- KEYS[6..] the places
-- ARGV[1] the id of the entry
-- ARGV[2] how its state begins, or '' where that cannot be read
-- ARGV[3] '1' where it has a record of two lines, else '0'
-- ARGV[4..] of each place its name, and the number of its domain, or '' where what is in it is not open
-- Reply: 1, or 0 where nothing was done
for i, key in ipairs(KEYS) do
  redis.call(i < 6 and 'HLEN' or 'ZCARD', key)
end
local id, mark = ARGV[1], ARGV[2]
local state, record = redis.call('HGET', KEYS[4], id), redis.call('HGET', KEYS[5], id)
local isWhole = record and string.find(record, '\n', 1, true)
local text = state or record or ''
if (isWhole and '1' or '0') ~= ARGV[3] or string.sub(text, 1, #mark) ~= mark then
  return 0
end
local there = redis.call('HDEL', KEYS[4], id) + redis.call('HDEL', KEYS[5], id)
local at = 4
for place = 6, #KEYS do
  if redis.call('ZREM', KEYS[place], id) == 1 then
    there = there + 1
    redis.call('HINCRBY', KEYS[2], ARGV[at], -1)
    if ARGV[at + 1] ~= '' then
      redis.call('HINCRBY', KEYS[1], ARGV[at + 1], -1)
      redis.call('HINCRBY', KEYS[1], '0', -1)
    end
  end
  at = at + 2
end
if there == 0 then
  return 0
end
redis.call('HSET', KEYS[3], id, record or '', id .. ':state', state or '')
return 1
