-- Guarantee: in one step, every entry that is still as it was read gets its new state, moves to its place and is counted there;
-- the others stay as they are. Nothing is done where a key is of a wrong type.
-- KEYS[1] the open entries by domain number, those of all under 0
-- KEYS[2] the counts by place
-- KEYS[3] the states by id
-- KEYS[4..] of each run of moves that are alike the place where the entries are and the one where they belong
-- ARGV of each run the names of both places, the number of the domain if the entries cease to be open, else '', how their
-- states begin, or '' where they have none because they were never changed, how many moves it has, the ids, and the states
-- Reply: positions of the moves that were not made
for i, key in ipairs(KEYS) do
  redis.call(i < 4 and 'HLEN' or 'ZCARD', key)
end
local stayed = {}
local at, before = 1, 0
for run = 4, #KEYS, 2 do
  local domain, mark, moves = ARGV[at + 2], ARGV[at + 3], tonumber(ARGV[at + 4])
  local ids = at + 4
  local states = ids + moves
  local found = redis.call('HMGET', KEYS[3], unpack(ARGV, ids + 1, states))
  local scores = mark == '' and redis.call('ZMSCORE', KEYS[run], unpack(ARGV, ids + 1, states))
  local stated, away, placed, count = {}, {}, {}, 0
  for i = 1, moves do
    local isAsRead
    if scores then
      isAsRead = scores[i] and not found[i]
    else
      isAsRead = found[i] and string.find(found[i], mark, 1, true) == 1
    end
    if isAsRead then
      local id = ARGV[ids + i]
      count = count + 1
      away[count] = id
      stated[2 * count - 1] = id
      stated[2 * count] = ARGV[states + i]
      placed[2 * count - 1] = '0'
      placed[2 * count] = id
    else
      stayed[#stayed + 1] = before + i
    end
  end
  if count > 0 then
    redis.call('HSET', KEYS[3], unpack(stated))
    if KEYS[run] ~= KEYS[run + 1] then
      redis.call('ZREM', KEYS[run], unpack(away))
      redis.call('ZADD', KEYS[run + 1], unpack(placed))
      redis.call('HINCRBY', KEYS[2], ARGV[at], -count)
      redis.call('HINCRBY', KEYS[2], ARGV[at + 1], count)
    end
    if domain ~= '' then
      redis.call('HINCRBY', KEYS[1], domain, -count)
      redis.call('HINCRBY', KEYS[1], '0', -count)
    end
  end
  at = states + moves + 1
  before = before + moves
end
return stayed
