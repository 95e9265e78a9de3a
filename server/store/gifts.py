"""The gift engine: orders gather while a call is in flight and go to the atomic step together.

Nothing waits for a timer: an order that finds the line free leaves at once. Under load the calls grow by themselves,
and one call is one fsync, one log entry and one publish for all of its orders (group commit).
"""

import asyncio
from collections import deque
from dataclasses import dataclass

import msgspec
import structlog

from server.domain.event import Sender
from server.domain.gift import Gift
from server.domain.ids import CreatorId, FanId, IntentId, intent_time_ms
from server.domain.limits import Period
from server.domain.money import split
from server.domain.order import INTENT_SKEW_MS, INTENT_WINDOW_MS, GiftOrder, fingerprint
from server.errors import GiftwaveError, Overloaded, Refused, StoreUnavailable
from server.settings import Settings
from server.store.client import StoreClient
from server.store.keys import Keys, seen_slot
from server.store.outcome import Outcome, Receipt, parse_outcome
from server.store.scripts import SEND_GIFTS
from server.tasks import TaskOwner
from server.telemetry import metrics

log = structlog.get_logger(__name__)

# Grants, takes and changes of limits are remembered in the same place.
_NOT_GIFTS = ("granted", "taken", "set")
ANONYMOUS = Sender(name="Anonymous")


class GiftFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """The part of a gift event that is known before the atomic step; the step carries it without looking."""

    sender: Sender
    gift: str
    count: int
    coins: int
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedOrder:
    """An order after the service looked at it: what it costs, or why it is refused.

    A refusal still goes through the atomic step, so that a retry of an order that was accepted earlier gets its
    receipt and not today's objection, and a retry of a refused one is refused for ever.
    """

    order: GiftOrder
    creator: CreatorId | None  # None where no such room is known
    gift: Gift | None
    coins: int
    refusal: type[Refused] | None
    period: Period  # the fan's local day and month


@dataclass(frozen=True, slots=True)
class _Waiting:
    priced: PricedOrder
    outcome: asyncio.Future[Receipt]


class GiftEngine:
    """Takes orders of one shard and answers each with a receipt or a named error."""

    def __init__(self, client: StoreClient, keys: Keys, settings: Settings) -> None:
        self._client = client
        self._keys = keys
        self._settings = settings
        self._waiting: deque[_Waiting] = deque()
        self._in_flight = False
        self._tasks = TaskOwner("gifts")

    def submit(self, priced: PricedOrder) -> asyncio.Future[Receipt]:
        """Hand in an order; the future ends with its receipt, its refusal, or `StoreUnavailable`.

        Cancelling the future is safe: the order may still be charged, and a retry returns its receipt.
        """
        outcome: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        if len(self._waiting) >= self._settings.pending_orders_max:
            outcome.set_exception(Overloaded(retry_after_ms=500))
            return outcome
        self._waiting.append(_Waiting(priced, outcome))
        if not self._in_flight:
            self._in_flight = True
            self._tasks.spawn(self._send_all(), name="send")
        return outcome

    async def close(self) -> None:
        """Stop; orders still waiting get `StoreUnavailable`."""
        await self._tasks.close()
        self._settle_with(list(self._waiting), StoreUnavailable())
        self._waiting.clear()

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                size = min(len(self._waiting), self._settings.batch_orders_max)
                await self._send([self._waiting.popleft() for _ in range(size)])
        finally:
            self._in_flight = False

    async def _send(self, batch: list[_Waiting]) -> None:
        call = _Call(self._keys, self._settings)
        for waiting in batch:
            call.add(waiting.priced)
        try:
            with metrics.STORE_CALL_SECONDS.time():
                reply = await self._client.run(SEND_GIFTS, keys=call.keys, args=call.args)
        except asyncio.CancelledError:
            self._settle_with(batch, StoreUnavailable())
            raise
        except StoreUnavailable as error:
            # Who waits behind a store that is away hears so now, not one timeout after another.
            self._settle_with([*batch, *self._waiting], error)
            self._waiting.clear()
            return
        except Exception:
            log.exception("gifts.call_failed", orders=len(batch))
            await self._isolate(batch)
            return
        assert isinstance(reply, list), reply
        assert len(reply) == len(batch) + 1, len(reply)
        for waiting, raw in zip(batch, reply[1:], strict=True):
            assert isinstance(raw, bytes), raw
            self._answer(waiting, raw.decode())

    async def _isolate(self, batch: list[_Waiting]) -> None:
        """The script failed: on somebody's damaged key, or by a mistake of ours. Nobody else may pay for it.

        Whether something was written is not certain; sending the same intents again finds it out.
        """
        if len(batch) == 1:
            self._settle_with(batch, StoreUnavailable(retry_after_ms=500))
            return
        for waiting in batch:
            await self._send([waiting])

    @staticmethod
    def _answer(waiting: _Waiting, text: str) -> None:
        try:
            outcome = parse_outcome(waiting.priced.order.intent_id, text[1:], replayed=text[0] == "1")
        except (ValueError, AssertionError):
            # One damaged memory must not leave the others of its batch unanswered.
            log.exception("gifts.outcome_unreadable", outcome=text)
            GiftEngine._settle_with([waiting], GiftwaveError())
            return
        _count(outcome)
        _settle(waiting.outcome, outcome)

    @staticmethod
    def _settle_with(batch: list[_Waiting], error: GiftwaveError) -> None:
        for waiting in batch:
            metrics.GIFTS.labels(outcome=error.code).inc()
            if not waiting.outcome.done():
                waiting.outcome.set_exception(error)


