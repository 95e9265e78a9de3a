#!lua
-- Decide up to 128 orders of one shard: charge each fan, credit the creator, number the event and tell the room.
-- Everything happens or nothing does: all reads, then all decisions on copies, then writes that cannot fail.
--
-- KEYS[1]  shard    hash    epoch, seq, hwm, logged, drained
-- KEYS[2]  log      stream  what the books will copy
-- KEYS[3…] rooms    4 a room: room hash, feed stream, board zset, names hash
-- KEYS[…]  the creator, wallet, seen and combo hashes that rooms and orders point at
--
-- ARGV[1]  shard_id          decimal
-- ARGV[2]  undrained_max     coins that may wait for the books
-- ARGV[3]  window_ms         an intent older than this is stale
-- ARGV[4]  skew_ms           an intent further ahead than this is from the future
-- ARGV[5]  gap_ms            a combo ends this long after its last send
-- ARGV[6]  feed_batches_max  entries a feed keeps
-- ARGV[7]  rooms             how many rooms follow
-- ARGV[8]  orders            how many orders follow them, 1..128
-- ARGV[9]  wallets_channel   where changed wallets are told
-- then     4 a room:   room_id, channel, creator_id, creator_key_index
-- then     19 an order: see the names below; amounts are decimal text, room 0 is "no such room"
--
-- RETURNS  { now_ms, outcome… }: one text an order, its first character "0" decided now, "1" decided before;
--          then  ok|<21 fields>  or  <code>|ts_ms|coins|balance  (store/outcome.py reads them)
local ROOM_KEYS, ROOM_ARGS, ORDER_ARGS, HEAD = 4, 4, 19, 9
local AMOUNT_MAX = 9007199254740991
local UNITS_PER_COIN = 10000
-- A receipt that was made again from the books, which know what was charged but not every word of the order.
local REBUILT = "****************|ok|"

local function whole(text)
  local number = string.match(text, "^%d+$") and tonumber(text)
  if not number or number > AMOUNT_MAX then
    error("send_gifts: not a whole amount: " .. text)
  end
  return number
end

local function fmt(number)
  return string.format("%.0f", number)
end

local function stored(text)
  local number = tonumber(text or "0")
  if not number or number ~= math.floor(number) or math.abs(number) > AMOUNT_MAX then
    error("send_gifts: a stored amount is damaged: " .. tostring(text))
  end
  return number
end

local function must_be(key, kind)
  local found = redis.call("TYPE", key)["ok"]
  if found ~= "none" and found ~= kind then
    error("send_gifts: " .. key .. " is a " .. found .. ", not a " .. kind)
  end
end

-- ---------------------------------------------------------------------------------------------- read
local shard_key, log_key = KEYS[1], KEYS[2]
local shard_id, undrained_max = ARGV[1], whole(ARGV[2])
local window_ms, skew_ms, gap_ms = whole(ARGV[3]), whole(ARGV[4]), whole(ARGV[5])
local feed_batches_max, rooms_n, orders_n = ARGV[6], whole(ARGV[7]), whole(ARGV[8])
if orders_n < 1 or orders_n > 128 then
  error("send_gifts: 1 to 128 orders a call")
end

-- A shard without an epoch is empty or was not made ready from the books: it decides nothing and remembers nothing.
local shard = redis.call("HMGET", shard_key, "epoch", "seq", "hwm", "logged", "drained")
local shard_epoch, seq, undrained = shard[1], stored(shard[2]), stored(shard[4]) - stored(shard[5])
must_be(log_key, "stream")
local clock = redis.call("TIME")
-- The clock never goes back: the high-water mark keeps expired intents expired through a step of the system clock.
local now_ms = math.max(tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000), stored(shard[3]))
local now = fmt(now_ms)

local creators = {}

local function creator_of(index)
  local creator = creators[index]
  if not creator then
    creator = { earned = stored(redis.call("HGET", KEYS[index], "earned")), gained = 0 }
    creators[index] = creator
  end
  return creator
