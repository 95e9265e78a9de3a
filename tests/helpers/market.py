"""The commerce of a server on real books, with a provider in memory and a model of the store.

The model keeps wallets, writes the same log records as the scripts and follows the same commands; the recorder's own
code copies its log into the books.
"""

import itertools
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text

from server.domain.event import Balance
from server.domain.gift import build_catalogue
from server.domain.ids import FanId, IntentId, UserId, intent_time_ms, new_intent_id
from server.domain.money import split
from server.domain.order import INTENT_WINDOW_MS
from server.domain.packs import Pack, PayoutTerms
from server.domain.room import Role
from server.errors import InsufficientCoins, StaleIntent, StoreUnavailable
from server.payments.port import PaymentProvider
from server.record import tables
from server.record.batch import read_batch
from server.record.commands import commands_after
from server.record.database import Database
from server.record.drain import Drain
from server.service.earnings import Earnings
from server.service.following import Following
from server.service.identity import Identity
from server.service.news import News
from server.service.paying_out import PayingOut
from server.service.refunds import Refunds
from server.service.statements import Statements
from server.service.topups import Topups
from server.service.webhooks import Webhooks
from server.store.personal import Personal
from server.store.wallets import WalletStore
from server.wire.money import MoneyMessage, PayoutView, TopupView
from tests.helpers.provider import SIGNED, ScriptedProvider, event

START_MS = 1_790_000_000_000
DAY_MS = 86_400_000
SETTLE_MS = 7 * DAY_MS
EPOCH = "epoch1"
RETURN_URL = "http://shop.test/watch?room=lounge"
PACK = Pack(id="pack_100", coins=100, price_minor=129, currency="EUR")
PACKS = (
    PACK,
    Pack(id="pack_1000", coins=1_000, price_minor=1_149, currency="EUR"),
    Pack(id="pack_yen", coins=1_000, price_minor=90, currency="JPY"),
)
TERMS = (
    PayoutTerms(currency="USD", minor_per_1000_diamonds=500, fee_minor=25, min_minor=100),
    PayoutTerms(currency="EUR", minor_per_1000_diamonds=460, fee_minor=25, min_minor=100),
    PayoutTerms(currency="JPY", minor_per_1000_diamonds=750, fee_minor=40, min_minor=150),
    PayoutTerms(currency="KWD", minor_per_1000_diamonds=1_501, fee_minor=83, min_minor=300),
)


def person(name: str, role: Role = Role.VIEWER) -> Identity:
    return Identity(id=UserId(name), name=name.title(), role=role, expires_at_ms=1 << 50)


ANA, BEN = person("u_ana"), person("u_ben")
MIRA, LUIS = person("c_mira", Role.CREATOR), person("c_luis", Role.CREATOR)
OLA, PIA = person("op_ola", Role.OPERATOR), person("op_pia", Role.OPERATOR)


class FakeClock:
    """Time stands still until a test moves it."""

    def __init__(self) -> None:
        self.ms = START_MS

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.ms / 1_000


@dataclass(slots=True)
class ModelWallet:
    paid: int = 0
    promo: int = 0


