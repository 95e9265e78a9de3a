"""The rules of the atomic step once more, in Python: what `store/lua/send_gifts.lua` is tested against.

Nothing in the server runs this. It is written to be read, and to be compared: a Hypothesis machine plays the same
histories on both and demands the same answers and the same state, to the unit (`tests/properties`).
"""

from dataclasses import dataclass, field

from server.domain.combo import Combo, next_combo
from server.domain.ids import FanId, GiftId, IntentId, RoomId, intent_time_ms
from server.domain.limits import (
    NEVER,
    NO_STATE,
    NOTHING_SPENT,
    Limits,
    LimitState,
    Period,
    Spent,
    refusal_of,
    roll,
)
from server.domain.money import AMOUNT_MAX, split
from server.domain.order import GiftOrder, fingerprint


@dataclass(slots=True)
class WalletBooks:
    """A fan's two buckets, how often they changed, the fan's limits and what counts against them."""

    paid: int = 0
    promo: int = 0
    rev: int = 0
    limits: LimitState = NO_STATE
    has_limits: bool = False
    period: Period = NEVER
    spent: Spent = NOTHING_SPENT


@dataclass(slots=True)
class RoomBooks:
    """A room's counters in its epoch; `given` holds what fans gave publicly."""

    creator: str
    epoch: str
    is_open: bool = True
    offset: int = 0
    coins: int = 0
    gifts: int = 0
    fans: set[tuple[FanId, bool]] = field(default_factory=set)  # each with whether hidden
    given: dict[FanId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided for an order. `code` is "ok" or a refusal; a refusal charged nothing."""

    code: str
    offset: int = 0
    seq: int = 0
    coins: int = 0
    spent_paid: int = 0
    spent_promo: int = 0
    paid: int = 0
    promo: int = 0
    rev: int = 0
    spent: Spent = NOTHING_SPENT
    combo_id: str = ""
    combo_rev: int = 0
    combo_total: int = 0
    combo_coins: int = 0


@dataclass(slots=True)
class Books:
    """Everything one shard holds."""

    share_bps: int
    window_ms: int
    skew_ms: int
    gap_ms: int
    undrained_max: int
    seq: int = 0
    undrained: int = 0
    wallets: dict[FanId, WalletBooks] = field(default_factory=dict)
    rooms: dict[RoomId, RoomBooks] = field(default_factory=dict)
    earned: dict[str, int] = field(default_factory=dict)
    platform_units: int = 0
    seen: dict[tuple[FanId, IntentId], tuple[str, Decision]] = field(default_factory=dict)
    combos: dict[tuple[RoomId, FanId, GiftId, bool], tuple[str, Combo]] = field(default_factory=dict)

    def decide(
        self, order: GiftOrder, *, coins: int, combo: bool, objection: str, period: Period, now_ms: int
    ) -> tuple[Decision, bool]:
        """Decide an order as the atomic step does; return the decision and whether it was made before.

        `coins` is its price, `combo` whether the gift has combos, `objection` the service's refusal code or "",
        `period` the fan's local day and month.
        """
        key, content = (order.fan.id, order.intent_id), fingerprint(order)
        if key in self.seen:
            known_content, decision = self.seen[key]
            if known_content == content:
                return decision, True
            return Decision(code="intent_conflict", coins=coins), False
        age_ms = now_ms - intent_time_ms(order.intent_id)
        if age_ms > self.window_ms:
            return Decision(code="stale_intent", coins=coins), False
        if -age_ms > self.skew_ms:
            return Decision(code="future_intent", coins=coins), False
        if not objection and self.undrained and self.undrained + coins > self.undrained_max:
            return Decision(code="recorder_behind", coins=coins), False
        code = self._verdict(order, coins=coins, objection=objection, period=period, now_ms=now_ms)
        decision = (
            self._accept(order, coins=coins, combo=combo, period=period, now_ms=now_ms)
            if code == "ok"
            else Decision(code=code, coins=coins)
        )
        self.seen[key] = (content, decision)
        return decision, False

    def wallet(self, fan: FanId) -> WalletBooks:
        """Return a fan's wallet, empty where there was none."""
        return self.wallets.setdefault(fan, WalletBooks())

    def grant(self, fan: FanId, *, paid: int = 0, promo: int = 0) -> None:
        """Fill a wallet."""
        wallet = self.wallet(fan)
        wallet.paid, wallet.promo, wallet.rev = wallet.paid + paid, wallet.promo + promo, wallet.rev + 1
        self.seq += 1

    def take(self, fan: FanId, coins: int) -> str:
        """Take paid coins back; return the code."""
        wallet = self.wallet(fan)
        if wallet.paid < coins:
            return "insufficient_coins"
        wallet.paid, wallet.rev = wallet.paid - coins, wallet.rev + 1
        self.seq += 1
        return "ok"

    def command(self, fan: FanId, *, paid: int, promo: int = 0) -> None:
        """Follow a command of the books, which may take a wallet below zero."""
        wallet = self.wallet(fan)
        wallet.paid, wallet.promo, wallet.rev = wallet.paid + paid, wallet.promo + promo, wallet.rev + 1

    def set_limits(self, fan: FanId, wanted: Limits, zone: str, *, now_ms: int) -> None:
        """Change a fan's limits."""
        wallet = self.wallet(fan)
        wallet.limits = wallet.limits.change(wanted, zone, is_first=not wallet.has_limits, now_ms=now_ms)
        wallet.has_limits = True
        self.seq += 1

    def lock(self, fan: FanId, hours: int, *, now_ms: int) -> None:
        """Lock a fan's spending."""
        wallet = self.wallet(fan)
        wallet.limits = wallet.limits.lock(hours, now_ms=now_ms)
        self.seq += 1

    def _verdict(self, order: GiftOrder, *, coins: int, objection: str, period: Period, now_ms: int) -> str:
        room, wallet = self.rooms.get(order.room), self.wallet(order.fan.id)
        if objection:
            return objection
        if room is None:
            return "unknown_room"
        if not room.is_open:
            return "room_closed"
        if wallet.paid < 0:
            return "wallet_owes"
        spent, _ = roll(wallet.spent, wallet.period, period)
        if (limited := refusal_of(wallet.limits, spent, coins, now_ms)) is not None:
            return limited
        if wallet.paid + wallet.promo < coins:
            return "insufficient_coins"
        creator_units, _ = split(coins, share_bps=self.share_bps)
        if self.earned.get(room.creator, 0) + creator_units > AMOUNT_MAX:
            return "ledger_limit"
        return "ok"

    def _accept(self, order: GiftOrder, *, coins: int, combo: bool, period: Period, now_ms: int) -> Decision:
        room, wallet = self.rooms[order.room], self.wallet(order.fan.id)
        spent, wallet.period = roll(wallet.spent, wallet.period, period)
        wallet.spent = Spent(*(before + coins for before in spent))
        self.undrained += coins
        spent_promo = min(wallet.promo, coins)
        spent_paid = coins - spent_promo
        wallet.promo, wallet.paid, wallet.rev = wallet.promo - spent_promo, wallet.paid - spent_paid, wallet.rev + 1
        creator_units, platform_units = split(coins, share_bps=self.share_bps)
        self.earned[room.creator] = self.earned.get(room.creator, 0) + creator_units
        self.platform_units += platform_units
        self.seq += 1
        room.offset, room.coins, room.gifts = room.offset + 1, room.coins + coins, room.gifts + order.count
        room.fans.add((order.fan.id, order.anonymous))
        if not order.anonymous:
            room.given[order.fan.id] = room.given.get(order.fan.id, 0) + coins
        running = self._extend_combo(order, room, coins=coins, now_ms=now_ms) if combo else None
        return Decision(
            code="ok",
            offset=room.offset,
            seq=self.seq,
            coins=coins,
            spent_paid=spent_paid,
            spent_promo=spent_promo,
            paid=wallet.paid,
            promo=wallet.promo,
            rev=wallet.rev,
            spent=wallet.spent,
            combo_id=running.id if running else "",
            combo_rev=running.rev if running else 0,
            combo_total=running.total if running else 0,
            combo_coins=running.coins if running else 0,
        )

    def _extend_combo(self, order: GiftOrder, room: RoomBooks, *, coins: int, now_ms: int) -> Combo:
        key = (order.room, order.fan.id, order.gift, order.anonymous)
        epoch, previous = self.combos.get(key, ("", None))
        combo = next_combo(
            previous if epoch == room.epoch else None,
            new_id=f"{room.epoch}-{room.offset}",
            count=order.count,
            coins=coins,
            now_ms=now_ms,
            gap_ms=self.gap_ms,
        )
        self.combos[key] = (room.epoch, combo)
        return combo
