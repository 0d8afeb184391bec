-- Guarantee: in one step, the entries whose states are still as they were read are removed and not counted any more. Under a
-- cap it is all of them or none: none where one has changed, fewer are beyond the cap, or a summary is not what it was.
-- KEYS[1] the open entries by domain number, those of all under 0
-- KEYS[2] the counts by place
-- KEYS[3] the summaries
-- KEYS[4..] the places, then the states, then the bodies
-- ARGV[1..2] the number of the limit and its cap, or '' and '' where there is none
-- ARGV[3..5] how many places, entries and summaries there are
-- ARGV[6..] the names of the places; of each entry its id, how its state begins if it is as it was read, the position of its
-- place, and its domain's number, or '' if it is not open; of each summary its key, what was read ('' for nothing) and what
-- it becomes
-- Reply: {how many were removed, open entries beyond the cap}
local places, entries, summaries = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local isCapped = ARGV[1] ~= ''
local excess = 0
if isCapped then
  excess = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') - tonumber(ARGV[2])
end
if entries == 0 then
  return {0, excess}
end
local found = redis.call('MGET', unpack(KEYS, 4 + places, 3 + places + entries))
local gone, away, closed = {}, {}, {}
local at = 6 + places
for i = 1, entries do
  local mark = ARGV[at + 1]
  if found[i] and string.sub(found[i], 1, #mark) == mark then
    gone[#gone + 1] = KEYS[3 + places + i]
    gone[#gone + 1] = KEYS[3 + places + entries + i]
    local place = tonumber(ARGV[at + 2])
    away[place] = away[place] or {}
    local ids = away[place]
    ids[#ids + 1] = ARGV[at]
    local domain = ARGV[at + 3]
    if domain ~= '' then
      closed[domain] = (closed[domain] or 0) + 1
      closed['0'] = (closed['0'] or 0) + 1
    end
  end
  at = at + 4
end
local count = #gone / 2
if isCapped then
  if count < entries or excess < entries then
    return {0, excess}
  end
  for i = 0, summaries - 1 do
    if (redis.call('HGET', KEYS[3], ARGV[at + 3 * i]) or '') ~= ARGV[at + 3 * i + 1] then
      return {0, excess}
    end
  end
  for i = 0, summaries - 1 do
    redis.call('HSET', KEYS[3], ARGV[at + 3 * i], ARGV[at + 3 * i + 2])
  end
end
if count > 0 then
  redis.call('UNLINK', unpack(gone))
end
for place, ids in pairs(away) do
  redis.call('ZREM', KEYS[3 + place], unpack(ids))
  redis.call('HINCRBY', KEYS[2], ARGV[5 + place], -#ids)
end
for domain, number in pairs(closed) do
  redis.call('HINCRBY', KEYS[1], domain, -number)
end
return {count, excess - (closed[ARGV[1]] or 0)}
