#!lua
-- Open a shard that was never used; one that has a life keeps it.
--
-- KEYS[1]  shard    hash    epoch
--
-- ARGV[1]  epoch
--
-- RETURNS  the epoch it has now
redis.call("HSETNX", KEYS[1], "epoch", ARGV[1])
return redis.call("HGET", KEYS[1], "epoch")
