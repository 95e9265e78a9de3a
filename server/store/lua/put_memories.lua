#!lua
-- Write what was decided for intents into a shard that is being made again, so that none is charged again.
-- A receipt needs the fan's balance. The one of that moment is in no book, so it says the one of now: whoever reads it
-- sees the truth, and its rev says how new it is.
--
-- KEYS[1]  shard    hash    epoch, rebuilding
-- KEYS[…]  wallet and seen hashes that memories point at
--
-- ARGV[1]  token            of this rebuild
-- ARGV[2]  memories         packed: wallet index (0: head is all), seen index, intent, head, tail, seen_expires_at of each
--
-- RETURNS  "ok" | "not_rebuilding"
local shard = redis.call("HMGET", KEYS[1], "epoch", "rebuilding")
if shard[1] or shard[2] ~= ARGV[1] then
  return "not_rebuilding"
end
for _, memory in ipairs(cmsgpack.unpack(ARGV[2])) do
  local wallet, seen, intent, text, tail, expires_at = unpack(memory)
  if wallet > 0 then
    local w = redis.call("HMGET", KEYS[wallet], "paid", "promo", "rev", "day_spent", "week_spent", "month_spent")
    for field = 1, 6 do
      w[field] = w[field] or "0"
    end
    text = table.concat({ text, w[1], w[2], w[3], tail, w[4], w[5], w[6] }, "|")
  end
  redis.call("HSET", KEYS[seen], intent, text)
  redis.call("PEXPIREAT", KEYS[seen], expires_at)
end
return "ok"
