-- Guarantee: commands of a log's file are carried out once, however often and in whatever pieces the file is handed out in
-- order: in the same step it is noted how far that came. Where Redis takes no writes, nothing is carried out and it says so.
-- KEYS[1] number of the last record of the file that was carried out; without an end, so that it is there when it is needed
-- KEYS[2] and on: the keys of the commands
-- ARGV a command behind the other: number of its record, which key of KEYS, count of arguments, name, arguments
-- Reply: how many commands Redis refused because of what the key holds; the others are carried out all the same
local done = tonumber(redis.call('GET', KEYS[1]) or 0)
local last = done
local refused = 0
local at = 1
-- The first write of a script is the one that fails where writes are not taken.
redis.call('SET', KEYS[1], string.format('%.0f', done))
while at <= #ARGV do
  local number = tonumber(ARGV[at])
  local count = tonumber(ARGV[at + 2])
  if number > done then
    local command = {ARGV[at + 3], KEYS[tonumber(ARGV[at + 1])]}
    for i = 1, count do
      command[i + 2] = ARGV[at + 3 + i]
    end
    local reply = redis.pcall(unpack(command))
    if type(reply) == 'table' and reply.err then
      refused = refused + 1
    end
    last = math.max(last, number)
  end
  at = at + 4 + count
end
redis.call('SET', KEYS[1], string.format('%.0f', last))
return refused
