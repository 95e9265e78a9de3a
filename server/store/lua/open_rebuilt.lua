#!lua
-- Open a shard that was made again from the books: the last step, and the only one after which it decides.
--
-- KEYS[1]  shard    hash
--
-- ARGV[1]  token            of this rebuild
-- ARGV[2]  epoch            of its new life
-- ARGV[3]  seq              how far the books have its log
-- ARGV[4]  commands         the last command that the wallets include
-- ARGV[5]  coins            of all gifts in the books
-- ARGV[6]  hwm              the highest time the books or the last life saw
--
-- RETURNS  "ok" | "not_rebuilding"
local shard = redis.call("HMGET", KEYS[1], "epoch", "rebuilding")
if shard[1] or shard[2] ~= ARGV[1] then
  return "not_rebuilding"
end
redis.call("DEL", KEYS[1])
redis.call("HSET", KEYS[1], "epoch", ARGV[2], "seq", ARGV[3], "recorded", ARGV[3], "commands", ARGV[4],
  "logged", ARGV[5], "drained", ARGV[5], "hwm", ARGV[6])
return "ok"
