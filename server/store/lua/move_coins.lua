#!lua
-- Give a fan coins or take paid ones, once per id, and write it to the log.
--
-- KEYS[1]  shard   hash    epoch, seq, hwm
-- KEYS[2]  log     stream
-- KEYS[3]  wallet  hash    paid, promo, rev
-- KEYS[4]  seen    hash    intent → outcome
--
-- ARGV[1]  kind            "grant" or "take"
-- ARGV[2]  fan
-- ARGV[3]  bucket          "paid" or "promo"; only paid coins are taken
-- ARGV[4]  coins           1 or more
-- ARGV[5]  id              UUIDv7
-- ARGV[6]  fingerprint     16 hex digits
-- ARGV[7]  seen_expires_at milliseconds since 1970
-- ARGV[8]  channel         where changed wallets are told
-- ARGV[9]  made_ms         when the id was made
-- ARGV[10] window_ms       an older id is stale: its memory may be gone, so it is never used
-- ARGV[11] skew_ms         an id further ahead than this is from the future
-- ARGV[12] coins_max       the most a wallet holds
--
-- RETURNS  { "ok", paid, promo, rev } | { refusal code }
local shard_key, log_key, wallet_key, seen_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local kind, fan, bucket, id = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
local outcome = ARGV[6] .. "|" .. (kind == "grant" and "granted" or "taken")
-- A refused take is remembered too, as a refused gift is: whoever heard of it gave the refund up, so nobody who asks later
-- may take the coins.
local refused = ARGV[6] .. "|insufficient_coins|"

local function fmt(number)
  return string.format("%.0f", number)
end

local coins = string.match(ARGV[4], "^%d+$") and tonumber(ARGV[4])
if not coins or coins < 1 or coins > tonumber(ARGV[12]) then
  error("move_coins: not a whole amount: " .. ARGV[4])
end
if bucket ~= "paid" and not (bucket == "promo" and kind == "grant") then
  error("move_coins: no such bucket: " .. bucket)
end

local shard = redis.call("HMGET", shard_key, "epoch", "seq", "hwm")
local wallet = redis.call("HMGET", wallet_key, "paid", "promo", "rev")
local paid, promo, rev = tonumber(wallet[1] or "0"), tonumber(wallet[2] or "0"), tonumber(wallet[3] or "0")
local clock = redis.call("TIME")
local now_ms = math.max(tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000), tonumber(shard[3] or "0"))
local made_ms = tonumber(ARGV[9])
local before = redis.call("HGET", seen_key, id)
if not shard[1] then
  return { "gate_closed" }
elseif before and string.sub(before, 1, #refused) == refused then
  return { "insufficient_coins" }
elseif before and before ~= outcome then
  return { "intent_conflict" }
elseif before then
  return { "ok", fmt(paid), fmt(promo), fmt(rev) }
elseif now_ms - made_ms > tonumber(ARGV[10]) then
  return { "stale_intent" }
elseif made_ms - now_ms > tonumber(ARGV[11]) then
  return { "future_intent" }
elseif kind == "grant" and paid + promo + coins > tonumber(ARGV[12]) then
  return { "ledger_limit" }
elseif kind == "take" and paid < coins then
  redis.call("HSET", seen_key, id, refused .. fmt(now_ms) .. "|" .. fmt(coins) .. "|" .. fmt(paid))
  redis.call("PEXPIREAT", seen_key, ARGV[7])
  return { "insufficient_coins" }
end

local seq = tonumber(shard[2] or "0") + 1
local record = { kind, fmt(seq), fmt(now_ms), id, fan, bucket, fmt(coins) }
local change = kind == "grant" and coins or 0 - coins
redis.call("XADD", log_key, fmt(seq) .. "-1", "first", fmt(seq), "records", cmsgpack.pack({ record }))
redis.call("HSET", shard_key, "hwm", fmt(now_ms))
redis.call("HINCRBY", shard_key, "seq", "1")
redis.call("HSET", seen_key, id, outcome)
redis.call("PEXPIREAT", seen_key, ARGV[7])
redis.call("HINCRBY", wallet_key, bucket, fmt(change))
redis.call("HINCRBY", wallet_key, "rev", "1")
if bucket == "paid" then
  paid = paid + change
else
  promo = promo + change
end
redis.call("SPUBLISH", ARGV[8], cmsgpack.pack({ { fan, fmt(paid), fmt(promo), fmt(rev + 1) } }))
return { "ok", fmt(paid), fmt(promo), fmt(rev + 1) }
