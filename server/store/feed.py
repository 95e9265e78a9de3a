"""Live batches and feed entries: one packed form, written by the scripts and read here."""

import msgpack
import msgspec

from server.domain.event import Balance, Event, GiftEvent, LiveBatch, RoomClosedEvent, RoomOpenedEvent, Totals
from server.domain.ids import FanId
from server.domain.limits import Spent
from server.store.gifts import GiftFacts
from server.store.outcome import parse_combo

_facts = msgspec.json.Decoder(GiftFacts)


def read_batch(raw: bytes) -> LiveBatch:
    """Read what `send_gifts.lua` and `close_room.lua` packed."""
    epoch, first, last, coins, gifts, fans, earned, kind, events = msgpack.unpackb(raw)
    read = _READERS[kind]
    return LiveBatch(
        epoch=epoch,
        first=int(first),
        last=int(last),
        events=tuple(read(event) for event in events),
        totals=Totals(int(coins), int(gifts), int(fans)),
        earned_units=int(earned),
    )


def _read_gift(fields: list[str]) -> Event:
    offset, event_id, ts_ms, _fan, *combo, fan_coins, facts_json = fields
    facts = _facts.decode(facts_json)
    return GiftEvent(
        offset=int(offset),
        id=event_id,
        ts_ms=int(ts_ms),
        sender=facts.sender,
        gift=facts.gift,
        count=facts.count,
        coins=facts.coins,
        combo=parse_combo(combo, delta=facts.count),
        message=facts.message,
        fan_coins=int(fan_coins) if fan_coins else None,
    )


def _read_opened(fields: list[str]) -> Event:
    offset, event_id, ts_ms = fields
    return RoomOpenedEvent(offset=int(offset), id=event_id, ts_ms=int(ts_ms))


def _read_closed(fields: list[str]) -> Event:
    offset, event_id, ts_ms = fields
    return RoomClosedEvent(offset=int(offset), id=event_id, ts_ms=int(ts_ms))


_READERS = {"gift": _read_gift, "room.opened": _read_opened, "room.closed": _read_closed}


def read_balances(raw: bytes) -> list[tuple[FanId, Balance]]:
    """Read which wallets changed, as the scripts packed it."""
    return [
        (FanId(fan), Balance(int(paid), int(promo), int(rev), Spent(*map(int, spent)) if spent else None))
        for fan, paid, promo, rev, *spent in msgpack.unpackb(raw)
    ]
