-- Guarantee: in one step, the entries that are still as they were read are removed and not counted any more. Under a cap it is
-- all of them or none: none where one has changed, fewer are beyond the cap, or a summary is not what it was. Nothing is done
-- where a key is of a wrong type.
-- KEYS[1] the open entries by domain number, those of all under 0
-- KEYS[2] the counts by place
-- KEYS[3] the states by id
-- KEYS[4] the records by id
-- KEYS[5] the summaries
-- KEYS[6..] of each run of entries that are alike their place
-- ARGV[1..2] the number of the limit and its cap, or '' and '' where there is none
-- ARGV[3] how many summaries there are
-- ARGV[4..] of each summary its key, what was read ('' for nothing) and what it becomes; of each run the name of the place, its
-- domain's number, or '' where what is in it is not open, how the states begin, or '' where there are none because the entries
-- were never changed, how many entries it has, and the ids
-- Reply: {how many were removed, open entries beyond the cap}
for i, key in ipairs(KEYS) do
  redis.call(i < 6 and 'HLEN' or 'ZCARD', key)
end
local isCapped = ARGV[1] ~= ''
local summaries = tonumber(ARGV[3])
local excess = 0
if isCapped then
  excess = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') - tonumber(ARGV[2])
end
local runs, wanted, count = {}, 0, 0
local at = 3 * summaries + 4
for place = 6, #KEYS do
  local mark, entries = ARGV[at + 2], tonumber(ARGV[at + 3])
  local ids = at + 3
  local found = redis.call('HMGET', KEYS[3], unpack(ARGV, ids + 1, ids + entries))
  local scores = mark == '' and redis.call('ZMSCORE', KEYS[place], unpack(ARGV, ids + 1, ids + entries))
  local gone = {}
  for i = 1, entries do
    local isAsRead
    if scores then
      isAsRead = scores[i] and not found[i]
    else
      isAsRead = found[i] and string.find(found[i], mark, 1, true) == 1
    end
    if isAsRead then
      gone[#gone + 1] = ARGV[ids + i]
    end
  end
  runs[place] = {gone = gone, name = ARGV[at], domain = ARGV[at + 1]}
  wanted = wanted + entries
  count = count + #gone
  at = ids + entries + 1
end
if isCapped then
  if wanted == 0 or count < wanted or excess < wanted then
    return {0, excess}
  end
  for i = 1, summaries do
    if (redis.call('HGET', KEYS[5], ARGV[3 * i + 1]) or '') ~= ARGV[3 * i + 2] then
      return {0, excess}
    end
  end
  for i = 1, summaries do
    redis.call('HSET', KEYS[5], ARGV[3 * i + 1], ARGV[3 * i + 3])
  end
end
for place = 6, #KEYS do
  local gone, domain = runs[place].gone, runs[place].domain
  if #gone > 0 then
    redis.call('HDEL', KEYS[3], unpack(gone))
    redis.call('HDEL', KEYS[4], unpack(gone))
    redis.call('ZREM', KEYS[place], unpack(gone))
    redis.call('HINCRBY', KEYS[2], runs[place].name, -#gone)
    if domain ~= '' then
      redis.call('HINCRBY', KEYS[1], domain, -#gone)
      redis.call('HINCRBY', KEYS[1], '0', -#gone)
      if ARGV[1] == domain or ARGV[1] == '0' then
        excess = excess - #gone
      end
    end
  end
end
return {count, excess}
