"""A thousand gifts at once on a wallet with money for a hundred: a hundred are taken, every time."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from tests.helpers.books import assert_books_balance
from tests.helpers.line import Line, gift_fields, talk
from tests.helpers.server import ServerProcess

CONNECTIONS = 10
GIFTS, COINS = 1_000, 100


@pytest.fixture
def server() -> Iterator[ServerProcess]:
    with ServerProcess("serve", workers=2, messages_per_s=10_000) as process:
        yield process


@pytest.mark.parametrize("runs", [20, pytest.param(200, marks=pytest.mark.soak)])
async def test_a_thousand_gifts_on_a_hundred_coins_charge_exactly_a_hundred(server: ServerProcess, runs: int) -> None:
    server.open_room("lounge")
    fans = [f"fan-{number}" for number in range(runs)]

    taken = [await _send_a_thousand(server, fan) for fan in fans]

    assert taken == [Counter({"gift.ack": COINS, "insufficient_coins": GIFTS - COINS})] * runs
    assert Counter(gift.fan for gift in assert_books_balance(server).gifts) == dict.fromkeys(fans, COINS)
    assert [server.wallet(fan)["coins"] for fan in fans] == [0] * runs


async def _send_a_thousand(server: ServerProcess, fan: str) -> Counter[str]:
    await server.grant(fan, COINS)
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(talk(server, fan)) for _ in range(CONNECTIONS)]
        outcomes = await asyncio.gather(*(_send(line, count=GIFTS // CONNECTIONS) for line in lines))
    return sum(outcomes, Counter())


async def _send(line: Line, *, count: int) -> Counter[str]:
    wishes = [gift_fields() for _ in range(count)]
    for wish in wishes:
        await line.say("gift.send", room="lounge", **wish)
    answers = [await line.answer_to(wish["intent_id"]) for wish in wishes]
    return Counter(str(answer.get("code", answer["type"])) for answer in answers)
