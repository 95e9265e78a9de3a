"""Whatever the order, the repetition, the age of a reading and the deaths in between: one end state."""

import asyncio
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from server.domain.topup import Topup
from server.payments.port import CheckoutStatus, PaymentView
from server.record.topups import topup_of
from server.wire.money import MoneyMessage
from tests.helpers.market import ANA, RETURN_URL, Market, person

# What each event tells of, as changes of the payment in the order in which they happened.
STORY: dict[str, dict[str, Any]] = {
    "completed": {"status": CheckoutStatus.PROCESSING},
    "async_paid": {"status": CheckoutStatus.PAID, "captured_minor": 129, "fee_minor": 29},
    "refunded": {"refunded_minor": 40},
    "disputed": {"withdrawn_minor": 89},
    "lost": {},
}
EVENTS = tuple(STORY)
ORDERS = list(itertools.permutations(EVENTS))
SAMPLE = 12


class Killed(Exception):
    """The worker died here."""


def story_until(view: PaymentView, *names: str) -> PaymentView:
    """Return the payment as it was when these things had happened."""
    for name in EVENTS:
        if name in names:
            view = replace(view, **STORY[name])
    return view


def as_events_arrive(view: PaymentView, arrived: list[str]) -> PaymentView:
    """The provider shows what it has told, and nothing else: a refund may be there before its payment."""
    return story_until(view, *arrived)


def as_it_was(view: PaymentView, arrived: list[str]) -> PaymentView:
    """Each reading is as old as its event: the one after a later event may show less than the one before."""
    return story_until(view, *EVENTS[: EVENTS.index(arrived[-1]) + 1])


def as_it_is(view: PaymentView, arrived: list[str]) -> PaymentView:
    """The provider shows everything from the first event on."""
    return story_until(view, *EVENTS)


def chosen(orders: list[tuple[str, ...]], dialect: str) -> list[tuple[str, ...]]:
    """All orders on SQLite, a sample of them on PostgreSQL."""
    return orders if dialect == "sqlite" else random.Random(7).sample(orders, SAMPLE)


async def open_topup(market: Market, number: int) -> tuple[str, str]:
    """Open a checkout of a fan of its own; return fan and top-up."""
    fan = person(f"u_{number}")
    topup_id = market.new_id()
    await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=fan)
    return fan.id, topup_id


async def end_state(market: Market, topup_id: str) -> Topup:
    async with market.books.read() as connection:
        found = await topup_of(connection, topup_id)
    assert found is not None
    return replace(found, id="", fan="", reference=None, checkout_url=None)


@pytest.mark.parametrize("reading", [as_events_arrive, as_it_was, pytest.param(as_it_is, marks=pytest.mark.soak)])
async def test_all_orders_of_events_thrice_each_end_in_one_state(market: Market, dialect: str, reading: Any) -> None:
    ends = set()
    for number, order in enumerate(chosen(ORDERS, dialect)):
        fan, topup_id = await open_topup(market, number)
        reference = f"ref-{topup_id}"
        arrived: list[str] = []
        market.provider.reading = partial(reading, arrived=arrived)
        for name in order:
            arrived.append(name)
            for _ in range(3):
                await market.hint(reference, event_id=f"{topup_id}-{name}")
        ends.add((await end_state(market, topup_id), market.store.wallet(fan).paid))

    assert [(end.state, end.coins_posted, coins) for end, coins in ends] == [("charged_back", 0, 0)]
    await market.assert_books_balance()


def deaths() -> Iterator[str]:
    """Return where the worker dies while it follows an event, over and over."""
    return itertools.cycle(["read", "posted", "told", ""])


async def test_all_orders_end_in_one_state_when_the_worker_is_killed_in_between(market: Market, dialect: str) -> None:
    ends = set()
    where = deaths()
    for number, order in enumerate(chosen(ORDERS, dialect)):
        fan, topup_id = await open_topup(market, number)
        arrived: list[str] = []
        market.provider.reading = partial(as_it_was, arrived=arrived)
        for name in order:
            arrived.append(name)
            await deliver_and_die(market, topup_id, name, death=next(where))
            for _ in range(2):
                await market.hint(f"ref-{topup_id}", event_id=f"{topup_id}-{name}")
        ends.add((await end_state(market, topup_id), market.store.wallet(fan).paid))

    assert [(end.state, end.coins_posted, coins) for end, coins in ends] == [("charged_back", 0, 0)]
    await market.assert_books_balance()


async def deliver_and_die(market: Market, topup_id: str, name: str, *, death: str) -> None:
    """Deliver an event to a worker that dies before it reads, after it posted, or after it told everybody."""

    def die(step: str) -> None:
        if step == death:
            raise Killed

    async def die_after(messages: Sequence[tuple[str, MoneyMessage]]) -> None:
        if death != "posted":
            await spread(messages)
        if death in ("posted", "told"):
            raise Killed

    market.provider.fail = die
    news = market.topups._news
    spread = news.spread
    news.spread = die_after  # type: ignore[method-assign]
    try:
        await market.hint(f"ref-{topup_id}", event_id=f"{topup_id}-{name}")
        assert death == ""
    except Killed:
        assert death
    market.provider.fail = lambda _: None
    market.rewire()


async def test_an_event_left_half_way_is_followed_by_the_sweep(market: Market) -> None:
    _, topup_id = await open_topup(market, 0)
    market.provider.pay(f"ref-{topup_id}")
    await deliver_and_die(market, topup_id, "async_paid", death="read")

    await market.webhooks.sweep()
    too_soon = await market.topups.find(topup_id, person("u_0"))
    market.clock.ms += 31_000
    await market.webhooks.sweep()

    assert too_soon.state == "pending"
    assert (await market.topups.find(topup_id, person("u_0"))).state == "credited"


async def test_several_workers_at_once_end_in_one_state(market: Market) -> None:
    topup_id = market.new_id()
    await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA)
    market.provider.pay(f"ref-{topup_id}")
    market.provider.change(f"ref-{topup_id}", refunded_minor=40)

    same = [market.hint(f"ref-{topup_id}", event_id="same") for _ in range(4)]
    others = [market.hint(f"ref-{topup_id}", event_id=f"other-{number}") for number in range(4)]
    await asyncio.gather(*same, *others)

    assert market.store.wallet("u_ana").paid == 68
    assert await market.count("transfer") == 2
    await market.assert_books_balance()
