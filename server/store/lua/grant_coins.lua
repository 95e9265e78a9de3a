#!lua
-- Give a fan coins, once per grant id, and write it to the log: how development and demo wallets are filled.
--
-- KEYS[1]  shard   hash    epoch, seq, hwm
-- KEYS[2]  log     stream
-- KEYS[3]  wallet  hash    paid, promo, rev
-- KEYS[4]  seen    hash    intent → outcome
--
-- ARGV[1]  epoch           names the shard's life where it has none yet
-- ARGV[2]  fan
-- ARGV[3]  bucket          "paid" or "promo"
-- ARGV[4]  coins           1..2^53-1
-- ARGV[5]  grant_id        UUIDv7
-- ARGV[6]  fingerprint     16 hex digits
-- ARGV[7]  seen_expires_at milliseconds since 1970
-- ARGV[8]  channel         where changed wallets are told
-- ARGV[9]  grant_ms        when the grant id was made
-- ARGV[10] window_ms       an older id is stale: its memory may be gone, so it is never given
-- ARGV[11] skew_ms         an id further ahead than this is from the future
--
-- RETURNS  { "ok", paid, promo, rev } | { refusal code }
local shard_key, log_key, wallet_key, seen_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local fan, bucket, coins, grant_id, fingerprint = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
local AMOUNT_MAX = 9007199254740991

local function fmt(number)
  return string.format("%.0f", number)
end

if not string.match(ARGV[4], "^%d+$") or coins < 1 or coins > AMOUNT_MAX then
  error("grant_coins: not a whole amount: " .. ARGV[4])
end
if bucket ~= "paid" and bucket ~= "promo" then
  error("grant_coins: no such bucket: " .. bucket)
end

local shard = redis.call("HMGET", shard_key, "epoch", "seq", "hwm")
local wallet = redis.call("HMGET", wallet_key, "paid", "promo", "rev")
local paid, promo, rev = tonumber(wallet[1] or "0"), tonumber(wallet[2] or "0"), tonumber(wallet[3] or "0")
local clock = redis.call("TIME")
local now_ms = math.max(tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000), tonumber(shard[3] or "0"))
local grant_ms = tonumber(ARGV[9])
local before = redis.call("HGET", seen_key, grant_id)
if before and before ~= fingerprint .. "|granted" then
  return { "intent_conflict" }
elseif before then
  return { "ok", fmt(paid), fmt(promo), fmt(rev) }
elseif now_ms - grant_ms > tonumber(ARGV[10]) then
  return { "stale_intent" }
elseif grant_ms - now_ms > tonumber(ARGV[11]) then
  return { "future_intent" }
elseif paid + promo + coins > AMOUNT_MAX then
  return { "ledger_limit" }
end

local seq = tonumber(shard[2] or "0") + 1
local record = { "grant", fmt(seq), fmt(now_ms), grant_id, fan, bucket, fmt(coins) }
redis.call("XADD", log_key, fmt(seq) .. "-1", "first", fmt(seq), "records", cmsgpack.pack({ record }))
redis.call("HSET", shard_key, "epoch", shard[1] or ARGV[1], "hwm", fmt(now_ms))
redis.call("HINCRBY", shard_key, "seq", "1")
redis.call("HSET", seen_key, grant_id, fingerprint .. "|granted")
redis.call("PEXPIREAT", seen_key, ARGV[7])
redis.call("HINCRBY", wallet_key, bucket, ARGV[4])
redis.call("HINCRBY", wallet_key, "rev", "1")
if bucket == "paid" then
  paid = paid + coins
else
  promo = promo + coins
end
redis.call("SPUBLISH", ARGV[8], cmsgpack.pack({ { fan, fmt(paid), fmt(promo), fmt(rev + 1) } }))
return { "ok", fmt(paid), fmt(promo), fmt(rev + 1) }
