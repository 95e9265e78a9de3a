"""Records of the log, read into rows of the books."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from server.domain.accounts import Account, AccountKind, posting
from server.domain.money import UNITS_PER_COIN
from server.record.ledger import SHARD_ID, Transfer

_PLATFORM = Account(AccountKind.PLATFORM)
_HOUSE = Account(AccountKind.HOUSE)


class GiftRow(NamedTuple):
    """A row of the gift table, in the order of its columns."""

    shard: int
    seq: int
    epoch: str
    at_ms: int
    intent_id: str
    fan: str
    creator: str
    room: str
    room_epoch: str
    room_offset: int
    gift: str
    count: int  # type: ignore[assignment]  # the column's name; nobody counts in a row
    coins: int
    paid_coins: int
    promo_coins: int
    creator_units: int
    platform_units: int
    day: int
    month: int
    hidden: bool


class LimitRow(NamedTuple):
    """A row of the limit_change table."""

    shard: int
    seq: int
    at_ms: int
    change_id: str
    fan: str
    limits: str
    next: str
    locked_until_ms: int
    zone: str


@dataclass(slots=True)
class Batch:
    """What one transaction of the recorder writes."""

    epoch: str
    first: int
    last: int = 0
    first_at_ms: int = 0
    at_ms: int = 0
    coins: int = 0
    gifts: list[GiftRow] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    limits: list[LimitRow] = field(default_factory=list)
    spent_paid: Counter[str] = field(default_factory=Counter)  # coins by fan
    spent_promo: Counter[str] = field(default_factory=Counter)
    earned: Counter[str] = field(default_factory=Counter)  # units by creator
    platform_units: int = 0

    def changes(self) -> Counter[Account]:
        """Return by how much the gifts change each balance, in units."""
        changes: Counter[Account] = Counter()
        for fan, coins in self.spent_paid.items():
            changes[Account(AccountKind.FAN_PAID, fan)] = -coins * UNITS_PER_COIN
        for fan, coins in self.spent_promo.items():
            changes[Account(AccountKind.FAN_PROMO, fan)] = -coins * UNITS_PER_COIN
        for creator, units in self.earned.items():
            changes[Account(AccountKind.CREATOR, creator)] = units
        changes[_PLATFORM] = self.platform_units
        return changes

    def recorded_intents(self) -> dict[str, list[str]]:
        """Return which intents of which fan are in it."""
        found: dict[str, list[str]] = defaultdict(list)
        for gift in self.gifts:
            found[gift.fan].append(gift.intent_id)
        return found

    def recorded_rooms(self) -> dict[tuple[str, str, str], int]:
        """Return how far each (creator, room, epoch) is recorded with it: the log is in the order of offsets."""
        return {(gift.creator, gift.room, gift.room_epoch): gift.room_offset for gift in self.gifts}


def read_batch(records: Sequence[Sequence[str]], *, epoch: str) -> Batch:
    """Read consecutive records of one shard's log; there is at least one."""
    batch = Batch(epoch, first=int(records[0][1]))
    for record in records:
        _READERS[record[0]](batch, record)
    batch.last, batch.first_at_ms, batch.at_ms = int(records[-1][1]), int(records[0][2]), int(records[-1][2])
    return batch


def _read_gift(batch: Batch, record: Sequence[str]) -> None:
    # The hottest lines of the recorder: names are bound once, and sums are kept by plain text.
    _, seq, ts, intent, fan, creator, room, room_epoch, offset, gift, count, *amounts, hidden = record
    coins, paid, promo, creator_units, platform_units, day, month = map(int, amounts)
    batch.gifts.append(
        GiftRow(
            SHARD_ID,
            int(seq),
            batch.epoch,
            int(ts),
            intent,
            fan,
            creator,
            room,
            room_epoch,
            int(offset),
            gift,
            int(count),
            coins,
            paid,
            promo,
            creator_units,
            platform_units,
            day,
            month,
            hidden == "1",
        )
    )
    batch.coins += coins
    if paid:
        batch.spent_paid[fan] += paid
    if promo:
        batch.spent_promo[fan] += promo
    batch.earned[creator] += creator_units
    batch.platform_units += platform_units


def _read_grant(batch: Batch, record: Sequence[str]) -> None:
    _, seq, ts, grant_id, fan, bucket, coins = record
    wallet = Account(AccountKind.FAN_PAID if bucket == "paid" else AccountKind.FAN_PROMO, fan)
    batch.transfers.append(
        Transfer(
            # By its place in the log: two fans may be given coins under one grant id.
            id=f"{SHARD_ID}-{batch.epoch}-{seq}",
            kind="grant",
            key=f"grant:{fan}:{grant_id}",
            at_ms=int(ts),
            postings=posting(_HOUSE, wallet, int(coins) * UNITS_PER_COIN),
            actor="operator",
            subject=grant_id,
            fan=fan,
            shard=SHARD_ID,
            seq=int(seq),
        )
    )


def _read_take(batch: Batch, record: Sequence[str]) -> None:
    _, seq, ts, take_id, fan, _bucket, coins = record
    wallet, away = Account(AccountKind.FAN_PAID, fan), Account(AccountKind.COIN_REFUNDS, take_id)
    batch.transfers.append(
        Transfer(
            id=f"take:{take_id}",
            kind="take",
            key=f"take:{take_id}",
            at_ms=int(ts),
            postings=posting(wallet, away, int(coins) * UNITS_PER_COIN),
            actor="operator",
            subject=take_id,
            fan=fan,
            shard=SHARD_ID,
            seq=int(seq),
        )
    )


def _read_limits(batch: Batch, record: Sequence[str]) -> None:
    _, seq, ts, change_id, fan, limits, waiting, locked_until, zone = record
    batch.limits.append(LimitRow(SHARD_ID, int(seq), int(ts), change_id, fan, limits, waiting, int(locked_until), zone))


_READERS = {"gift": _read_gift, "grant": _read_grant, "take": _read_take, "limits": _read_limits}
