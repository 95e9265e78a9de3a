#!lua
-- The books hold the log up to a seq: forget that part of it, let new gifts use the room it took, and tell who waits.
--
-- KEYS[1]  shard    hash    epoch, seq, drained, recorded
-- KEYS[2]  log      stream
--
-- ARGV[1]  epoch            of the log that was copied
-- ARGV[2]  seq              the last one that is committed
-- ARGV[3]  coins            of all gifts up to it, since the beginning
-- ARGV[4]  channel          for messages to people
-- ARGV[5]  messages         packed, or ""
--
-- RETURNS  "ok" | "other_epoch" | "books_ahead"
local shard = redis.call("HMGET", KEYS[1], "epoch", "seq", "recorded")
local seq = tonumber(ARGV[2])
if shard[1] ~= ARGV[1] then
  return "other_epoch"
elseif seq > tonumber(shard[2] or "0") then
  return "books_ahead"
end
if seq > tonumber(shard[3] or "0") then
  redis.call("HSET", KEYS[1], "drained", ARGV[3], "recorded", ARGV[2])
  redis.call("XTRIM", KEYS[2], "MINID", string.format("%.0f-0", seq + 1))
end
if ARGV[5] ~= "" then
  redis.call("SPUBLISH", ARGV[4], ARGV[5])
end
return "ok"
