#!lua flags=no-writes
-- Read a room, its board and the feed after an offset at one instant.
--
-- KEYS[1]  room     hash
-- KEYS[2]  feed     stream
-- KEYS[3]  board    zset
-- KEYS[4]  names    hash
-- KEYS[5]  creator  hash    earned
--
-- ARGV[1]  epoch        of the reader's offset; in another one there is nothing to resume
-- ARGV[2]  after        offset the reader already has, "" for none
-- ARGV[3]  events_max   a reader that is further behind gets no history: it would hold up everybody else
-- ARGV[4]  recent_max   events for a reader without history
-- ARGV[5]  top_max      lines of the board to return
--
-- RETURNS  false | { {room fields}, earned, { batch… }, { fan, coins, sender, … } }
local room_key, feed, board, names, creator_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local room = redis.call("HMGET", room_key, "epoch", "offset", "title", "creator", "creator_name", "state", "coins", "gifts", "fans")
if not room[1] then
  return false
end

local offset, after = tonumber(room[2]), tonumber(ARGV[2])
if not after or ARGV[1] ~= room[1] or offset - after > tonumber(ARGV[3]) then
  after = math.max(offset - tonumber(ARGV[4]), 0)
end
local entries = redis.call("XRANGE", feed, string.format("%.0f", after + 1) .. "-0", "+")
local batches = {}
for i = 1, #entries do
  batches[i] = entries[i][2][2]
end

local top = redis.call("ZRANGE", board, "0", string.format("%.0f", tonumber(ARGV[5]) - 1), "REV", "WITHSCORES")
local lines = {}
for i = 1, #top, 2 do
  lines[#lines + 1] = top[i]
  lines[#lines + 1] = top[i + 1]
  lines[#lines + 1] = redis.call("HGET", names, top[i]) or ""
end
return { room, redis.call("HGET", creator_key, "earned") or "0", batches, lines }
