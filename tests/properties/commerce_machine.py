"""The machine behind `test_commerce.py`: commerce on real SQLite books, step by step, and what has to be true.

Top-ups, gifts, refunds of both kinds, disputes, payouts and crashes in any order. After each step: the entries of every
asset add up to nothing, the balances to the entries, no promo wallet is below zero, a creator's buckets add up to what
they earned. At the end of each history clearing is empty, the provider paid what the books say, once for each payout,
and statements close with the balances.
"""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from sqlalchemy import select, text

from server.errors import GiftwaveError
from server.payments.port import CheckoutStatus, TransferStatus
from server.record import tables
from server.record.database import Database
from tests.helpers.market import ANA, BEN, LUIS, MIRA, OLA, PACKS, RETURN_URL, SETTLE_MS, Market
from tests.helpers.provider import down

FANS, CREATORS = (ANA, BEN), (MIRA, LUIS)
NEVER_BELOW_ZERO = ("fan_promo:", "payout_transit:", "paid_out:", "coin_refunds:")
T = TypeVar("T")
REACHED: Counter[str] = Counter()


class Killed(BaseException):
    """The process died here."""


def make_template(folder: Path) -> Path:
    file = folder / "template.sqlite"

    async def make() -> None:
        books = Database(f"sqlite+aiosqlite:///{file}")
        await books.migrate()
        await books.close()

    asyncio.run(make())
    return file


def pick(items: list[T], number: int) -> T:
    """Return one of `items`, the last for 0."""
    return items[-1 - number % len(items)]


