"""Random histories, played on the real script in a real Valkey and on the oracle in `domain/transfer.py`."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from server.domain.command import Command
from server.domain.gift import Gift
from server.domain.ids import CreatorId, FanId, GiftId, IntentId, RoomId, new_intent_id
from server.domain.limits import LOCK_HOURS, Limits, Spent, period_at, roll
from server.domain.order import INTENT_SKEW_MS, INTENT_WINDOW_MS, GiftOrder, Speaker
from server.domain.transfer import Books, Decision, RoomBooks
from server.errors import GiftwaveError, InsufficientCoins, PriceChanged, Refused, UnknownRoom
from server.settings import Settings
from server.store.client import StoreClient
from server.store.commands import CommandStore
from server.store.gifts import GiftEngine, PricedOrder
from server.store.keys import Keys
from server.store.log import LogStore
from server.store.outcome import Receipt
from server.store.rooms import RoomStore
from server.store.wallets import WalletStore
from tests.helpers.valkey import ValkeyChild

KEYS = Keys(shard_id=0)
FANS = [Speaker(id=FanId(f"u_{name}"), name=name.title()) for name in ("ana", "ben", "cleo")]
ROOMS = {
    RoomId("lounge"): CreatorId("c_mira"),
    RoomId("attic"): CreatorId("c_noor"),
    RoomId("cellar"): CreatorId("c_noor"),
}
GIFTS = [
    Gift(id=GiftId("rose"), name="Rose", price_coins=1, tier=1, combo=True, effect="rose", still="rose"),
    Gift(id=GiftId("donut"), name="Donut", price_coins=10, tier=2, combo=True, effect="donut", still="donut"),
    Gift(id=GiftId("disco"), name="Disco", price_coins=199, tier=3, combo=False, effect="disco", still="disco"),
]
# The store's clock is held by its high-water mark, a day ahead of the machine's: time is then ours to move.
DAY_MS = 86_400_000
# Little enough that histories meet it.
UNDRAINED_MAX = 20_000
ZONES = ["UTC", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati"]

limits = st.builds(Limits, *[st.one_of(st.none(), st.integers(1, 600)) for _ in Limits._fields])
orders = st.fixed_dictionaries(
    {
        "fan": st.sampled_from(FANS),
        "room": st.sampled_from([*ROOMS, RoomId("nowhere")]),
        "gift": st.sampled_from(GIFTS),
        "count": st.integers(1, 30),
        "anonymous": st.booleans(),
        "message": st.sampled_from(["", "bravo"]),
        "age_ms": st.sampled_from([0, 0, 0, 500, 899_000, 900_001, 2_000_000, -59_000, -61_000]),
        "retry": st.one_of(st.none(), st.integers(0, 50)),
        "tamper": st.booleans(),
        "objection": st.sampled_from([None, None, None, None, PriceChanged]),
    }
)


class AtomicStep(RuleBasedStateMachine):
    """One shard, its script, and its oracle."""

    valkey: ValkeyChild
    data: Path

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.raw = self.valkey.connect()
        self.valkey.flush()
        self.settings = Settings(
            data=self.data, store_timeout_s=10.0, feed_batches_max=20, undrained_coins_max=UNDRAINED_MAX
        )
        self.client = StoreClient(self.valkey.url, self.settings)
        self.engine = GiftEngine(self.client, KEYS, self.settings)
        self.rooms = RoomStore(self.client, KEYS, self.settings)
        self.wallets = WalletStore(self.client, KEYS)
        self.store_commands = CommandStore(self.client, KEYS)
        self.log = LogStore(self.client, KEYS)
        self.books = Books(
            share_bps=self.settings.creator_share_bps,
            window_ms=INTENT_WINDOW_MS,
            skew_ms=INTENT_SKEW_MS,
            gap_ms=self.settings.combo_gap_ms,
            undrained_max=UNDRAINED_MAX,
        )
        self.commands = 0
        self.now_ms = int(self.raw.time()[0]) * 1_000 + DAY_MS
        self.sent: list[tuple[PricedOrder, bool]] = []
        self.granted = 0

    def teardown(self) -> None:
        self.runner.run(self.client.close())
        self.runner.close()
        self.raw.close()

    @initialize()
    def begin(self) -> None:
        self.raw.hset(KEYS.shard, "hwm", self.now_ms)
        for room in ROOMS:
            self.open_room(room)

    @rule(dt_ms=st.sampled_from([1, 900, 2_999, 3_000, 3_001, 60_000, 900_001, 3_600_000, DAY_MS, 7 * DAY_MS]))
    def let_time_pass(self, dt_ms: int) -> None:
        self.now_ms += dt_ms
        self.raw.hset(KEYS.shard, "hwm", self.now_ms)

    @rule(fan=st.sampled_from(FANS), coins=st.integers(1, 400), bucket=st.sampled_from(["paid", "promo"]))
    def grant(self, fan: Speaker, coins: int, bucket: str) -> None:
        grant_id = new_intent_id(self.now_ms)
        kind = "paid" if bucket == "paid" else "promo"
        self.runner.run(self.wallets.grant(fan.id, coins=coins, bucket=kind, grant_id=grant_id))  # type: ignore[arg-type]
        self.books.grant(fan.id, **{bucket: coins})
        self.granted += coins

    @rule(fan=st.sampled_from(FANS), coins=st.integers(1, 400))
    def take(self, fan: Speaker, coins: int) -> None:
        take = self.wallets.take(fan.id, coins=coins, take_id=new_intent_id(self.now_ms))
        if self.books.take(fan.id, coins) == "ok":
            self.runner.run(take)
            self.granted -= coins
        else:
            with pytest.raises(InsufficientCoins):
                self.runner.run(take)

    @rule(fan=st.sampled_from(FANS), paid=st.integers(-300, 300), promo=st.integers(0, 50), again=st.booleans())
    def follow_a_command(self, fan: Speaker, paid: int, promo: int, *, again: bool) -> None:
        if not paid and not promo:
            return
        self.commands += 1
        command = Command(transfer_id="t", fan=fan.id, paid_coins=paid, promo_coins=promo)
        for _ in range(1 + again):
            assert self.runner.run(self.store_commands.apply([(self.commands, command)])) == self.commands
        self.books.command(fan.id, paid=paid, promo=promo)
        self.granted += paid + promo

    @rule(fan=st.sampled_from(FANS), wanted=limits, zone=st.sampled_from(ZONES))
    def set_limits(self, fan: Speaker, wanted: Limits, zone: str) -> None:
        change_id = new_intent_id(self.now_ms)
        self.runner.run(self.wallets.set_limits(fan.id, limits=wanted, zone=zone, change_id=change_id))
        self.books.set_limits(fan.id, wanted, zone, now_ms=self.now_ms)

    @rule(fan=st.sampled_from(FANS), hours=st.sampled_from(LOCK_HOURS))
    def lock(self, fan: Speaker, hours: int) -> None:
        self.runner.run(self.wallets.lock(fan.id, hours=hours, change_id=new_intent_id(self.now_ms)))
        self.books.lock(fan.id, hours, now_ms=self.now_ms)

    @rule()
    def let_the_books_catch_up(self) -> None:
        state = self.runner.run(self.log.state())
        assert state.epoch is not None
        self.runner.run(self.log.acknowledge(epoch=state.epoch, seq=state.seq, coins=state.logged_coins, messages=[]))
        self.books.undrained = 0

    @rule(wishes=st.lists(orders, min_size=1, max_size=8))
    def send(self, wishes: list[dict[str, object]]) -> None:
        batch = [self._order(wish) for wish in wishes]
        answers = self.runner.run(self._submit(batch))
        for priced, answer in zip(batch, answers, strict=True):
            order = priced.order
            decision, before = self.books.decide(
                order,
                coins=priced.coins,
                combo=priced.gift is not None and priced.gift.combo,
                objection="" if priced.refusal is None else priced.refusal.code,
                period=priced.period,
                now_ms=self.now_ms,
            )
            _same(answer, decision, replayed=before)
            self.sent.append((priced, True))

    @precondition(lambda self: any(room.is_open for room in self.books.rooms.values()))
    @rule(room=st.sampled_from(list(ROOMS)))
    def close_room(self, room: RoomId) -> None:
        books = self.books.rooms[room]
        was_open = self.runner.run(self.rooms.close(room, creator=ROOMS[room]))
        assert was_open == books.is_open
        if was_open:
            books.is_open, books.offset = False, books.offset + 1

    @rule(room=st.sampled_from(list(ROOMS)))
    def open_room(self, room: RoomId) -> None:
        creator = ROOMS[room]
        opened = self.runner.run(self.rooms.open(room, creator=creator, creator_name="Mira", title="Hello"))
        known = self.books.rooms.get(room)
        assert opened == (known is None or not known.is_open)
        if opened:
            epoch = self.runner.run(self.rooms.view(room)).epoch
            self.books.rooms[room] = RoomBooks(creator=creator, epoch=epoch, offset=1)

    @invariant()
    def wallets_agree(self) -> None:
        for fan in FANS:
            balance = self.runner.run(self.wallets.balance(fan.id))
            wallet = self.books.wallet(fan.id)
            assert (balance.paid, balance.promo, balance.rev) == (wallet.paid, wallet.promo, wallet.rev)
            assert balance.promo >= 0
            state = self.runner.run(self.wallets.state(fan.id, now_ms=self.now_ms))
            assert state.limits == wallet.limits.at(self.now_ms)
            today = period_at(self.now_ms, state.limits.zone)
            assert state.balance.spent == roll(wallet.spent, wallet.period, today)[0]

    @invariant()
    def rooms_and_boards_agree(self) -> None:
        for room, books in self.books.rooms.items():
            view = self.runner.run(self.rooms.view(room))
            assert (view.offset, view.totals.coins, view.totals.gifts, view.totals.fans) == (
                books.offset,
                books.coins,
                books.gifts,
                len(books.fans),
            )
            assert {fan.id: fan.coins for fan in view.top_fans} == books.given
            assert view.earned_units == self.books.earned.get(books.creator, 0)

    @invariant()
    def nothing_is_made_or_lost(self) -> None:
        held = sum(wallet.paid + wallet.promo for wallet in self.books.wallets.values())
        assert self.granted * 10_000 == held * 10_000 + sum(self.books.earned.values()) + self.books.platform_units
        assert int(self.raw.hget(KEYS.shard, "seq") or 0) == self.books.seq

    async def _submit(self, batch: list[PricedOrder]) -> list[Receipt | BaseException]:
        return await asyncio.gather(*(self.engine.submit(priced) for priced in batch), return_exceptions=True)

    def _order(self, wish: dict[str, object]) -> PricedOrder:
        retry = wish["retry"]
        if isinstance(retry, int) and self.sent:
            before, _ = self.sent[retry % len(self.sent)]
            if not wish["tamper"]:
                return before
            changed = replace(before.order, count=before.order.count + 1)
            return self._priced(changed, before.gift, before.refusal)
        fan, room, gift, age_ms = wish["fan"], wish["room"], wish["gift"], wish["age_ms"]
        assert isinstance(fan, Speaker)
        assert isinstance(gift, Gift)
        assert isinstance(age_ms, int)
        count = int(str(wish["count"])) if gift.combo else 1
        order = GiftOrder(
            intent_id=IntentId(new_intent_id(self.now_ms - age_ms)),
            fan=fan,
            room=RoomId(str(room)),
            gift=gift.id,
            count=count,
            max_coins=gift.price_coins * count,
            message=str(wish["message"]),
            anonymous=bool(wish["anonymous"]),
        )
        objection = wish["objection"]
        return self._priced(order, gift, PriceChanged if objection is PriceChanged else None)

    def _priced(self, order: GiftOrder, gift: Gift | None, refusal: type[Refused] | None) -> PricedOrder:
        assert gift is not None
        creator = ROOMS.get(order.room)
        if creator is None:
            refusal = UnknownRoom
        return PricedOrder(
            order=order,
            creator=creator,
            gift=gift,
            coins=gift.price_coins * order.count,
            refusal=refusal,
            period=period_at(self.now_ms, self.books.wallet(order.fan.id).limits.at(self.now_ms).zone),
        )


def _same(answer: Receipt | BaseException, decision: Decision, *, replayed: bool) -> None:
    if isinstance(answer, Receipt):
        combo = answer.combo
        assert decision == Decision(
            code="ok",
            offset=answer.offset,
            seq=int(answer.event_id.rsplit("-", 1)[1]),
            coins=answer.coins,
            spent_paid=answer.spent_paid,
            spent_promo=answer.spent_promo,
            paid=answer.balance.paid,
            promo=answer.balance.promo,
            rev=answer.balance.rev,
            spent=answer.balance.spent or Spent(),
            combo_id=combo.id if combo else "",
            combo_rev=combo.rev if combo else 0,
            combo_total=combo.total if combo else 0,
            combo_coins=combo.coins if combo else 0,
        )
        assert answer.replayed == replayed
    else:
        assert isinstance(answer, GiftwaveError), answer
        assert answer.code == decision.code


@pytest.fixture
def step(valkey: ValkeyChild, tmp_path: Path) -> type[AtomicStep]:
    AtomicStep.valkey, AtomicStep.data = valkey, tmp_path
    return AtomicStep


def _play(step: type[AtomicStep], *, histories: int, steps: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    run_state_machine_as_test(
        step,
        settings=settings(
            max_examples=histories,
            stateful_step_count=steps,
            phases=phases,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


def test_the_script_and_the_oracle_agree_on_every_history(step: type[AtomicStep]) -> None:
    _play(step, histories=100, steps=25)


@pytest.mark.soak
def test_the_script_and_the_oracle_agree_on_very_many_histories(step: type[AtomicStep]) -> None:
    _play(step, histories=2_000, steps=50)


def test_the_machine_would_notice_a_wrong_oracle(step: type[AtomicStep], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.domain.transfer.split", lambda coins, *, share_bps: (coins * share_bps + 1, coins))

    with pytest.raises(AssertionError):
        _play(step, histories=200, steps=20, phases=(Phase.generate,))
