"""What the books say a store has to hold: of some accounts at a cut, or of all of them as a stream."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, case, func, literal, select, union, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.accounts import UNITS, AccountKind
from server.domain.limits import Period, Spent, roll
from server.domain.money import UNITS_PER_COIN
from server.errors import BooksMismatch
from server.record import tables
from server.record.drain import Cursor
from server.record.ledger import SHARD_ID

# Rows of one write into a store that nobody uses yet, and accounts of one look into a store that must not stall.
_PAGE = 1_000
CUT_ACCOUNTS_MAX = 500
_balance, _command, _gift, _limit_change, _posting, _transfer = (
    tables.balance,
    tables.command,
    tables.gift,
    tables.limit_change,
    tables.posting,
    tables.transfer,
)
_WALLET_KINDS = (AccountKind.FAN_PAID, AccountKind.FAN_PROMO)
# What a creator ever earned stands in these three: cashing out moves it from one to the next.
_EARNED_KINDS = (AccountKind.CREATOR, AccountKind.PAYOUT_TRANSIT, AccountKind.PAID_OUT)
Fields = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a store is: what the books hold beyond it has to be taken back to compare the two."""

    seq: int
    commands: int


async def wallets_at(connection: AsyncConnection, fans: Sequence[str], at: Position) -> dict[str, Fields]:
    """Return the wallet fields of `fans` as a store at `at` must hold them."""
    units = await _balances(connection, _WALLET_KINDS, fans)
    await _take_back(connection, units, at)
    newest = (
        select(func.max(_limit_change.c.seq))
        .where(_limit_change.c.fan.in_(fans), _limit_change.c.seq <= at.seq)
        .group_by(_limit_change.c.fan)
    )
    changes = await connection.execute(_limit_columns().where(_limit_change.c.seq.in_(newest)))
    # The sum keeps the planner from reading the whole table in the order of seq: these are a few fans of many.
    given = await connection.execute(_spent_columns().where(_gift.c.fan.in_(fans), _gift.c.seq + 0 <= at.seq))
    limits_of, spent_of = dict(map(_limit_fields, changes)), dict(_spent_fields(given.all()))
    found = {}
    for fan in fans:
        paid, promo = (units[f"{kind.value}:{fan}"] for kind in _WALLET_KINDS)
        coins = {"paid": _coins(paid), "promo": _coins(promo)}
        found[fan] = coins | limits_of.get(fan, {}) | spent_of.get(fan, {})
    return found


async def earned_at(connection: AsyncConnection, creators: Sequence[str], at: Position) -> dict[str, str]:
    """Return the units that `creators` ever earned, as a store at `at` must show them."""
    units = await _balances(connection, _EARNED_KINDS, creators)
    await _take_back(connection, units, at)
    return {creator: str(sum(units[f"{kind.value}:{creator}"] for kind in _EARNED_KINDS)) for creator in creators}


async def coins_between(connection: AsyncConnection, after: int, until: int) -> int:
    """Return the coins of recorded gifts with `after` < seq ≤ `until`."""
    query = select(func.coalesce(func.sum(_gift.c.coins), 0)).where(
        _gift.c.shard == SHARD_ID, _gift.c.seq > after, _gift.c.seq <= until
    )
    return int((await connection.execute(query)).scalar_one())


async def last_transfers(connection: AsyncConnection, *, fan: str = "", creator: str = "") -> tuple[str, ...]:
    """Return the three transfers that last touched a fan or a creator, in words."""
    lines: list[tuple[int, str]] = []
    whose = _gift.c.fan == fan if fan else _gift.c.creator == creator
    gifts = await connection.execute(select(_gift).where(whose).order_by(_gift.c.seq.desc()).limit(3))
    for row in gifts.mappings():
        event = f"{row['shard']}-{row['epoch']}-{row['seq']}"
        lines.append((row["at_ms"], f"gift {event}: {row['count']} {row['gift']} for {row['coins']:,} coins"))
    of_whom = _transfer.c.fan == fan if fan else _transfer.c.creator == creator
    transfers = await connection.execute(select(_transfer).where(of_whom).order_by(_transfer.c.at_ms.desc()).limit(3))
    lines += [(row["at_ms"], f"{row['kind']} {row['id']}") for row in transfers.mappings()]
    newest = sorted(lines, reverse=True)[:3]
    return tuple(f"{_instant(at_ms)} {words}" for at_ms, words in newest)


# Everything, page by page


async def fans(connection: AsyncConnection) -> AsyncIterator[list[str]]:
    """Yield every fan that the books know, CUT_ACCOUNTS_MAX at a time."""
    query = union(
        *(select(_owner(kind).label("fan")).where(_balance.c.kind == kind.value) for kind in _WALLET_KINDS),
        select(_limit_change.c.fan),
    )
    async for page in _pages(connection, select(query.subquery()), size=CUT_ACCOUNTS_MAX):
        yield [fan for (fan,) in page]


