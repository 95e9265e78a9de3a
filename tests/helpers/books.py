"""Read the log straight from a server's Valkey and check that all the money adds up."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgpack

from tests.helpers.server import KEYS, ServerProcess

UNITS_PER_COIN = 10_000


@dataclass(slots=True, kw_only=True)
class GiftRecord:
    """One accepted gift, as the books will copy it."""

    seq: int
    intent: str
    fan: str
    creator: str
    room: str
    epoch: str
    offset: int
    count: int
    coins: int
    paid: int
    promo: int
    creator_units: int
    platform_units: int


@dataclass(slots=True)
class Log:
    """The log stream from its first entry to its last."""

    gifts: list[GiftRecord] = field(default_factory=list)
    granted: Counter[str] = field(default_factory=Counter)
    seqs: list[int] = field(default_factory=list)

    def times(self) -> Counter[tuple[str, str]]:
        """Count how often each fan's intent was charged."""
        return Counter((gift.fan, gift.intent) for gift in self.gifts)


def read_log(server: ServerProcess) -> Log:
    """Read every record."""
    log = Log()
    with server.store() as store:
        entries: Any = store.xrange(KEYS.log)
    for entry_id, fields in entries:
        records = msgpack.unpackb(fields[b"records"])
        assert int(fields[b"first"]) == int(records[0][1])
        assert entry_id.decode() == f"{records[-1][1]}-1"
        for record in records:
            log.seqs.append(int(record[1]))
            if record[0] == "grant":
                log.granted[record[4]] += int(record[6])
            else:
                log.gifts.append(_gift(record))
    return log


def assert_books_balance(server: ServerProcess) -> Log:
    """Check every account of the store against the log, to the unit."""
    log = read_log(server)
    assert log.seqs == list(range(1, len(log.seqs) + 1)), "the log has a hole or a double"
    assert max(log.times().values(), default=1) == 1, "an intent was charged twice"
    spent: Counter[str] = Counter()
    earned: Counter[str] = Counter()
    for gift in log.gifts:
        assert gift.coins * UNITS_PER_COIN == gift.creator_units + gift.platform_units, gift
        assert gift.coins == gift.paid + gift.promo, gift
        spent[gift.fan] += gift.coins
        earned[gift.creator] += gift.creator_units
    with server.store() as store:
        for fan in log.granted:
            paid, promo = store.hmget(f"{{s0}}:wallet:{fan}", "paid", "promo")
            assert min(int(paid or 0), int(promo or 0)) >= 0
            assert int(paid or 0) + int(promo or 0) == log.granted[fan] - spent[fan], fan
        for creator, units in earned.items():
            assert int(store.hget(f"{{s0}}:creator:{creator}", "earned") or 0) == units, creator
    for room in {gift.room for gift in log.gifts}:
        _check_room(server, room, [gift for gift in log.gifts if gift.room == room])
    return log


def _check_room(server: ServerProcess, room: str, gifts: list[GiftRecord]) -> None:
    now = server.room(room)
    gifts = [gift for gift in gifts if gift.epoch == now["epoch"]]
    assert now["totals"] == {
        "coins": sum(gift.coins for gift in gifts),
        "gifts": sum(gift.count for gift in gifts),
        "fans": len({gift.fan for gift in gifts}),
    }
    # The first event of an epoch is its opening.
    assert [gift.offset for gift in gifts] == list(range(2, 2 + len(gifts)))


def _gift(record: list[str]) -> GiftRecord:
    (_, seq, _ms, intent, fan, creator, room, epoch, offset, _gift_id, count, coins, paid, promo, units, rest, _) = (
        record
    )
    return GiftRecord(
        seq=int(seq),
        intent=intent,
        fan=fan,
        creator=creator,
        room=room,
        epoch=epoch,
        offset=int(offset),
        count=int(count),
        coins=int(coins),
        paid=int(paid),
        promo=int(promo),
        creator_units=int(units),
        platform_units=int(rest),
    )
