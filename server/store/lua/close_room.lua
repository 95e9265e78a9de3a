#!lua
-- Close a room: no gift is taken after this step, and its event is the epoch's last.
--
-- KEYS[1]  room     hash
-- KEYS[2]  feed     stream
-- KEYS[3]  creator  hash    earned
--
-- ARGV[1]  channel
-- ARGV[2]  feed_batches_max
--
-- RETURNS  "closed" | "already_closed" | "unknown_room"
local room_key, feed, creator_key = KEYS[1], KEYS[2], KEYS[3]
local fields = redis.call("HMGET", room_key, "state", "epoch", "coins", "gifts", "fans")
if not fields[1] then
  return "unknown_room"
elseif fields[1] == "closed" then
  return "already_closed"
end
local earned = redis.call("HGET", creator_key, "earned") or "0"
local clock = redis.call("TIME")
local now = string.format("%.0f", tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000))

redis.call("HSET", room_key, "state", "closed")
local offset = string.format("%.0f", redis.call("HINCRBY", room_key, "offset", "1"))
local event = { offset, fields[2] .. "-" .. offset, now }
local batch = cmsgpack.pack({ fields[2], offset, offset, fields[3], fields[4], fields[5], earned, "room.closed", { event } })
redis.call("XADD", feed, "MAXLEN", "~", ARGV[2], offset .. "-1", "batch", batch)
redis.call("SPUBLISH", ARGV[1], batch)
return "closed"
