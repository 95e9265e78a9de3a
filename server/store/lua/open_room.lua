#!lua
-- Open a creator's room: a closed or new one starts a new epoch, an open one stays as it is.
--
-- KEYS[1]  room    hash    creator, creator_name, title, state, epoch, offset, coins, gifts, fans
-- KEYS[2]  feed    stream
-- KEYS[3]  board   zset
-- KEYS[4]  names   hash
-- KEYS[5]  creator hash    earned
--
-- ARGV[1]  creator
-- ARGV[2]  creator_name
-- ARGV[3]  title
-- ARGV[4]  epoch         of the new life, where one starts
-- ARGV[5]  channel
--
-- RETURNS  "opened" | "already_open" | "room_taken"
local room_key, feed, board, names, creator_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local fields = redis.call("HMGET", room_key, "creator", "state")
if fields[1] and fields[1] ~= ARGV[1] then
  return "room_taken"
end
if fields[2] == "open" then
  return "already_open"
end
local earned = redis.call("HGET", creator_key, "earned") or "0"
local clock = redis.call("TIME")
local now = string.format("%.0f", tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000))
redis.call("DEL", room_key, feed, board, names)
redis.call("HSET", room_key, "creator", ARGV[1], "creator_name", ARGV[2], "title", ARGV[3], "state", "open",
  "epoch", ARGV[4], "offset", "1", "coins", "0", "gifts", "0", "fans", "0")
local batch = cmsgpack.pack({ ARGV[4], "1", "1", "0", "0", "0", earned, "room.opened", { { "1", ARGV[4] .. "-1", now } } })
redis.call("XADD", feed, "1-1", "batch", batch)
redis.call("SPUBLISH", ARGV[5], batch)
return "opened"
