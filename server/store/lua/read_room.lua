#!lua flags=no-writes
-- Read a room, its board and the feed after an offset at one instant.
--
-- KEYS[1]  room     hash
-- KEYS[2]  feed     stream
-- KEYS[3]  board    zset
-- KEYS[4]  names    hash
-- KEYS[5]  creator  hash    earned
--
-- ARGV[1]  after        offset the reader already has; "-" for no history, "recent" for the last ARGV[2] batches
-- ARGV[2]  batches_max  entries of the feed to return
-- ARGV[3]  top_max      lines of the board to return
--
-- RETURNS  false | { {room fields}, earned, first_kept, { batch… }, { fan, coins, sender, … } }
local room_key, feed, board, names, creator_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local room = redis.call("HMGET", room_key, "epoch", "offset", "title", "creator", "creator_name", "state", "coins", "gifts", "fans")
if not room[1] then
  return false
end

local entries = {}
if ARGV[1] == "recent" then
  entries = redis.call("XREVRANGE", feed, "+", "-", "COUNT", ARGV[2])
elseif ARGV[1] ~= "-" then
  entries = redis.call("XRANGE", feed, string.format("%.0f", tonumber(ARGV[1]) + 1) .. "-0", "+", "COUNT", ARGV[2])
end
local batches = {}
for i = 1, #entries do
  batches[i] = entries[i][2][2]
end

-- The oldest entry's id is the offset of its last event; the reader decodes where that batch begins.
local oldest = redis.call("XRANGE", feed, "-", "+", "COUNT", "1")
local top = redis.call("ZRANGE", board, "0", string.format("%.0f", tonumber(ARGV[3]) - 1), "REV", "WITHSCORES")
local lines = {}
for i = 1, #top, 2 do
  lines[#lines + 1] = top[i]
  lines[#lines + 1] = top[i + 1]
  lines[#lines + 1] = redis.call("HGET", names, top[i]) or ""
end
return { room, redis.call("HGET", creator_key, "earned") or "0", oldest[1] and oldest[1][2][2] or false, batches, lines }
