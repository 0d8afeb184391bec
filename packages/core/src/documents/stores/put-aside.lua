-- Guarantee: in one step, a text that nobody could read is renamed, unless it has become another one meanwhile.
-- KEYS[1] the document
-- KEYS[2] its new name
-- ARGV[1] the text as it was read
-- Reply: 1 where it was renamed, else 0
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('RENAME', KEYS[1], KEYS[2])
return 1
