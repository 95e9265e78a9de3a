"""Prove that the store and the books hold the same, account by account, while gifts go on.

Accounts are compared at a cut. One step of the store reads some hundred of them together with the shard's numbers; one
snapshot of the books, taken once the books have come that far, gives what they hold less what they hold beyond the cut.
So nothing has to stand still, and whatever differs is a drift and not a race.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import NoReturn

from sqlalchemy.ext.asyncio import AsyncConnection

from server.clock import Clock
from server.domain.drift import Drift
from server.errors import BooksMismatch, OperatorError
from server.record import snapshot
from server.record.audit import audit_books
from server.record.database import Database
from server.record.drain import Cursor, read_cursor
from server.record.snapshot import CUT_ACCOUNTS_MAX, Position
from server.store.audit import WALLET_DEFAULTS, WALLET_NUMBERS, Cut, StoreAudit
from server.store.log import LogStore

# Longer than a recorder that was killed needs to be replaced and its lease to end.
BOOKS_WAIT_S = 15.0
_POLL_S = 0.02
DRIFTS_LISTED_MAX = 100
_WITH_EVIDENCE_MAX = 20

OnProgress = Callable[[str, int], None]  # what is compared now, how many accounts were


@dataclass(slots=True)
class Reconciled:
    """What was compared and what differed."""

    epoch: str = ""
    seq: int = 0
    commands: int = 0
    wallets: int = 0
    creators: int = 0
    checks: list[str] = field(default_factory=list)
    seconds: float = 0.0
    drift_count: int = 0
    drifts: list[Drift] = field(default_factory=list)  # the first DRIFTS_LISTED_MAX

    def add(self, drifts: Iterable[Drift]) -> None:
        """Take note of drifts."""
        for drift in drifts:
            self.drift_count += 1
            if len(self.drifts) < DRIFTS_LISTED_MAX:
                self.drifts.append(drift)


class _LogBroken(Exception):
    """The books cannot come as far as the store: a record of the log is missing."""


class Reconciling:
    """Compares one shard with its books; changes neither."""

    def __init__(
        self,
        database: Database,
        store: StoreAudit,
        logs: LogStore,
        clock: Clock,
        *,
        books_wait_s: float = BOOKS_WAIT_S,
    ) -> None:
        self._books_wait_s = books_wait_s
        self._database = database
        self._store = store
        self._log = logs
        self._clock = clock
        self._on_progress: OnProgress = lambda *_: None

    async def run(self, on_progress: OnProgress | None = None) -> Reconciled:
        """Compare everything.

        Raises:
            OperatorError: the store is empty or belongs to other books, or nobody copies its log.
            StoreUnavailable, BooksUnavailable: not now.
        """
        self._on_progress = on_progress or self._on_progress
        done, began_s = Reconciled(), self._clock.monotonic_s()
        try:
            await self._compare_shard(done)
            await self._compare_accounts(done)
        except _LogBroken as broken:
            says = (("store", str(broken)), ("books", "stand still"))
            done.add([Drift(check="log", account="log", says=says)])
        await self._audit_books(done)
        await self._add_evidence(done)
        done.seconds = round(self._clock.monotonic_s() - began_s, 3)
        return done

    async def _compare_shard(self, done: Reconciled) -> None:
        self._on_progress("shard", 0)
        async with self._database.read() as connection:
            before = await read_cursor(connection)
        cut = await self._store.cut()
        if before is None:
            raise OperatorError("The books follow no store yet; start `giftwave serve`, its recorder opens them.")
        _check_same_life(before.epoch, cut)
        done.epoch, done.seq, done.commands = before.epoch, cut.seq, cut.commands
        if before.seq > cut.seq:
            says = (("store", f"{cut.seq:,} records"), ("books", f"{before.seq:,} records"))
            done.add([Drift(check="shard", account="log", says=says, evidence=("the store lost its end",))])
        async with self._books_at(cut) as (connection, books):
            if cut.commands > books.commands:
                says = (("store", f"{cut.commands:,} commands"), ("books", f"{books.commands:,} commands"))
                done.add([Drift(check="shard", account="commands", says=says, evidence=("the books lost their end",))])
            undrained = await snapshot.coins_between(connection, cut.recorded, cut.seq)
        if undrained != cut.undrained_coins:
            says = (("store", f"{cut.undrained_coins:,} coins"), ("books", f"{undrained:,} coins"))
            done.add([Drift(check="shard", account="undrained", says=says)])

    async def _compare_accounts(self, done: Reconciled) -> None:
        """Compare whoever the books know, and then whoever else has a key in the store."""
        fans: set[str] = set()
        creators: set[str] = set()
        async with self._database.read() as connection:
            async for page in snapshot.fans(connection):
                await self._compare(done, page, [])
                fans.update(page)
            async for page in snapshot.creators(connection):
                await self._compare(done, [], page)
                creators.update(page)
        async for found_fans, found_creators in self._store.accounts():
            new_fans, new_creators = sorted(set(found_fans) - fans), sorted(set(found_creators) - creators)
            for start in range(0, max(len(new_fans), len(new_creators)), CUT_ACCOUNTS_MAX):
                window = slice(start, start + CUT_ACCOUNTS_MAX)
                await self._compare(done, new_fans[window], new_creators[window])
            fans.update(new_fans)
            creators.update(new_creators)

    async def _compare(self, done: Reconciled, fans: Sequence[str], creators: Sequence[str]) -> None:
        cut = await self._store.cut(fans=fans, creators=creators)
        _check_same_life(done.epoch, cut)
        at = Position(seq=cut.seq, commands=cut.commands)
        async with self._books_at(cut) as (connection, _):
            wallets = await snapshot.wallets_at(connection, fans, at) if fans else {}
            earned = await snapshot.earned_at(connection, creators, at) if creators else {}
        for fan, fields in wallets.items():
            done.add(_wallet_drifts(fan, cut.wallets[fan], WALLET_DEFAULTS | fields))
        for creator, units in earned.items():
            said = cut.creators[creator]
            if (value := said.get("type") or _number(said.get("earned", "0"))) != units:
                says = (("store", f"earned {value}"), ("books", f"earned {units}"))
                done.add([Drift(check="creator", account=f"creator:{creator}", says=says)])
        done.wallets += len(fans)
        done.creators += len(creators)
        self._on_progress("accounts", done.wallets + done.creators)

    @asynccontextmanager
    async def _books_at(self, cut: Cut) -> AsyncIterator[tuple[AsyncConnection, Cursor]]:
        """Yield a snapshot of the books that holds everything up to a cut; wait for them while they come closer."""
        reached, since_s = -1, self._clock.monotonic_s()
        while True:
            async with self._database.read() as connection:
                cursor = await read_cursor(connection)
                assert cursor is not None
                if cursor.epoch != cut.epoch:
                    raise OperatorError("The store was made again meanwhile; run `giftwave reconcile` once more.")
                if cursor.seq >= cut.seq:
                    yield connection, cursor
                    return
            now_s = self._clock.monotonic_s()
            if cursor.seq > reached:
                reached, since_s = cursor.seq, now_s
            elif now_s - since_s >= self._books_wait_s:
                await self._say_why_not(cursor, cut)
            await asyncio.sleep(_POLL_S)

    async def _say_why_not(self, cursor: Cursor, cut: Cut) -> NoReturn:
        """Raise why the books do not come as far as the store."""
        try:
            records = await self._log.read(after=cursor.seq, entries_max=1, block_ms=1)
        except BooksMismatch as hole:
            raise _LogBroken(str(hole)) from hole
        if not records:
            raise _LogBroken(f"The store counts {cut.seq:,} records, the books have {cursor.seq:,}: the rest is gone.")
        raise OperatorError(
            f"The store counts {cut.seq:,} records and the books stay at {cursor.seq:,}: nobody copies the log. "
            "Start `giftwave serve`, or look at `giftwave record status`, then run this again."
        )

    async def _audit_books(self, done: Reconciled) -> None:
        self._on_progress("books", 0)
        async with self._database.read() as connection:
            async for check, drifts in audit_books(connection):
                done.checks.append(check)
                done.add(drifts)
                self._on_progress(f"books: {check}", 0)

    async def _add_evidence(self, done: Reconciled) -> None:
        async with self._database.read() as connection:
            for at, drift in enumerate(done.drifts[:_WITH_EVIDENCE_MAX]):
                kind, _, owner = drift.account.partition(":")
                if kind in ("fan_paid", "fan_promo", "wallet"):
                    evidence = await snapshot.last_transfers(connection, fan=owner.split(" ")[0])
                elif kind == "creator":
                    evidence = await snapshot.last_transfers(connection, creator=owner)
                else:
                    continue
                done.drifts[at] = replace(drift, evidence=drift.evidence + (evidence or ("no transfer touched it",)))


def _check_same_life(epoch: str, cut: Cut) -> None:
    if cut.epoch is None:
        raise OperatorError(
            "The store is empty or was not made ready: gifts are refused. Run `giftwave rebuild` to make it again from "
            "the books."
        )
    if cut.epoch != epoch:
        raise OperatorError(
            f"The store lives in epoch {cut.epoch} and the books follow {epoch}: they belong to different servers, or "
            "the books came from a backup. Point GIFTWAVE_REDIS_URL and GIFTWAVE_DATABASE_URL at parts that belong "
            "together, or run `giftwave rebuild --replace`."
        )


def _wallet_drifts(fan: str, found: dict[str, str], expected: dict[str, str]) -> list[Drift]:
    if "type" in found:
        says = (("store", f"a {found['type']}"), ("books", "a hash"))
        return [Drift(check="wallet", account=f"wallet:{fan}", says=says)]
    drifts = []
    for name, value in expected.items():
        said = found.get(name, WALLET_DEFAULTS[name])
        if name in WALLET_NUMBERS or name == "locked_until":
            said = _number(said)
        if said != value:
            account = f"fan_{name}:{fan}" if name in ("paid", "promo") else f"wallet:{fan}"
            says = (("store", f"{name} {said or 'nothing'}"), ("books", f"{name} {value or 'nothing'}"))
            drifts.append(Drift(check="wallet", account=account, says=says))
    return drifts


def _number(text: str) -> str:
    """Return a whole number as Python writes it, and anything else as it stands."""
    return str(int(text)) if re.fullmatch(r"-?[0-9]{1,18}", text) else repr(text)