async def creators(connection: AsyncConnection) -> AsyncIterator[list[str]]:
    """Yield every creator that the books know, CUT_ACCOUNTS_MAX at a time."""
    owners = (select(_owner(kind).label("creator")).where(_balance.c.kind == kind.value) for kind in _EARNED_KINDS)
    async for page in _pages(connection, select(union(*owners).subquery()), size=CUT_ACCOUNTS_MAX):
        yield [creator for (creator,) in page]


async def wallets(connection: AsyncConnection) -> AsyncIterator[list[tuple[str, Fields]]]:
    """Yield the coins of every fan."""
    both = union_all(
        *(
            select(
                _owner(kind).label("fan"),
                *((_balance.c.amount if other is kind else literal(0)).label(other.value) for other in _WALLET_KINDS),
            ).where(_balance.c.kind == kind.value, _balance.c.asset == UNITS)
            for kind in _WALLET_KINDS
        )
    ).subquery()
    query = select(both.c.fan, func.sum(both.c.fan_paid), func.sum(both.c.fan_promo)).group_by(both.c.fan)
    async for page in _pages(connection, query):
        yield [(fan, {"paid": _coins(int(paid)), "promo": _coins(int(promo))}) for fan, paid, promo in page]


async def earned(connection: AsyncConnection) -> AsyncIterator[list[tuple[str, str]]]:
    """Yield what every creator ever earned, in units."""
    owner = case(*((_balance.c.kind == kind.value, _owner(kind)) for kind in _EARNED_KINDS)).label("owner")
    query = (
        select(owner, func.sum(_balance.c.amount))
        .where(_balance.c.kind.in_([kind.value for kind in _EARNED_KINDS]))
        .group_by(owner)
    )
    async for page in _pages(connection, query):
        yield [(creator, str(int(units))) for creator, units in page]


async def limits(connection: AsyncConnection) -> AsyncIterator[list[tuple[str, Fields]]]:
    """Yield the limits of every fan who ever set some."""
    newest = select(func.max(_limit_change.c.seq)).group_by(_limit_change.c.fan)
    async for page in _pages(connection, _limit_columns().where(_limit_change.c.seq.in_(newest))):
        yield [_limit_fields(row) for row in page]


async def spent(connection: AsyncConnection) -> AsyncIterator[list[tuple[str, Fields]]]:
    """Yield the periods every fan stands in, and what they spent in them."""
    rest: list[Any] = []
    async for page in _pages(connection, _spent_columns()):
        # A fan's rows may go on in the next page.
        last = page[-1].fan
        whole = [row for row in [*rest, *page] if row.fan != last]
        rest = [row for row in [*rest, *page] if row.fan == last]
        if whole:
            yield _spent_fields(whole)
    if rest:
        yield _spent_fields(rest)


async def gifts_since(connection: AsyncConnection, at_ms: int) -> AsyncIterator[Sequence[Any]]:
    """Yield recorded gifts from `at_ms` on, as rows of the gift table."""
    first = await _first_seq(connection, _gift, at_ms)
    query = select(_gift).where(_gift.c.shard == SHARD_ID, _gift.c.seq >= first).order_by(_gift.c.seq)
    async for page in _pages(connection, query):
        yield page


async def moves_since(connection: AsyncConnection, at_ms: int) -> AsyncIterator[Sequence[Any]]:
    """Yield recorded grants and takes from `at_ms` on: kind, key, fan, debit, credit, amount."""
    first = await _first_seq(connection, _transfer, at_ms)
    query = (
        select(
            _transfer.c.kind, _transfer.c.key, _transfer.c.fan, _posting.c.debit, _posting.c.credit, _posting.c.amount
        )
        .join(_posting, _posting.c.transfer_id == _transfer.c.id)
        .where(_transfer.c.shard == SHARD_ID, _transfer.c.seq >= first)
        .order_by(_transfer.c.seq)
    )
    async for page in _pages(connection, query):
        yield page


async def limit_changes_since(connection: AsyncConnection, at_ms: int) -> AsyncIterator[list[tuple[str, str]]]:
    """Yield fan and change id of recorded changes of limits from `at_ms` on."""
    first = await _first_seq(connection, _limit_change, at_ms)
    query = (
        select(_limit_change.c.fan, _limit_change.c.change_id)
        .where(_limit_change.c.shard == SHARD_ID, _limit_change.c.seq >= first)
        .order_by(_limit_change.c.seq)
    )
    async for page in _pages(connection, query):
        yield [(fan, change_id) for fan, change_id in page]


async def begin_new_life(connection: AsyncConnection, cursor: Cursor, *, epoch: str, hwm_ms: int) -> bool:
    """Name the shard's next life; from then on nothing of the last one can be recorded. False if `cursor` is old."""
    shard = tables.shard
    moved = await connection.execute(
        update(shard)
        .where(shard.c.id == SHARD_ID, shard.c.epoch == cursor.epoch, shard.c.seq == cursor.seq)
        .values(epoch=epoch, hwm_ms=hwm_ms)
    )
    return moved.rowcount == 1


# Below: how


def _owner(kind: AccountKind) -> ColumnElement[str]:
    return func.substr(_balance.c.account, len(kind.value) + 2)


