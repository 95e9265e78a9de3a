#!lua
-- Write fields of wallets or creators into a shard that is being made again.
--
-- KEYS[1]  shard    hash    epoch, rebuilding
-- KEYS[…]  hashes
--
-- ARGV[1]  token            of this rebuild
-- ARGV[2]  texts            packed: for each hash a list of field, value, field, value …
--
-- RETURNS  "ok" | "not_rebuilding"
local shard = redis.call("HMGET", KEYS[1], "epoch", "rebuilding")
if shard[1] or shard[2] ~= ARGV[1] then
  return "not_rebuilding"
end
for k, texts in ipairs(cmsgpack.unpack(ARGV[2])) do
  redis.call("HSET", KEYS[k + 1], unpack(texts))
end
return "ok"
