-- Guarantee: in one step, a document becomes another one if it has the expected version, and those who watch it are told;
-- otherwise it stays as it is and is answered.
-- KEYS[1] the document
-- ARGV[1] how the document must begin; empty where there must be none
-- ARGV[2] the new document
-- ARGV[3] the channel of its watchers
-- Reply: nil where it was written, else {what is there or nil}
local found = redis.call('GET', KEYS[1])
local expected
if found then
  expected = ARGV[1] ~= '' and string.sub(found, 1, #ARGV[1]) == ARGV[1]
else
  expected = ARGV[1] == ''
end
if not expected then
  return {found}
end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], '')
return false
