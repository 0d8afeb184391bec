-- Guarantee: one step of walking through all keys of the server that has KEYS[1], in a cluster too.
-- KEYS[1] any key of those that are looked for: it leads to their server
-- ARGV[1] where to go on: 0, or what the step before has answered
-- ARGV[2] pattern of the keys
-- Reply: {where to go on; 0 at the end, keys}
return redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', 1000)
