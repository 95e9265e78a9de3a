"""Read a server's books straight from their file and check that all the money adds up, there and in Valkey."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field

from tests.helpers.server import KEYS, ServerProcess, wait_until

UNITS_PER_COIN = 10_000
_COLUMNS = (
    "seq, intent_id, fan, creator, room, room_epoch, room_offset, count, coins, paid_coins, promo_coins, "
    "creator_units, platform_units"
)


@dataclass(slots=True)
class GiftRecord:
    """One accepted gift, in the order of `_COLUMNS`."""

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
    """Everything the log ever held."""

    gifts: list[GiftRecord] = field(default_factory=list)
    granted: Counter[str] = field(default_factory=Counter)
    seqs: list[int] = field(default_factory=list)

    def times(self) -> Counter[tuple[str, str]]:
        """Count how often each fan's intent was charged."""
        return Counter((gift.fan, gift.intent) for gift in self.gifts)


def read_log(server: ServerProcess) -> Log:
    """Wait until the books have every record, and read them."""
    with server.store() as store:
        wait_until(lambda: store.hget(KEYS.shard, "seq") == store.hget(KEYS.shard, "recorded"))
        assert store.xlen(KEYS.log) == 0, "what is recorded is trimmed"
    log = Log()
    with closing(sqlite3.connect(f"file:{server.data / 'books.sqlite'}?mode=ro", uri=True)) as books:
        log.gifts = [GiftRecord(*row) for row in books.execute(f"SELECT {_COLUMNS} FROM gift ORDER BY seq")]
        grants = books.execute(
            "SELECT seq, fan, amount FROM transfer JOIN posting ON transfer_id = id WHERE kind = 'grant'"
        )
        for seq, fan, units in grants:
            log.seqs.append(seq)
            log.granted[fan] += units // UNITS_PER_COIN
        log.seqs += [gift.seq for gift in log.gifts]
        assert not books.execute(
            "SELECT account FROM entry GROUP BY account, asset HAVING sum(amount) <> "
            "(SELECT amount FROM balance b WHERE b.account = entry.account AND b.asset = entry.asset)"
        ).fetchall()
    log.seqs.sort()
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