end

local rooms = {}
for r = 1, rooms_n do
  local k, a = 2 + (r - 1) * ROOM_KEYS, HEAD + (r - 1) * ROOM_ARGS
  local room = {
    key = KEYS[k + 1], feed = KEYS[k + 2], board = KEYS[k + 3], names = KEYS[k + 4],
    id = ARGV[a + 1], channel = ARGV[a + 2], creator_id = ARGV[a + 3], creator = creator_of(whole(ARGV[a + 4])),
    events = {}, board_adds = {}, board_now = {}, name_sets = {}, gifts_added = 0, coins_added = 0, fans_added = 0,
  }
  local fields = redis.call("HMGET", room.key, "creator", "state", "epoch", "offset", "coins", "gifts", "fans")
  room.exists, room.open, room.epoch = fields[1] == room.creator_id, fields[2] == "open", fields[3]
  room.offset, room.coins, room.gifts, room.fans = stored(fields[4]), stored(fields[5]), stored(fields[6]), stored(fields[7])
  must_be(room.feed, "stream")
  must_be(room.board, "zset")
  must_be(room.names, "hash")
  rooms[r] = room
end

local wallets, memories, combos = {}, {}, {}

-- Limits are "gift|day|week|month"; wider ones wait in "at_ms|gift|day|week|month|zone" until their time has come.
local function limits_of(now_text, next_text)
  local text = now_text
  if next_text and next_text ~= "" then
    local at_ms, rest = string.match(next_text, "^(%d+)|(.*)$")
    if now_ms >= tonumber(at_ms) then
      text = rest
    end
  end
  if not text or text == "" then
    return nil
  end
  local gift, day, week, month = string.match(text, "^(%d*)|(%d*)|(%d*)|(%d*)")
  return { gift = tonumber(gift), day = tonumber(day), week = tonumber(week), month = tonumber(month) }
end

local function wallet_of(index, fan)
  local wallet = wallets[index]
  if not wallet then
    local fields = redis.call("HMGET", KEYS[index], "paid", "promo", "rev", "day", "month", "day_spent", "week_spent",
      "month_spent", "limits", "limits_next", "locked_until")
    wallet = {
      fan = fan, paid = stored(fields[1]), promo = stored(fields[2]), rev = stored(fields[3]), paid_out = 0, promo_out = 0, sends = 0,
      day = stored(fields[4]), month = stored(fields[5]),
      spent = { stored(fields[6]), stored(fields[7]), stored(fields[8]) }, limits = limits_of(fields[9], fields[10]),
      locked_until = stored(fields[11]),
    }
    wallets[index] = wallet
  end
  return wallet
end

local function memory_of(index, expires_at)
  local memory = memories[index]
  if not memory then
    memory = { decided = {}, writes = {}, expires_at = expires_at }
    memories[index] = memory
  end
  return memory
end

local function combo_of(index)
  local combo = combos[index]
  if not combo then
    local fields = redis.call("HMGET", KEYS[index], "id", "rev", "total", "coins", "last_ms", "epoch")
    combo = { id = fields[1], rev = stored(fields[2]), total = stored(fields[3]), coins = stored(fields[4]), last_ms = stored(fields[5]), epoch = fields[6] }
    combos[index] = combo
  end
  return combo
end

-- ---------------------------------------------------------------------------------------------- decide
local outcomes, records, log_first, logged_coins = {}, {}, seq + 1, 0

local function refuse(code, order, wallet)
  return table.concat({ code, now, order.coins_text, fmt(wallet.paid + wallet.promo) }, "|")
end

local function face_is_known(room, face)
  return room.name_sets[face] ~= nil or redis.call("HEXISTS", room.names, face) == 1
end

local function board_total(room, fan)
  if not room.board_now[fan] then
    room.board_now[fan] = stored(redis.call("ZSCORE", room.board, fan) or "0")
  end
  return room.board_now[fan]
end

