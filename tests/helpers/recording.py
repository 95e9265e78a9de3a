"""A recorder in this process, on a real store and real books, that can be interrupted and checked."""

import asyncio
from collections import Counter
from typing import Any

from sqlalchemy import text

from server.clock import SystemClock
from server.domain.ids import FanId
from server.record.database import Database
from server.record.drain import Cursor, Drain
from server.service.following import Following
from server.service.recording import Recording
from server.settings import Settings
from server.store.client import StoreClient
from server.store.commands import CommandStore
from server.store.log import LogStore
from server.store.outcome import Receipt
from tests.helpers.shop import ANA, BEN, KEYS, MIRA, Shop, fresh_intent, order_for, priced

UNITS = 10_000


class Rig:
    """A shop whose log is recorded."""

    def __init__(self, client: StoreClient, settings: Settings, books: Database) -> None:
        self.client = client
        self.books = books
        self.shop = Shop(client, settings)
        self.log = LogStore(client, KEYS)
        self.drain = Drain(books)
        self.receipts: list[Receipt] = []

    async def open(self, *, coins: int = 100_000) -> Recording:
        """Open the shop with filled wallets, and a recorder that has begun."""
        await self.shop.open(coins=coins)
        await self.shop.wallets.grant(BEN.id, coins=coins, bucket="paid", grant_id=fresh_intent())
        recording = self.recorder()
        await recording.begin()
        return recording

    def recorder(self, books: Database | None = None) -> Recording:
        """Return another recorder, as a process that has just been started has it."""
        books = books or self.books
        following = Following(books, CommandStore(self.client, KEYS))
        return Recording(LogStore(self.client, KEYS), Drain(books), following, SystemClock())

    async def give(self, gifts: int, *, count: int = 3) -> list[Receipt]:
        """Send gifts, half of them of promo and half of paid coins; each has to be accepted."""
        orders = (order_for(count=count, fan=ANA if number % 2 else BEN) for number in range(gifts))
        receipts = await asyncio.gather(*(self.shop.engine.submit(priced(order)) for order in orders))
        self.receipts += receipts
        return receipts

    async def drain_all(self, recording: Recording | None = None) -> None:
        """Copy everything there is, from the beginning of a recorder's life."""
        if recording is None:
            recording = self.recorder()
            await recording.begin()
        while (await self.cursor()).seq < (await self.log.state()).seq:
            await recording.step()

    async def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query on the books."""
        async with self.books.read() as connection:
            return [tuple(row) for row in await connection.execute(text(query), values)]

    async def cursor(self) -> Cursor:
        """Return how far the books are."""
        cursor = await self.drain.cursor()
        assert cursor is not None
        return cursor

    async def check(self) -> None:
        """Rows = events, no duplicate, no gap; every balance is the sum of its entries and the store's wallet."""
        intents = Counter(intent for (intent,) in await self.rows("SELECT intent_id FROM gift"))
        assert intents == Counter(receipt.intent_id for receipt in self.receipts)
        await self.check_books()

    async def check_books(self) -> None:
        """What `check` does, whatever was given."""
        cursor, state = await self.cursor(), await self.log.state()
        assert (cursor.epoch, cursor.seq, cursor.commands) == (state.epoch, state.seq, state.commands)
        assert (state.recorded, await self.log.read(after=state.seq, entries_max=1, block_ms=1)) == (state.seq, [])
        seqs = await self.rows(
            "SELECT seq FROM gift UNION ALL SELECT seq FROM transfer WHERE seq IS NOT NULL "
            "UNION ALL SELECT seq FROM limit_change ORDER BY seq"
        )
        assert [seq for (seq,) in seqs] == list(range(1, state.seq + 1))
        assert await self.drifted() == []
        assert await self.rows("SELECT sum(amount) FROM entry GROUP BY asset HAVING sum(amount) <> 0") == []
        coins = await self.rows("SELECT coalesce(sum(coins), 0) FROM gift")
        assert coins[0][0] == cursor.recorded_coins
        balances: dict[str, int] = dict(await self.rows("SELECT account, amount FROM balance"))
        for fan in (ANA, BEN):
            wallet = await self.shop.wallets.balance(FanId(fan.id))
            assert balances.get(f"fan_paid:{fan.id}", 0) == wallet.paid * UNITS
            assert balances.get(f"fan_promo:{fan.id}", 0) == wallet.promo * UNITS
        earned = int(await self.client.hget(KEYS.creator(MIRA), "earned") or 0)
        assert balances.get(f"creator:{MIRA}", 0) == earned

    async def drifted(self) -> list[tuple[Any, ...]]:
        """Return the accounts whose balance is not the sum of their entries."""
        return await self.rows(
            "SELECT b.account FROM balance b LEFT JOIN (SELECT account, asset, sum(amount) AS amount FROM entry "
            "GROUP BY account, asset) e ON e.account = b.account AND e.asset = b.asset "
            "WHERE b.amount <> coalesce(e.amount, 0)"
        )