class _Call:
    """Collects the keys and arguments of one call of `send_gifts.lua`; each key and room is named once."""

    def __init__(self, keys: Keys, settings: Settings) -> None:
        self._names = keys
        self._settings = settings
        self._rooms: dict[str, int] = {}
        self._room_keys: list[str] = []
        self._room_args: list[tuple[str, str, str, str]] = []
        self._other_keys: dict[str, int] = {}
        self._orders: list[tuple[PricedOrder, str, str, str | None, int]] = []

    def add(self, priced: PricedOrder) -> None:
        """Add an order."""
        order = priced.order
        slot, expires_at_ms = seen_slot(order.intent_id)
        wallet, seen, combo = self._names.wallet(order.fan.id), self._names.seen(order.fan.id, slot), None
        if priced.gift is not None and priced.gift.combo and priced.refusal is None:
            combo = self._names.combo(order.room, order.fan.id, order.gift, anonymous=order.anonymous)
        for key in (wallet, seen, combo):
            if key is not None:
                self._other_keys.setdefault(key, len(self._other_keys))
        self._orders.append((priced, wallet, seen, combo, expires_at_ms))
        if priced.creator is not None and order.room not in self._rooms:
            self._add_room(priced, priced.creator)

    @property
    def keys(self) -> list[str]:
        return [self._names.shard, self._names.log, *self._room_keys, *self._other_keys]

    @property
    def args(self) -> list[str | bytes]:
        settings = self._settings
        args: list[str | bytes] = [
            str(self._names.shard_id),
            str(settings.undrained_coins_max),
            str(INTENT_WINDOW_MS),
            str(INTENT_SKEW_MS),
            str(settings.combo_gap_ms),
            str(settings.feed_batches_max),
            str(len(self._rooms)),
            str(len(self._orders)),
            self._names.wallets_channel,
            *self._room_args_with_creators(),
        ]
        for order in self._orders:
            args.extend(self._order_args(*order))
        return args

    def _add_room(self, priced: PricedOrder, creator: CreatorId) -> None:
        names, room = self._names, priced.order.room
        self._rooms[room] = len(self._rooms) + 1
        self._room_keys += [names.room(room), names.feed(room), names.board(room), names.names(room)]
        creator_key = names.creator(creator)
        self._other_keys.setdefault(creator_key, len(self._other_keys))
        self._room_args.append((room, names.live_channel(room), creator, creator_key))

    def _room_args_with_creators(self) -> list[str]:
        # Indexes are known only now: the keys of rooms come first, and more rooms may have been added.
        return [
            part
            for room, channel, creator, creator_key in self._room_args
            for part in (room, channel, creator, self._key_index(creator_key))
        ]

    def _order_args(
        self, priced: PricedOrder, wallet: str, seen: str, combo: str | None, expires_at_ms: int
    ) -> list[str | bytes]:
        order = priced.order
        creator_units, platform_units = split(priced.coins, share_bps=self._settings.creator_share_bps)
        sender = (
            ANONYMOUS
            if order.anonymous
            else Sender(name=order.fan.name, id=order.fan.id, simulated=order.fan.simulated)
        )
        facts = GiftFacts(sender, order.gift, order.count, priced.coins, order.message or None)
        return [
            order.fan.id,
            self._key_index(wallet),
            self._key_index(seen),
            "0" if combo is None else self._key_index(combo),
            str(self._rooms.get(order.room, 0)),
            order.intent_id,
            str(intent_time_ms(order.intent_id)),
            fingerprint(order),
            "" if priced.refusal is None else priced.refusal.code,
            order.gift,
            str(order.count),
            str(priced.coins),
            str(creator_units),
            str(platform_units),
            b"" if order.anonymous else msgspec.json.encode(sender),
            msgspec.json.encode(facts),
            str(expires_at_ms),
            str(priced.period.day),
            str(priced.period.month),
        ]

    def _key_index(self, key: str) -> str:
        # Lua counts from 1; the shard, the log and the rooms come first.
        return str(3 + len(self._room_keys) + self._other_keys[key])


def _settle(future: asyncio.Future[Receipt], outcome: Outcome) -> None:
    if future.done():
        return
    if isinstance(outcome, Receipt):
        future.set_result(outcome)
    else:
        future.set_exception(outcome)


def _count(outcome: Outcome) -> None:
    if not isinstance(outcome, Receipt):
        metrics.GIFTS.labels(outcome=outcome.code).inc()
    elif outcome.replayed:
        metrics.GIFTS.labels(outcome="replayed").inc()
    else:
        metrics.GIFTS.labels(outcome="accepted").inc()
        metrics.COINS.inc(outcome.coins)


async def read_outcome(client: StoreClient, keys: Keys, *, fan: FanId, intent_id: IntentId) -> Outcome | None:
    """Return what was decided for a fan's intent, or None when nothing was (or it is long forgotten)."""
    slot, _ = seen_slot(intent_id)
    raw = await client.hget(keys.seen(fan, slot), intent_id)
    if raw is None:
        return None
    _fingerprint, _, text = raw.decode().partition("|")
    return None if text in _NOT_GIFTS else parse_outcome(intent_id, text, replayed=True)
