#!lua
-- Close a shard's gate, so that it decides nothing until it was made again from the books.
--
-- KEYS[1]  shard    hash    epoch, rebuilding, was
--
-- ARGV[1]  token            of this rebuild; a rebuild with another token can write nothing more
--
-- RETURNS  the epoch it had when its gate was first closed, or ""
local fields = redis.call("HMGET", KEYS[1], "epoch", "was")
local was = fields[1] or fields[2] or ""
redis.call("HDEL", KEYS[1], "epoch")
redis.call("HSET", KEYS[1], "rebuilding", ARGV[1], "was", was)
return was
