-- Guarantee: in one step, all of the entries that are not there yet are added and counted, or, where it may refuse and there
-- is no room for all of them, nothing is done. An entry that is there stays as it is.
-- KEYS[1] the open entries by domain number, those of all under 0
-- KEYS[2] the counts by place
-- KEYS[3] the groups
-- KEYS[4..] the places, then the states, then the bodies
-- ARGV[1] '1' where the entries are added whether there is room or not
-- ARGV[2..5] how many limits, groups, places and entries there are
-- ARGV[6..] of each limit its number, what comes to it and its cap; of each group its number and what it is; the names of the
-- places; of each entry its id, state, body, the position of its place, and its domain's number, or '' if it is not open
-- Reply: {'1', what is open by limit, positions of entries that were there already}, or where nothing was done {'0', what is
-- open by limit}
local limits, groups, places, entries = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local numbers, open = {}, {}
local hasRoom = true
local at = 6
for i = 1, limits do
  numbers[i] = ARGV[at]
  open[i] = tonumber(redis.call('HGET', KEYS[1], ARGV[at]) or '0')
  hasRoom = hasRoom and open[i] + tonumber(ARGV[at + 1]) <= tonumber(ARGV[at + 2])
  at = at + 3
end
if ARGV[1] ~= '1' and not hasRoom then
  return {'0', open}
end
if groups > 0 then
  redis.call('HSET', KEYS[3], unpack(ARGV, at, at + 2 * groups - 1))
end
local names = at + 2 * groups - 1
at = names + places + 1
local found = redis.call('MGET', unpack(KEYS, 4 + places, 3 + places + entries))
local written, into, opened, known = {}, {}, {}, {}
for i = 1, entries do
  if found[i] then
    known[#known + 1] = i
  else
    written[#written + 1] = KEYS[3 + places + i]
    written[#written + 1] = ARGV[at + 1]
    written[#written + 1] = KEYS[3 + places + entries + i]
    written[#written + 1] = ARGV[at + 2]
    local place = tonumber(ARGV[at + 3])
    local ids = into[place] or {}
    into[place] = ids
    ids[#ids + 1] = '0'
    ids[#ids + 1] = ARGV[at]
    local domain = ARGV[at + 4]
    if domain ~= '' then
      opened[domain] = (opened[domain] or 0) + 1
      opened['0'] = (opened['0'] or 0) + 1
    end
  end
  at = at + 5
end
if #written > 0 then
  redis.call('MSET', unpack(written))
end
for place, ids in pairs(into) do
  redis.call('ZADD', KEYS[3 + place], unpack(ids))
  redis.call('HINCRBY', KEYS[2], ARGV[names + place], #ids / 2)
end
for domain, count in pairs(opened) do
  redis.call('HINCRBY', KEYS[1], domain, count)
end
for i = 1, limits do
  open[i] = open[i] + (opened[numbers[i]] or 0)
end
return {'1', open, known}