-- A day that is not later than the one the wallet stands at counts to that one: neither a clock nor a move to another
-- time zone can empty what was spent.
local function roll_periods(wallet, day, month)
  if day > wallet.day then
    wallet.spent[1] = 0
    if math.floor((day + 3) / 7) ~= math.floor((wallet.day + 3) / 7) then
      wallet.spent[2] = 0
    end
    if month ~= wallet.month then
      wallet.spent[3] = 0
    end
    wallet.day, wallet.month = day, month
  end
end

local function limit_against(order, wallet)
  if now_ms < wallet.locked_until then
    return "self_excluded"
  end
  local limits, spent, coins = wallet.limits, wallet.spent, order.coins
  if not limits then
    return nil
  elseif limits.gift and coins > limits.gift then
    return "limit_gift"
  elseif limits.day and spent[1] + coins > limits.day then
    return "limit_day"
  elseif limits.week and spent[2] + coins > limits.week then
    return "limit_week"
  elseif limits.month and spent[3] + coins > limits.month then
    return "limit_month"
  end
  return nil
end

local function verdict_on(order, room, wallet)
  if order.verdict ~= "" then
    return order.verdict
  elseif not room or not room.exists then
    return "unknown_room"
  elseif not room.open then
    return "room_closed"
  elseif wallet.paid < 0 then
    return "wallet_owes"
  end
  roll_periods(wallet, order.day, order.month)
  local limited = limit_against(order, wallet)
  if limited then
    return limited
  elseif wallet.paid + wallet.promo < order.coins then
    return "insufficient_coins"
  elseif room.creator.earned + room.creator.gained + order.creator_units > AMOUNT_MAX then
    return "ledger_limit"
  end
  return nil
end

local function extend_combo(order, room)
  if order.combo_index == 0 then
    return nil
  end
  local combo = combo_of(order.combo_index)
  if not combo.id or combo.epoch ~= room.epoch or now_ms - combo.last_ms > gap_ms then
    combo.id, combo.epoch, combo.rev, combo.total, combo.coins = room.epoch .. "-" .. fmt(room.offset), room.epoch, 0, 0, 0
  end
  combo.rev, combo.total, combo.coins, combo.last_ms = combo.rev + 1, combo.total + order.count, combo.coins + order.coins, now_ms
  return combo
end