class CommerceMachine(RuleBasedStateMachine):
    """Plays commerce against the books, and keeps its own count of what the provider may pay."""

    template: Path

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="gwcommerce")
        file = Path(self.folder.name) / "books.sqlite"
        shutil.copy(self.template, file)
        self.runner = asyncio.Runner()
        self.books = Database(f"sqlite+aiosqlite:///{file}")
        self.market = Market(self.books, approval_units=8_000_000)
        self.run(self.market.open_books())
        # Settled earnings and a paid purchase from the start, or most histories would never come to a payout.
        for creator in CREATORS:
            self.run(self.market.earn(2_000, creator=creator))
        self.references: list[str] = []
        self.events: list[str] = []
        self.payouts: list[str] = []
        self.refund_ids: list[tuple[str, str]] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def attempt(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Do something that may be refused or killed; a refusal moves nothing, which the invariants see."""
        try:
            return self.run(work)
        except (GiftwaveError, Killed):
            return None
        finally:
            self.market.provider.fail = lambda _: None
            self.market.rewire()

    # What fans do

    @rule(fan=st.sampled_from(FANS), pack=st.sampled_from(PACKS), fee_known=st.booleans(), heard=st.booleans())
    def buy(self, fan: Any, pack: Any, fee_known: bool, heard: bool) -> None:
        topup_id = self.market.new_id()
        self.run(self.market.topups.open(topup_id, pack=pack.id, return_url=RETURN_URL, by=fan))
        reference = f"ref-{topup_id}"
        self.references.append(reference)
        self.market.provider.pay(reference, fee_minor=7 if fee_known else None)
        if heard:
            self.run(self.market.hint(reference))

    @rule(
        fan=st.sampled_from(FANS),
        creator=st.sampled_from(CREATORS),
        coins=st.integers(1, 900),
        granted=st.booleans(),
        recorded=st.booleans(),
    )
    def send(self, fan: Any, creator: Any, coins: int, granted: bool, recorded: bool) -> None:
        if granted:
            self.market.store.grant(fan.id, coins // 2 + 1)
        event_id = self.market.store.send(fan.id, creator.id, coins)
        if event_id is not None:
            self.events.append(event_id)
        if recorded:
            self.run(self.market.record())

    # What happens at the provider, and what we hear of it

    @precondition(lambda self: self.references)
    @rule(
        number=st.integers(0, 99),
        share=st.integers(1, 4),
        what=st.sampled_from(["refund", "dispute", "dispute", "win", "fee"]),
        heard=st.booleans(),
    )
    def change_payment(self, number: int, share: int, what: str, heard: bool) -> None:
        reference = pick(self.references, number)
        view = self.market.provider.payments[reference]
        kept = view.captured_minor - view.refunded_minor - view.withdrawn_minor + view.reinstated_minor
        part = kept * share // 4
        if what == "fee":
            self.market.provider.change(reference, fee_minor=view.fee_minor or 7)
        elif what == "refund":
            self.market.provider.change(reference, refunded_minor=view.refunded_minor + part)
        elif what == "dispute":
            self.market.provider.change(reference, withdrawn_minor=view.withdrawn_minor + part)
        else:
            self.market.provider.change(reference, reinstated_minor=view.withdrawn_minor)
        if heard:
            self.run(self.market.hint(reference))

    @precondition(lambda self: self.references)
    @rule(number=st.integers(0, 99), death=st.sampled_from(["", "", "read"]), stale=st.booleans())
    def hear(self, number: int, death: str, stale: bool) -> None:
        reference = pick(self.references, number)
        if stale:
            self.market.provider.reading = lambda view: type(view)(
                reference=view.reference,
                status=CheckoutStatus.OPEN,
                currency=view.currency,
                captured_minor=0,
                refunded_minor=0,
                withdrawn_minor=0,
                reinstated_minor=0,
                fee_minor=None,
            )
        self.die_at(death)
        self.attempt(self.market.hint(reference))
        self.market.provider.reading = lambda view: view

    # What operators do

    @rule(number=st.integers(0, 99), fresh=st.booleans())
    def refund_gift(self, number: int, fresh: bool) -> None:
        if fresh or not self.events:
            self.send(ANA, MIRA, coins=50, granted=True, recorded=True)
        if not self.events:
            return
        event_id = pick(self.events, number)
        self.attempt(self.market.refunds.refund_gift(event_id, reason="by mistake", by=OLA))

    @precondition(lambda self: self.references)
    @rule(
        number=st.integers(0, 99),
        coins=st.none() | st.integers(1, 900),
        death=st.sampled_from(["", "", "refund", "refunded", "read", "refused"]),
    )
    def refund_coins(self, number: int, coins: int | None, death: str) -> None:
        topup_id = pick(self.references, number).removeprefix("ref-")
        self.refund_ids.append((self.market.new_id(), topup_id))
        self.advance_refund(self.refund_ids[-1], coins, death)

    @precondition(lambda self: self.refund_ids)
    @rule(number=st.integers(0, 99), death=st.sampled_from(["", "refund", "refunded", "read", "refused"]))
    def go_on_refunding(self, number: int, death: str) -> None:
        self.advance_refund(pick(self.refund_ids, number), None, death)

    def advance_refund(self, ids: tuple[str, str], coins: int | None, death: str) -> None:
        refund_id, topup_id = ids
        self.market.provider.refuses = {"refund"} if death == "refused" else set()
        self.die_at(death)
        self.attempt(self.market.refunds.refund_coins(refund_id, topup_id=topup_id, coins=coins, reason="x", by=OLA))
        self.market.provider.refuses = set()

    @rule(creator=st.sampled_from(CREATORS), units=st.none() | st.integers(1, 10_000_000))
    def hold(self, creator: Any, units: int | None) -> None:
        release_at_ms = self.market.clock.ms + 100_000
        self.run(
            self.market.earnings.place_hold(
                self.market.new_id(),
                creator=creator.id,
                units=units,
                reason="review",
                release_at_ms=release_at_ms,
                by=OLA,
            )
        )

    # Cashing out

    @rule(
        creator=st.sampled_from(CREATORS),
        currency=st.sampled_from(["USD", "EUR", "JPY", "KWD"]),
        units=st.none() | st.integers(3_000_000, 9_000_000),
    )
    def cash_out(self, creator: Any, currency: str, units: int | None) -> None:
        available = self.run(self.market.earnings.view(creator)).buckets.available
        payout_id = self.attempt(self.market.request_payout(creator, currency=currency, units=units))
        if payout_id is not None:
            units = self.run(self.market.paying_out.find(payout_id, creator)).units
            assert units <= available
            self.payouts.append(payout_id)

    @precondition(lambda self: self.payouts)
    @rule(number=st.integers(0, 99), yes=st.booleans())
    def decide(self, number: int, yes: bool) -> None:
        payout_id = pick(self.payouts, number)
        if yes:
            self.attempt(self.market.paying_out.approve(payout_id, OLA))
        else:
            self.attempt(self.market.paying_out.reject(payout_id, reason="no", by=OLA))

    @rule(death=st.sampled_from(["", "submit", "submitted", "read_payout"]), killed=st.booleans())
    def work(self, death: str, killed: bool) -> None:
        self.die_at(death, killed=killed)
        self.attempt(self.market.paying_out.work())

    @precondition(lambda self: self.market.provider.transfers)
    @rule(
        number=st.integers(0, 99),
        status=st.sampled_from([TransferStatus.PAID, TransferStatus.FAILED, TransferStatus.RETURNED]),
        told=st.booleans(),
    )
    def bank_decides(self, number: int, status: TransferStatus, told: bool) -> None:
        provider = self.market.provider
        payout_id = pick(sorted(provider.transfers), number)
        possible = {
            TransferStatus.SUBMITTED: {TransferStatus.PAID, TransferStatus.FAILED},
            TransferStatus.PAID: {TransferStatus.RETURNED},
        }
        if status in possible.get(provider.transfers[payout_id].status, set()):
            provider.settle(payout_id, status)
        if told:
            self.attempt(self.market.hint(payout_id, subject="payout"))

    # Time and the recorder

    @rule(ms=st.sampled_from([1_000, 40_000, 100_000, SETTLE_MS]))
    def wait(self, ms: int) -> None:
        self.market.clock.ms += ms

    @rule()
    def record(self) -> None:
        self.run(self.market.record())

    @rule()
    def sweep(self) -> None:
        for sweeper in (self.market.topups, self.market.webhooks, self.market.refunds):
            self.attempt(sweeper.sweep())

    def die_at(self, death: str, *, killed: bool = True) -> None:
        def die(step: str) -> None:
            if step == death:
                if killed:
                    raise Killed
                down()

        self.market.provider.fail = die

    # What is always true

    @invariant()
    def the_books_balance(self) -> None:
        if hasattr(self, "market"):
            # The recorder may be behind: then wallets are, but never the books.
            self.run(self.check_books())

    async def check_books(self) -> None:
        market = self.market
        balances = await market.balances()
        async with self.books.read() as connection:
            rows = await connection.execute(text("SELECT account, asset, sum(amount) FROM entry GROUP BY 1, 2"))
            assert balances == {(account, asset): int(amount) for account, asset, amount in rows if amount}
        sums: Counter[str] = Counter()
        for (account, asset), amount in balances.items():
            sums[asset] += amount
            assert amount >= 0 or not account.startswith(NEVER_BELOW_ZERO), (account, amount)
        assert not [asset for asset, amount in sums.items() if amount]
        for creator in CREATORS:
            found = (await market.earnings.view(creator)).buckets
            assert found.earned == found.pending + found.held + found.available + found.in_transit + found.paid
            assert found.pending == sum(day.units for day in found.pending_by_day)
            assert found.available >= 0 or found.pending == found.held == 0

    def teardown(self) -> None:
        if not hasattr(self, "market"):
            return
        try:
            self.run(self.settle())
        finally:
            self.run(self.books.close())
            self.runner.close()
            self.folder.cleanup()

    async def settle(self) -> None:
        """Let everything come to its end, and check what is true then."""
        market = self.market
        for reference in self.references:
            view = market.provider.payments[reference]
            market.provider.change(reference, fee_minor=view.fee_minor or 7)
            await market.hint(reference)
        for _ in range(4):
            await market.record()
            market.clock.ms += 100_000
            await market.paying_out.work()
            for payout_id, transfer in sorted(market.provider.transfers.items()):
                if transfer.status is TransferStatus.SUBMITTED:
                    market.provider.settle(payout_id, TransferStatus.PAID)
                await market.hint(payout_id, subject="payout")
            await market.refunds.sweep()
        await market.assert_books_balance()
        await self.check_paid()
        await self.check_statements()
        async with self.books.read() as connection:
            REACHED.update((await connection.execute(select(tables.transfer.c.kind))).scalars())
            refunds = await connection.execute(select(tables.coin_refund.c.state))
            REACHED.update(f"coin_refund {state}" for state in refunds.scalars())

    async def check_paid(self) -> None:
        """Check that the provider paid exactly what the books say, once for each payout."""
        market = self.market
        at_bank: Counter[str] = Counter()
        for payout_id, order in market.provider.paid_out.items():
            if market.provider.transfers[payout_id].status is TransferStatus.PAID:
                at_bank[order.currency] += order.amount_minor
        balances = await market.balances()
        in_books = {asset: -amount for (account, asset), amount in balances.items() if account == "creators_paid"}
        assert in_books == dict(at_bank)
        async with self.books.read() as connection:
            rows = await connection.execute(select(tables.payout.c.id, tables.payout.c.state))
            states = {str(row.id): str(row.state) for row in rows}
        assert set(market.provider.paid_out) == {
            one for one, state in states.items() if state not in ("requested", "rejected")
        }
        REACHED.update(states.values())

    async def check_statements(self) -> None:
        """Check that statements from the beginning close with the balances."""
        balances = await self.market.balances()
        for fan in FANS:
            statement = await self.market.statements.of_fan(fan, from_ms=0, to_ms=1 << 50)
            units = sum(balances.get((f"{kind}:{fan.id}", "units"), 0) for kind in ("fan_paid", "fan_promo"))
            assert (statement.opening_coins, statement.closing_coins * 10_000) == (0, units)
        for creator in CREATORS:
            found = await self.market.statements.of_creator(creator, from_ms=0, to_ms=1 << 50)
            assert found.closing_units == balances.get((f"creator:{creator.id}", "units"), 0)
