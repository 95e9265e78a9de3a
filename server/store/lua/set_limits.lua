#!lua
-- Change a fan's spending limits or lock their spending, once per id, and write it to the log.
-- Lowering is at once; raising, removing and moving to another time zone wait (domain/limits.py has the same rules).
--
-- KEYS[1]  shard   hash    epoch, seq, hwm
-- KEYS[2]  log     stream
-- KEYS[3]  wallet  hash    limits, limits_next, locked_until, zone
-- KEYS[4]  seen    hash    intent → outcome
--
-- ARGV[1]  kind            "limits" or "lock"
-- ARGV[2]  fan
-- ARGV[3]  wanted          gift|day|week|month, nothing for no limit ("limits" only)
-- ARGV[4]  zone            ("limits" only)
-- ARGV[5]  lock_ms         how long ("lock" only)
-- ARGV[6]  change_id       UUIDv7
-- ARGV[7]  fingerprint     16 hex digits
-- ARGV[8]  seen_expires_at milliseconds since 1970
-- ARGV[9]  made_ms         when the id was made
-- ARGV[10] window_ms
-- ARGV[11] skew_ms
-- ARGV[12] raise_waits_ms  how long wider limits wait
--
-- RETURNS  { "ok" } | { refusal code }
local shard_key, log_key, wallet_key, seen_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local kind, fan, wanted, zone, id = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[6]
-- Gifts stop by what they are worth; changes of limits cost nothing, so the log itself has an end for them.
local LOG_ENTRIES_MAX = 1000000
local FOUR = "^(%d*)|(%d*)|(%d*)|(%d*)$"
-- A change that was made again from the books, which know what came of it but not every word of the wish.
local REBUILT = "****************|set"

local function fmt(number)
  return string.format("%.0f", number)
end

local function tighter(old, new)
  if old == "" or new == "" then
    return old == "" and new or old
  end
  return fmt(math.min(tonumber(old), tonumber(new)))
end

if kind == "limits" and not string.match(wanted, FOUR) then
  error("set_limits: not limits: " .. wanted)
end

local shard = redis.call("HMGET", shard_key, "epoch", "seq", "hwm")
local wallet = redis.call("HMGET", wallet_key, "limits", "limits_next", "locked_until", "zone")
local clock = redis.call("TIME")
local now_ms = math.max(tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000), tonumber(shard[3] or "0"))
local made_ms = tonumber(ARGV[9])
local before = redis.call("HGET", seen_key, id)
if not shard[1] then
  return { "gate_closed" }
elseif before and before ~= ARGV[7] .. "|set" and before ~= REBUILT then
  return { "intent_conflict" }
elseif before then
  return { "ok" }
elseif now_ms - made_ms > tonumber(ARGV[10]) then
  return { "stale_intent" }
elseif made_ms - now_ms > tonumber(ARGV[11]) then
  return { "future_intent" }
elseif redis.call("XLEN", log_key) >= LOG_ENTRIES_MAX then
  return { "recorder_behind" }
end

local limits, waiting, locked_until, old_zone = wallet[1] or "", wallet[2] or "", tonumber(wallet[3] or "0"), wallet[4]
local at_text, rest, next_zone = string.match(waiting, "^(%d+)|(%d*|%d*|%d*|%d*)|(.*)$")
if at_text and now_ms >= tonumber(at_text) then
  limits, old_zone, waiting = rest, next_zone, ""
end
if kind == "lock" then
  locked_until = math.max(locked_until, now_ms + tonumber(ARGV[5]))
elseif not old_zone then
  limits, old_zone, waiting = wanted, zone, ""
else
  local old = { string.match(limits == "" and "|||" or limits, FOUR) }
  local new = { string.match(wanted, FOUR) }
  for n = 1, 4 do
    old[n] = tighter(old[n], new[n])
  end
  limits = table.concat(old, "|")
  if limits == wanted and zone == old_zone then
    waiting = ""
  elseif waiting == "" or wanted .. "|" .. zone ~= rest .. "|" .. next_zone then
    waiting = fmt(now_ms + tonumber(ARGV[12])) .. "|" .. wanted .. "|" .. zone
  end
end

local seq = tonumber(shard[2] or "0") + 1
local record = { "limits", fmt(seq), fmt(now_ms), id, fan, limits, waiting, fmt(locked_until), old_zone or "" }
redis.call("XADD", log_key, fmt(seq) .. "-1", "first", fmt(seq), "records", cmsgpack.pack({ record }))
redis.call("HSET", shard_key, "hwm", fmt(now_ms))
redis.call("HINCRBY", shard_key, "seq", "1")
redis.call("HSET", seen_key, id, ARGV[7] .. "|set")
redis.call("PEXPIREAT", seen_key, ARGV[8])
redis.call("HSET", wallet_key, "limits", limits, "limits_next", waiting, "locked_until", fmt(locked_until))
if old_zone then
  redis.call("HSET", wallet_key, "zone", old_zone)
end
return { "ok" }