def _coins(units: int) -> str:
    coins, rest = divmod(units, UNITS_PER_COIN)
    if rest:
        raise BooksMismatch(f"A wallet of {units:,} units is no whole number of coins; run `giftwave reconcile`.")
    return str(coins)


async def _pages(
    connection: AsyncConnection, query: Select[Any], *, size: int | None = None
) -> AsyncIterator[Sequence[Any]]:
    async with connection.stream(query.execution_options(yield_per=size or _PAGE)) as rows:
        async for page in rows.partitions():
            yield page


async def _balances(
    connection: AsyncConnection, kinds: Sequence[AccountKind], owners: Sequence[str]
) -> defaultdict[str, int]:
    names = [f"{kind.value}:{owner}" for kind in kinds for owner in owners]
    rows = await connection.execute(
        select(_balance.c.account, _balance.c.amount).where(_balance.c.account.in_(names), _balance.c.asset == UNITS)
    )
    units: defaultdict[str, int] = defaultdict(int)
    units.update({str(row.account): int(row.amount) for row in rows})
    return units


async def _take_back(connection: AsyncConnection, units: defaultdict[str, int], at: Position) -> None:
    """Undo in `units` what the books hold beyond a position."""
    gifts = await connection.execute(
        select(_gift.c.fan, _gift.c.creator, *map(func.sum, (_gift.c.paid_coins, _gift.c.promo_coins)))
        .add_columns(func.sum(_gift.c.creator_units))
        .where(_gift.c.shard == SHARD_ID, _gift.c.seq > at.seq)
        .group_by(_gift.c.fan, _gift.c.creator)
    )
    for fan, creator, paid, promo, creator_units in gifts:
        _add(units, fan, creator, coins=(int(paid), int(promo)), creator_units=-int(creator_units))
    postings = await connection.execute(
        select(_posting.c.debit, _posting.c.credit, _posting.c.amount)
        .join(_transfer, _transfer.c.id == _posting.c.transfer_id)
        .where(_transfer.c.shard == SHARD_ID, _transfer.c.seq > at.seq)
    )
    for debit, credit, amount in postings:
        units[debit] += amount
        units[credit] -= amount
    commands = await connection.execute(
        select(_command).where(_command.c.shard == SHARD_ID, _command.c.number > at.commands)
    )
    for row in commands.mappings():
        coins = (-row["paid_coins"], -row["promo_coins"])
        _add(units, row["fan"], row["creator"], coins=coins, creator_units=-row["creator_units"])


def _add(units: defaultdict[str, int], fan: str, creator: str, *, coins: tuple[int, int], creator_units: int) -> None:
    for kind, change in zip(_WALLET_KINDS, coins, strict=True):
        units[f"{kind.value}:{fan}"] += change * UNITS_PER_COIN
    units[f"{AccountKind.CREATOR.value}:{creator}"] += creator_units


def _limit_columns() -> Select[Any]:
    columns = ("fan", "limits", "next", "locked_until_ms", "zone")
    return select(*(_limit_change.c[name] for name in columns))


def _limit_fields(row: Any) -> tuple[str, Fields]:
    fan, now, waiting, locked_until_ms, zone = row
    fields = {"limits": now, "limits_next": waiting, "locked_until": str(locked_until_ms)}
    # A wallet without a zone never had limits set, only locks; the next setting is then its first.
    return fan, fields | ({"zone": zone} if zone else {})


def _spent_columns() -> Select[Any]:
    return (
        select(_gift.c.fan, _gift.c.day, _gift.c.month, func.sum(_gift.c.coins).label("coins"))
        .group_by(_gift.c.fan, _gift.c.day, _gift.c.month)
        .order_by(_gift.c.fan, _gift.c.day)
    )


def _spent_fields(rows: Sequence[Any]) -> list[tuple[str, Fields]]:
    """Return what each fan spent in the periods of their last day, by the rule that the store counts by."""
    found = []
    for fan, days in groupby(rows, key=lambda row: str(row.fan)):
        counted, period = Spent(), Period(0, 0)
        for _, day, month, coins in days:
            counted, period = roll(counted, period, Period(day, month))
            counted = Spent(*(total + int(coins) for total in counted))
        fields = {"day": str(period.day), "month": str(period.month)}
        fields |= {f"{name}_spent": str(total) for name, total in zip(Spent._fields, counted, strict=True)}
        found.append((fan, fields))
    return found


async def _first_seq(connection: AsyncConnection, table: Table, at_ms: int) -> int:
    """Return the first seq of `table` from `at_ms` on. Times never go back as numbers grow, so halving finds it."""
    numbered = (table.c.shard == SHARD_ID) & table.c.seq.is_not(None)
    low = 0
    high = int((await connection.execute(select(func.max(table.c.seq)).where(numbered))).scalar() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        query = select(table.c.at_ms).where(numbered, table.c.seq >= middle).order_by(table.c.seq).limit(1)
        found = (await connection.execute(query)).scalar()
        if found is None or found >= at_ms:
            high = middle
        else:
            low = middle + 1
    return low


def _instant(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
