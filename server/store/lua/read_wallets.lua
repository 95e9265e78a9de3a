#!lua flags=no-writes
-- Read where a shard stands, with wallets and creators of the same instant: a cut that the books can be held against.
--
-- KEYS[1]  shard    hash
-- KEYS[…]  wallet hashes, then creator hashes; at most 1,000
--
-- ARGV[1]  wallets  how many of the keys are wallets
--
-- RETURNS  { { epoch, seq, recorded, commands, logged, drained }, field…, … }: a list of the fields named below a key,
--          or the type of a key that is no hash
local WALLET = { "paid", "promo", "day", "month", "day_spent", "week_spent", "month_spent", "limits", "limits_next", "locked_until", "zone" }
local wallets = tonumber(ARGV[1])
local found = { redis.call("HMGET", KEYS[1], "epoch", "seq", "recorded", "commands", "logged", "drained") }
for k = 2, #KEYS do
  local kind = redis.call("TYPE", KEYS[k])["ok"]
  if kind ~= "hash" and kind ~= "none" then
    found[k] = kind
  elseif k <= wallets + 1 then
    found[k] = redis.call("HMGET", KEYS[k], unpack(WALLET))
  else
    found[k] = redis.call("HMGET", KEYS[k], "earned")
  end
end
return found