local function accept(order, room, wallet)
  -- Promo coins go first: what was paid for is what a refund must be able to give back.
  local promo_out = math.min(wallet.promo, order.coins)
  local paid_out = order.coins - promo_out
  wallet.promo, wallet.paid, wallet.rev = wallet.promo - promo_out, wallet.paid - paid_out, wallet.rev + 1
  wallet.promo_out, wallet.paid_out, wallet.sends = wallet.promo_out + promo_out, wallet.paid_out + paid_out, wallet.sends + 1
  for period = 1, 3 do
    wallet.spent[period] = wallet.spent[period] + order.coins
  end
  undrained, logged_coins = undrained + order.coins, logged_coins + order.coins

  seq, room.offset = seq + 1, room.offset + 1
  room.creator.gained = room.creator.gained + order.creator_units
  room.coins_added, room.gifts_added = room.coins_added + order.coins, room.gifts_added + order.count
  -- A fan who gives openly and hidden counts twice: were it once, the count would tell who hides.
  local face = order.sender ~= "" and order.fan or "?" .. order.fan
  if not face_is_known(room, face) then
    room.fans_added = room.fans_added + 1
  end
  room.name_sets[face] = order.sender
  local fan_coins = ""
  if order.sender ~= "" then
    room.board_now[order.fan] = board_total(room, order.fan) + order.coins
    room.board_adds[order.fan] = (room.board_adds[order.fan] or 0) + order.coins
    fan_coins = fmt(room.board_now[order.fan])
  end

  local combo = extend_combo(order, room)
  local c = combo and { combo.id, fmt(combo.rev), fmt(combo.total), fmt(combo.coins), fmt(now_ms + gap_ms) } or { "", "", "", "", "" }
  local event_id = shard_id .. "-" .. shard_epoch .. "-" .. fmt(seq)
  room.events[#room.events + 1] = { fmt(room.offset), event_id, now, order.fan, c[1], c[2], c[3], c[4], c[5], fan_coins, order.facts }
  records[#records + 1] = {
    "gift", fmt(seq), now, order.intent, order.fan, room.creator_id, room.id, room.epoch, fmt(room.offset), order.gift,
    order.count_text, order.coins_text, fmt(paid_out), fmt(promo_out), fmt(order.creator_units), fmt(order.platform_units),
    fmt(wallet.day), fmt(wallet.month), order.sender == "" and "1" or "0",
  }
  return table.concat({
    "ok", now, order.coins_text, fmt(wallet.paid), fmt(wallet.promo), fmt(wallet.rev), event_id, room.id, room.epoch, fmt(room.offset),
    order.gift, order.count_text, c[1], c[2], c[3], c[4], c[5], fmt(paid_out), fmt(promo_out),
    fmt(wallet.spent[1]), fmt(wallet.spent[2]), fmt(wallet.spent[3]),
  }, "|")
end

for o = 1, orders_n do
  local a = HEAD + rooms_n * ROOM_ARGS + (o - 1) * ORDER_ARGS
  local order = {
    fan = ARGV[a + 1], wallet_index = whole(ARGV[a + 2]), seen_index = whole(ARGV[a + 3]), combo_index = whole(ARGV[a + 4]),
    room_index = whole(ARGV[a + 5]), intent = ARGV[a + 6], intent_ms = whole(ARGV[a + 7]), fingerprint = ARGV[a + 8],
    verdict = ARGV[a + 9], gift = ARGV[a + 10], count_text = ARGV[a + 11], count = whole(ARGV[a + 11]), coins_text = ARGV[a + 12],
    coins = whole(ARGV[a + 12]), creator_units = whole(ARGV[a + 13]), platform_units = whole(ARGV[a + 14]),
    sender = ARGV[a + 15], facts = ARGV[a + 16], seen_expires_at = ARGV[a + 17], day = whole(ARGV[a + 18]), month = whole(ARGV[a + 19]),
  }
  if order.creator_units + order.platform_units ~= order.coins * UNITS_PER_COIN then
    error("send_gifts: a split that does not add up")
  end
  if order.verdict == "" and order.coins < 1 then
    error("send_gifts: an order without a price")
  end
  local room, wallet = rooms[order.room_index], wallet_of(order.wallet_index, order.fan)
  local memory = memory_of(order.seen_index, order.seen_expires_at)
  local before = memory.decided[order.intent] or redis.call("HGET", KEYS[order.seen_index], order.intent)
  if not shard_epoch then
    outcomes[o] = "0" .. refuse("gate_closed", order, wallet)
  elseif before then
    if string.sub(before, 1, 16) == order.fingerprint or string.sub(before, 1, 20) == REBUILT then
      outcomes[o] = "1" .. string.sub(before, 18)
    else
      outcomes[o] = "0" .. refuse("intent_conflict", order, wallet)
    end
  elseif now_ms - order.intent_ms > window_ms then
    outcomes[o] = "0" .. refuse("stale_intent", order, wallet)
  elseif order.intent_ms - now_ms > skew_ms then
    outcomes[o] = "0" .. refuse("future_intent", order, wallet)
  elseif undrained > 0 and undrained + order.coins > undrained_max and order.verdict == "" then
    outcomes[o] = "0" .. refuse("recorder_behind", order, wallet)
  else
    local code = verdict_on(order, room, wallet)
    local outcome = code and refuse(code, order, wallet) or accept(order, room, wallet)
    local remembered = order.fingerprint .. "|" .. outcome
    memory.decided[order.intent] = remembered
    memory.writes[#memory.writes + 1] = order.intent
    memory.writes[#memory.writes + 1] = remembered
    outcomes[o] = "0" .. outcome
  end
end

-- ---------------------------------------------------------------------------------------------- write
-- The log goes first: it is the one write that damaged keys could still refuse (an id that is not above the last).
if #records > 0 then
  redis.call("XADD", log_key, fmt(seq) .. "-1", "first", fmt(log_first), "records", cmsgpack.pack(records))
end
if shard_epoch then
  redis.call("HSET", shard_key, "hwm", now)
end
for index, memory in pairs(memories) do
  if #memory.writes > 0 then
    redis.call("HSET", KEYS[index], unpack(memory.writes))
    redis.call("PEXPIREAT", KEYS[index], memory.expires_at)
  end
end

if #records > 0 then
  local balances = {}
  for index, wallet in pairs(wallets) do
    if wallet.sends > 0 then
      local spent = { fmt(wallet.spent[1]), fmt(wallet.spent[2]), fmt(wallet.spent[3]) }
      balances[#balances + 1] = { wallet.fan, fmt(wallet.paid), fmt(wallet.promo), fmt(wallet.rev), unpack(spent) }
      redis.call("HSET", KEYS[index], "day", fmt(wallet.day), "month", fmt(wallet.month), "day_spent", spent[1],
        "week_spent", spent[2], "month_spent", spent[3])
      redis.call("HINCRBY", KEYS[index], "paid", fmt(0 - wallet.paid_out))
      redis.call("HINCRBY", KEYS[index], "promo", fmt(0 - wallet.promo_out))
      redis.call("HINCRBY", KEYS[index], "rev", fmt(wallet.sends))
    end
  end
  redis.call("SPUBLISH", ARGV[9], cmsgpack.pack(balances))
  for index, creator in pairs(creators) do
    if creator.gained > 0 then
      redis.call("HINCRBY", KEYS[index], "earned", fmt(creator.gained))
    end
  end
  for index, combo in pairs(combos) do
    redis.call("HSET", KEYS[index], "id", combo.id, "rev", fmt(combo.rev), "total", fmt(combo.total), "coins", fmt(combo.coins), "last_ms", fmt(combo.last_ms), "epoch", combo.epoch)
    -- Only to sweep up: whether a combo has ended is decided by last_ms, above.
    redis.call("PEXPIRE", KEYS[index], fmt(gap_ms * 2))
  end
  redis.call("HINCRBY", shard_key, "seq", fmt(#records))
  redis.call("HINCRBY", shard_key, "logged", fmt(logged_coins))

  for r = 1, rooms_n do
    local room = rooms[r]
    if #room.events > 0 then
      redis.call("HINCRBY", room.key, "offset", fmt(#room.events))
      redis.call("HINCRBY", room.key, "coins", fmt(room.coins_added))
      redis.call("HINCRBY", room.key, "gifts", fmt(room.gifts_added))
      redis.call("HINCRBY", room.key, "fans", fmt(room.fans_added))
      for fan, coins in pairs(room.board_adds) do
        redis.call("ZINCRBY", room.board, fmt(coins), fan)
      end
      for fan, sender in pairs(room.name_sets) do
        redis.call("HSET", room.names, fan, sender)
      end
      local batch = cmsgpack.pack({
        room.epoch, fmt(room.offset - #room.events + 1), fmt(room.offset), fmt(room.coins + room.coins_added),
        fmt(room.gifts + room.gifts_added), fmt(room.fans + room.fans_added), fmt(room.creator.earned + room.creator.gained), "gift", room.events,
      })
      local added = redis.pcall("XADD", room.feed, "MAXLEN", "~", feed_batches_max, fmt(room.offset) .. "-1", "batch", batch)
      if type(added) == "table" and added.err then
        -- A feed that is ahead of its room was tampered with. Money has moved, so the event must not be lost: the feed
        -- starts over, and whoever resumes is told of the gap.
        redis.call("DEL", room.feed)
        redis.call("XADD", room.feed, fmt(room.offset) .. "-1", "batch", batch)
      end
      redis.call("SPUBLISH", room.channel, batch)
    end
  end
end

table.insert(outcomes, 1, now)
return outcomes
