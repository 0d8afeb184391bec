-- Guarantee: in one step, a key of another type than it is to have is renamed.
-- KEYS[1] the key
-- KEYS[2] its new name
-- ARGV[1] the type that it is to have
-- Reply: the type that it had, or nil where it was not renamed
local found = redis.call('TYPE', KEYS[1]).ok
if found == 'none' or found == ARGV[1] then
  return false
end
redis.call('RENAME', KEYS[1], KEYS[2])
return found
