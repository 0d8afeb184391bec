-- Guarantee: in one step, all of the entries that are not there yet are added and counted, or, where it may refuse and there
-- is no room for all of them, nothing is done. An entry that is there stays as it is. Nothing is done where a key is of a
-- wrong type.
-- KEYS[1] the open entries by domain number, those of all under 0
-- KEYS[2] the counts by place
-- KEYS[3] the groups
-- KEYS[4] the records by id
-- KEYS[5..] the places
-- ARGV[1] '1' where the entries are added whether there is room or not
-- ARGV[2] how many limits there are
-- ARGV[3..] of each limit its number, what comes to it and its cap; of each place its name, its domain's number, or '' where
-- what is in it is not open, its group's number, what the group is, how many entries come to it, their ids, and their records
-- Reply: {'1', what is open by limit, positions of entries that were there already}, or where nothing was done {'0', what is
-- open by limit}
for i, key in ipairs(KEYS) do
  redis.call(i < 5 and 'HLEN' or 'ZCARD', key)
end
local limits = tonumber(ARGV[2])
local open = {}
local hasRoom = true
for i = 1, limits do
  local at = 3 * i
  open[i] = tonumber(redis.call('HGET', KEYS[1], ARGV[at]) or '0')
  hasRoom = hasRoom and open[i] + tonumber(ARGV[at + 1]) <= tonumber(ARGV[at + 2])
end
if ARGV[1] ~= '1' and not hasRoom then
  return {'0', open}
end
local opened, known = {}, {}
local at, before = 3 * limits + 3, 0
for place = 5, #KEYS do
  local domain, entries = ARGV[at + 1], tonumber(ARGV[at + 4])
  local ids = at + 4
  local records = ids + entries
  local found = redis.call('HMGET', KEYS[4], unpack(ARGV, ids + 1, records))
  local recorded, placed, size = {}, {}, 0
  for i = 1, entries do
    if found[i] then
      known[#known + 1] = before + i
    else
      local id = ARGV[ids + i]
      recorded[size + 1] = id
      recorded[size + 2] = ARGV[records + i]
      placed[size + 1] = '0'
      placed[size + 2] = id
      size = size + 2
    end
  end
  if size > 0 then
    local count = size / 2
    redis.call('HSET', KEYS[3], ARGV[at + 2], ARGV[at + 3])
    redis.call('HSET', KEYS[4], unpack(recorded))
    redis.call('ZADD', KEYS[place], unpack(placed))
    redis.call('HINCRBY', KEYS[2], ARGV[at], count)
    if domain ~= '' then
      redis.call('HINCRBY', KEYS[1], domain, count)
      redis.call('HINCRBY', KEYS[1], '0', count)
      opened[domain] = (opened[domain] or 0) + count
      opened['0'] = (opened['0'] or 0) + count
    end
  end
  at = records + entries + 1
  before = before + entries
end
for i = 1, limits do
  open[i] = open[i] + (opened[ARGV[3 * i]] or 0)
end
return {'1', open, known}