class ModelStore:
    """Wallets, the log, and how far the commands are followed."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.wallets: dict[str, ModelWallet] = {}
        self.log: list[list[str]] = []
        self.seq = 0
        self.followed = 0
        self.taken: dict[str, int] = {}
        self.down = False

    def wallet(self, fan: str) -> ModelWallet:
        return self.wallets.setdefault(fan, ModelWallet())

    def write(self, kind: str, *fields: object) -> int:
        self.seq += 1
        self.log.append([kind, str(self.seq), str(self.clock.ms), *map(str, fields)])
        return self.seq

    def grant(self, fan: str, coins: int, bucket: str = "promo") -> None:
        wallet = self.wallet(fan)
        setattr(wallet, bucket, getattr(wallet, bucket) + coins)
        self.write("grant", new_intent_id(self.clock.ms), fan, bucket, coins)

    def send(self, fan: str, creator: str, coins: int, *, hidden: bool = False) -> str | None:
        """Send a gift; return its event id, or None where the wallet says no."""
        wallet = self.wallet(fan)
        if wallet.paid < 0 or wallet.paid + wallet.promo < coins:
            return None
        promo = min(wallet.promo, coins)
        wallet.promo, wallet.paid = wallet.promo - promo, wallet.paid - (coins - promo)
        units, rest = split(coins, share_bps=7_000)
        intent = new_intent_id(self.clock.ms)
        day = self.clock.ms // DAY_MS
        place = ("lounge", "e1", self.seq + 1, "rose", 1)
        money = (coins, coins - promo, promo, units, rest, day, 24_000)
        seq = self.write("gift", intent, fan, creator, *place, *money, int(hidden))
        return f"0-{EPOCH}-{seq}"


class ModelWallets(WalletStore):
    def __init__(self, store: ModelStore) -> None:
        self._store = store

    async def balance(self, fan: FanId) -> Balance:
        wallet = self._store.wallet(fan)
        return Balance(wallet.paid, wallet.promo, 0)

    async def take(self, fan: FanId, *, coins: int, take_id: IntentId) -> Balance:
        store, wallet = self._store, self._store.wallet(fan)
        if store.down:
            raise StoreUnavailable
        if store.clock.ms - intent_time_ms(take_id) > INTENT_WINDOW_MS:
            raise StaleIntent
        if take_id not in store.taken:
            if wallet.paid < coins:
                raise InsufficientCoins
            wallet.paid -= coins
            store.taken[take_id] = coins
            store.write("take", take_id, fan, "paid", coins)
        return Balance(wallet.paid, wallet.promo, 0)


class ModelFollowing(Following):
    def __init__(self, books: Database, store: ModelStore) -> None:
        self._books = books
        self._store = store

    async def catch_up(self) -> int:
        if self._store.down:
            raise StoreUnavailable
        async with self._books.read() as connection:
            commands = await commands_after(connection, self._store.followed, 10_000)
        for number, command in commands:
            assert number == self._store.followed + 1
            self._store.followed = number
            if command.fan:
                wallet = self._store.wallet(command.fan)
                wallet.paid += command.paid_coins
                wallet.promo += command.promo_coins
        return len(commands)


class Heard(Personal):
    def __init__(self) -> None:
        self.messages: list[tuple[str, MoneyMessage]] = []

    async def tell(self, messages: Any) -> None:
        self.messages += messages

    def states(self, subject: str) -> list[str]:
        """Return the states that were told of a top-up or payout."""
        return [
            message.state
            for _, message in self.messages
            if (isinstance(message, TopupView) and message.topup_id == subject)
            or (isinstance(message, PayoutView) and message.payout_id == subject)
        ]


class Market:
    """Every use case of commerce, wired as a worker wires them."""

    def __init__(
        self, books: Database, *, approval_units: int = 10**12, payments: PaymentProvider | None = None
    ) -> None:
        self.books = books
        self.clock = FakeClock()
        self.store = ModelStore(self.clock)
        self.provider = ScriptedProvider()
        self.payments = payments or self.provider  # another one than the model's, where a test brings it
        self.heard = Heard()
        self._ids = itertools.count()
        self._approval_units = approval_units
        self.rewire()

    def rewire(self) -> None:
        """Begin anew, as a worker that takes over with nothing but the books, the store and the provider."""
        self.following = ModelFollowing(self.books, self.store)
        news = News(self.following, self.heard)
        catalogue = build_catalogue((), (), PACKS, TERMS)
        self.topups = Topups(
            books=self.books,
            provider=self.payments,
            catalogue=catalogue,
            news=news,
            clock=self.clock,
            origins=frozenset({"http://shop.test"}),
        )
        self.paying_out = PayingOut(
            books=self.books,
            provider=self.payments,
            catalogue=catalogue,
            news=news,
            clock=self.clock,
            settle_ms=SETTLE_MS,
            approval_units=self._approval_units,
        )
        self.earnings = Earnings(books=self.books, catalogue=catalogue, clock=self.clock, settle_ms=SETTLE_MS)
        self.refunds = Refunds(
            books=self.books,
            provider=self.payments,
            topups=self.topups,
            wallets=ModelWallets(self.store),
            news=news,
            clock=self.clock,
        )
        self.statements = Statements(books=self.books, clock=self.clock)
        self.webhooks = Webhooks(
            books=self.books,
            provider=self.payments,
            topups=self.topups,
            paying_out=self.paying_out,
            clock=self.clock,
        )

    def new_id(self) -> IntentId:
        return new_intent_id(self.clock.ms)

    async def open_books(self) -> None:
        await Drain(self.books).open(EPOCH)

    async def record(self) -> None:
        """Copy the store's log into the books, as the recorder does, and follow the commands."""
        if self.store.log:
            drain = Drain(self.books)
            cursor = await drain.cursor()
            assert cursor is not None
            await drain.record(cursor, read_batch(self.store.log, epoch=EPOCH))
            self.store.log.clear()
        await self.following.catch_up()

    async def buy(self, by: Identity = ANA, *, pack: str = PACK.id, fee_minor: int | None = 29) -> str:
        """Buy a pack and pay it; return the top-up's id."""
        topup_id = self.new_id()
        await self.topups.open(topup_id, pack=pack, return_url=RETURN_URL, by=by)
        self.provider.pay(f"ref-{topup_id}", fee_minor=fee_minor)
        await self.hint(f"ref-{topup_id}")
        return topup_id

    async def hint(self, reference: str, *, subject: str = "payment", event_id: str | None = None) -> None:
        """Deliver a webhook."""
        body = event(event_id or f"evt-{next(self._ids)}", reference, subject=subject)
        await self.webhooks.receive("scripted", body, SIGNED)

    async def earn(self, coins: int, *, creator: Identity = MIRA, fan: Identity = BEN, settled: bool = True) -> None:
        """Let a creator earn `coins` × 7,000 units; `settled` ones can be cashed out."""
        self.store.grant(fan.id, coins)
        assert self.store.send(fan.id, creator.id, coins) is not None
        await self.record()
        if settled:
            self.clock.ms += SETTLE_MS + 1

    async def request_payout(self, by: Identity = MIRA, *, currency: str = "USD", units: int | None = None) -> str:
        """Ask for a payout; return its id."""
        await self.paying_out.set_destination(f"sandbox:{by.id}", by)
        quote, _ = await self.paying_out.quote(currency=currency, units=units, by=by)
        payout_id = self.new_id()
        await self.paying_out.request(payout_id, quote_id=quote.id, by=by)
        return payout_id

    async def balances(self) -> dict[tuple[str, str], int]:
        """Return every balance that is not zero."""
        balance = tables.balance
        async with self.books.read() as connection:
            rows = await connection.execute(select(balance.c.account, balance.c.asset, balance.c.amount))
        return {(account, asset): amount for account, asset, amount in rows if amount}

    async def balance(self, account: str, asset: str = "units") -> int:
        return (await self.balances()).get((account, asset), 0)

    async def count(self, table: str) -> int:
        async with self.books.read() as connection:
            found = await connection.execute(select(func.count()).select_from(tables.metadata.tables[table]))
            return int(found.scalar_one())

    async def assert_books_balance(self, *, fees_known: bool = True) -> None:
        """Check that the entries add up to nothing, the balances to the entries, and the wallets to the balances."""
        await self.record()
        async with self.books.read() as connection:
            rows = await connection.execute(text("SELECT account, asset, sum(amount) FROM entry GROUP BY 1, 2"))
            entries = {(account, asset): int(amount) for account, asset, amount in rows if amount}
        balances = await self.balances()
        assert balances == entries
        for asset in {asset for _, asset in entries}:
            assert sum(amount for (_, of), amount in entries.items() if of == asset) == 0, asset
        for fan, wallet in self.store.wallets.items():
            assert wallet.paid * 10_000 == balances.get((f"fan_paid:{fan}", "units"), 0), fan
            assert wallet.promo * 10_000 == balances.get((f"fan_promo:{fan}", "units"), 0), fan
            assert wallet.promo >= 0
        if fees_known:
            assert not [account for account, _ in balances if account.startswith("provider_clearing")]
