#!lua
-- Follow what the books decided, up to 128 commands in their order, each once: whoever calls, and however often.
--
-- KEYS[1]  shard    hash    epoch, commands
-- KEYS[…]  the wallet and creator hashes, room hashes and boards that commands point at
--
-- ARGV[1]  wallets_channel  where changed wallets are told
-- ARGV[2]  commands         how many follow, 1..128
-- then     13 a command: number, fan, wallet_index, paid, promo, creator_index, units, room_index, board_index, room_epoch,
--          room_coins, room_gifts, board_coins; amounts are signed decimal text, index 0 is "none"
--
-- RETURNS  { last number followed } | { "gate_closed" } | { "gap", last number followed }
local FIELDS, HEAD = 13, 2
local AMOUNT_MAX = 9007199254740991

local function fmt(number)
  return string.format("%.0f", number)
end

local function signed(text)
  local number = string.match(text, "^-?%d+$") and tonumber(text)
  if not number or math.abs(number) > AMOUNT_MAX then
    error("apply_commands: not a whole amount: " .. text)
  end
  return number
end

local function must_be(key, kind)
  local found = redis.call("TYPE", key)["ok"]
  if found ~= "none" and found ~= kind then
    error("apply_commands: " .. key .. " is a " .. found .. ", not a " .. kind)
  end
end

-- A write that fails half way would leave those before it done and the cursor where it was: they would be done again.
local function must_count(key, ...)
  for f, text in ipairs(redis.call("HMGET", key, ...)) do
    if text and (not string.match(text, "^-?%d+$") or math.abs(tonumber(text)) > AMOUNT_MAX) then
      error("apply_commands: a stored amount is damaged: " .. key .. " " .. select(f, ...))
    end
  end
end

local shard = redis.call("HMGET", KEYS[1], "epoch", "commands")
if not shard[1] then
  return { "gate_closed" }
end
local cursor = tonumber(shard[2] or "0")
local todo, expected = {}, cursor
for c = 1, signed(ARGV[2]) do
  local a = HEAD + (c - 1) * FIELDS
  local command = {
    number = signed(ARGV[a + 1]), fan = ARGV[a + 2], wallet = signed(ARGV[a + 3]), paid = signed(ARGV[a + 4]), promo = signed(ARGV[a + 5]),
    creator = signed(ARGV[a + 6]), units = signed(ARGV[a + 7]), room = signed(ARGV[a + 8]), board = signed(ARGV[a + 9]), room_epoch = ARGV[a + 10],
    room_coins = signed(ARGV[a + 11]), room_gifts = signed(ARGV[a + 12]), board_coins = signed(ARGV[a + 13]),
  }
  if command.number > expected then
    if command.number ~= expected + 1 then
      return { "gap", fmt(expected) }
    end
    expected = command.number
    for index, kind in pairs({ [command.wallet] = "hash", [command.creator] = "hash", [command.room] = "hash", [command.board] = "zset" }) do
      if index > 0 then
        must_be(KEYS[index], kind)
      end
    end
    if command.wallet > 0 then
      must_count(KEYS[command.wallet], "paid", "promo", "rev")
    end
    if command.creator > 0 then
      must_count(KEYS[command.creator], "earned")
    end
    if command.room > 0 then
      must_count(KEYS[command.room], "coins", "gifts")
    end
    todo[#todo + 1] = command
  end
end

local balances = {}
for _, command in ipairs(todo) do
  if command.wallet > 0 then
    local key = KEYS[command.wallet]
    local paid = redis.call("HINCRBY", key, "paid", fmt(command.paid))
    local promo = redis.call("HINCRBY", key, "promo", fmt(command.promo))
    local rev = redis.call("HINCRBY", key, "rev", "1")
    balances[#balances + 1] = { command.fan, fmt(paid), fmt(promo), fmt(rev) }
  end
  if command.creator > 0 then
    redis.call("HINCRBY", KEYS[command.creator], "earned", fmt(command.units))
  end
  -- Totals and ranks belong to one life of a room; in a later one the gift is not counted anyway.
  if command.room > 0 and redis.call("HGET", KEYS[command.room], "epoch") == command.room_epoch then
    redis.call("HINCRBY", KEYS[command.room], "coins", fmt(command.room_coins))
    redis.call("HINCRBY", KEYS[command.room], "gifts", fmt(command.room_gifts))
    if command.board_coins ~= 0 then
      redis.call("ZINCRBY", KEYS[command.board], fmt(command.board_coins), command.fan)
    end
  end
end
if #todo > 0 then
  redis.call("HSET", KEYS[1], "commands", fmt(expected))
  redis.call("SPUBLISH", ARGV[1], cmsgpack.pack(balances))
end
return { fmt(expected) }
