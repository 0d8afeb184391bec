-- Guarantee: in one step, every state that is still as it was read becomes the other one, moves to its place and is counted
-- there; the others stay as they are.
-- KEYS[1] the open entries by domain number, those of all under 0
-- KEYS[2] the counts by place
-- KEYS[3..] the places, then the states
-- ARGV[1..2] how many places and states there are
-- ARGV[3..] the names of the places; of each state its entry's id, how it begins if it is as it was read, the new text, the
-- positions of the place where it is and of the one where it belongs, and its domain's number if it ceases to be open, else ''
-- Reply: positions of the states that were changed
local places, states = tonumber(ARGV[1]), tonumber(ARGV[2])
local found = redis.call('MGET', unpack(KEYS, 3 + places, 2 + places + states))
local written, away, into, closed, changed = {}, {}, {}, {}, {}
local at = 3 + places
for i = 1, states do
  local mark = ARGV[at + 1]
  if found[i] and string.sub(found[i], 1, #mark) == mark then
    changed[#changed + 1] = i
    written[#written + 1] = KEYS[2 + places + i]
    written[#written + 1] = ARGV[at + 2]
    local from, to = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
    if from ~= to then
      away[from] = away[from] or {}
      into[to] = into[to] or {}
      local old, new = away[from], into[to]
      old[#old + 1] = ARGV[at]
      new[#new + 1] = '0'
      new[#new + 1] = ARGV[at]
    end
    local domain = ARGV[at + 5]
    if domain ~= '' then
      closed[domain] = (closed[domain] or 0) + 1
      closed['0'] = (closed['0'] or 0) + 1
    end
  end
  at = at + 6
end
if #written > 0 then
  redis.call('MSET', unpack(written))
end
for place, ids in pairs(away) do
  redis.call('ZREM', KEYS[2 + place], unpack(ids))
  redis.call('HINCRBY', KEYS[2], ARGV[2 + place], -#ids)
end
for place, ids in pairs(into) do
  redis.call('ZADD', KEYS[2 + place], unpack(ids))
  redis.call('HINCRBY', KEYS[2], ARGV[2 + place], #ids / 2)
end
for domain, count in pairs(closed) do
  redis.call('HINCRBY', KEYS[1], domain, -count)
end
return changed
