"""A recorder that dies at any step of paying out, once or twice: the next one goes on, and each payout is paid once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.room import Role
from server.errors import ProviderUnavailable
from server.payments.port import TransferStatus
from server.record.database import Database
from tests.helpers.market import Market, person

EARNED = 7_000_000
STEPS_MAX = 60


class Killed(BaseException):
    """The process died here. Nothing in the server may catch it."""


class Tripwire:
    """Counts steps, and kills at one of them."""

    def __init__(self, at: int) -> None:
        self.left = at

    def step(self, _: str = "") -> None:
        self.left -= 1
        if self.left == -1:
            raise Killed


class FragileBooks(Database):
    """Books whose process may die before it begins, before it commits, and after it committed."""

    def __init__(self, books: Database, wire: Tripwire) -> None:
        self._books = books
        self._wire = wire

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        self._wire.step()
        async with self._books.write() as connection:
            yield connection
            self._wire.step()
        self._wire.step()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with self._books.read() as connection:
            yield connection


async def work_until_killed(market: Market, at: int) -> bool:
    """Let a recorder work that dies at its step `at`; False when it has fewer steps."""
    wire, books = Tripwire(at), market.books
    market.books = FragileBooks(books, wire)
    market.rewire()
    market.provider.fail = wire.step
    try:
        await market.paying_out.work()
        return False
    except Killed:
        return True
    finally:
        market.provider.fail = lambda _: None
        market.books = books
        market.rewire()


async def finish(market: Market, creator: str, payout_id: str) -> None:
    """Let whole recorders work until the bank has paid, and check that it did so once."""
    for _ in range(3):
        market.clock.ms += 6_000
        await market.paying_out.work()
    market.provider.settle(payout_id, TransferStatus.PAID)
    market.clock.ms += 200_000
    await market.paying_out.work()
    balances = await market.balances()
    assert market.provider.paid_out[payout_id].amount_minor == 325
    assert balances[f"paid_out:{creator}", "units"] == EARNED
    assert (f"payout_transit:{creator}", "units") not in balances


async def request(market: Market, name: str) -> tuple[str, str]:
    """Let a creator of that name ask for all they earned; return creator and payout."""
    creator = person(name, Role.CREATOR)
    await market.earn(1_000, creator=creator)
    return creator.id, await market.request_payout(creator)


async def test_a_recorder_killed_at_any_step_pays_once(market: Market) -> None:
    for step in range(STEPS_MAX):
        creator, payout_id = await request(market, f"c_{step}")

        killed = await work_until_killed(market, step)
        await finish(market, creator, payout_id)

        if not killed:
            break
    else:
        raise AssertionError("it never came to its end")
    # Three commits with three steps each, a call of the provider with two, and the claim of unsettled ones.
    assert step >= 10
    assert len(market.provider.paid_out) == step + 1
    assert await market.balance("creators_paid", "USD") == -325 * (step + 1)
    await market.assert_books_balance()


async def test_a_recorder_killed_twice_pays_once(market: Market, dialect: str) -> None:
    stride = 1 if dialect == "sqlite" else 4
    number = 0
    for first in range(0, 12, stride):
        for second in range(0, 12, stride):
            number += 1
            creator, payout_id = await request(market, f"c_{number}")

            await work_until_killed(market, first)
            market.clock.ms += 6_000
            await work_until_killed(market, second)
            await finish(market, creator, payout_id)

    assert len(market.provider.paid_out) == number
    await market.assert_books_balance()


async def test_two_recorders_at_the_same_moment_pay_once(market: Market) -> None:
    creator, payout_id = await request(market, "c_0")

    await asyncio.gather(*(market.paying_out.work() for _ in range(4)))
    market.clock.ms += 6_000
    await asyncio.gather(*(market.paying_out.work() for _ in range(4)))

    await finish(market, creator, payout_id)
    assert market.provider.submissions == [payout_id]


async def test_a_second_try_that_is_refused_after_the_first_one_paid_has_not_failed(market: Market) -> None:
    creator, payout_id = await request(market, "c_twice")

    def lose_the_answer(step: str) -> None:
        if step == "submitted":
            raise ProviderUnavailable

    market.provider.fail = lose_the_answer
    await market.paying_out.work()
    market.provider.fail = lambda _: None
    market.provider.refuses.add("submit")
    market.provider.reads_late[payout_id] = market.provider.transfers.pop(payout_id)
    market.clock.ms += 200_000
    await market.paying_out.work()

    assert (await market.balances())[f"payout_transit:{creator}", "units"] == EARNED
    market.provider.refuses.clear()
    await finish(market, creator, payout_id)
