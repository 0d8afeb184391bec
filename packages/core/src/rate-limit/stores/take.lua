-- Guarantee: in one step, calls are counted as far as the limit allows. Never more than the limit are granted in any window:
-- a window is counted in 20 cells, and the one that it may begin in counts as a whole. In a cell that has been counted in
-- before, nothing else is looked at.
-- KEYS[1] the counts: of each cell by its number, and 'total'
-- ARGV[1] calls that may begin in a window
-- ARGV[2] milliseconds of a window
-- ARGV[3] calls that want to begin
-- ARGV[4] calls that began without asking, and count whatever the limit
-- Reply: {calls that may begin, where not all may milliseconds until one more may at the earliest, calls that are left}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local width = ARGV[2] / 20
local cell = math.floor(now / width)
local added = ARGV[3] + ARGV[4]
local total
if redis.call('HINCRBY', KEYS[1], cell, added) == added then
  -- The first in its cell sees which cells the window has left, or not reached: the clock may have been set back.
  total = 0
  local counts = redis.call('HGETALL', KEYS[1])
  for i = 1, #counts, 2 do
    local other = tonumber(counts[i])
    if other and math.abs(cell - other) > 20 then
      redis.call('HDEL', KEYS[1], counts[i])
    elseif other then
      total = total + counts[i + 1]
    end
  end
  redis.call('HSET', KEYS[1], 'total', total)
  redis.call('PEXPIRE', KEYS[1], math.ceil(22 * width))
else
  total = redis.call('HINCRBY', KEYS[1], 'total', added)
end
local over = total - ARGV[1]
if over <= 0 then
  return {tonumber(ARGV[3]), 0, -over}
end
local refused = math.min(over, ARGV[3])
redis.call('HINCRBY', KEYS[1], cell, -refused)
redis.call('HINCRBY', KEYS[1], 'total', -refused)
-- As many cells have to leave the window as make room for one call.
local counted = {}
local counts = redis.call('HGETALL', KEYS[1])
for i = 1, #counts, 2 do
  counted[counts[i]] = tonumber(counts[i + 1])
end
local excess = over - refused
local oldest = cell - 20
while oldest < cell do
  excess = excess - (counted[string.format('%.0f', oldest)] or 0)
  if excess < 0 then
    break
  end
  oldest = oldest + 1
end
local wait = math.max(1, math.ceil((oldest + 21) * width - now))
if math.floor((now + wait) / width) < oldest + 21 then
  wait = wait + 1
end
return {ARGV[3] - refused, wait, 0}
