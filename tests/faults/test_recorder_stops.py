"""Who is told to stop stops, whatever a library below does with the word."""

import asyncio
import random

from server.store.client import StoreClient
from server.store.log import LogStore
from server.tasks import TaskOwner
from tests.helpers.shop import KEYS


async def test_a_cancelled_call_to_the_store_ends_in_every_of_its_moments(client: StoreClient) -> None:
    logs, lost = LogStore(client, KEYS), 0

    async def ask_until(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await logs.state()

    for _ in range(100):
        stop = asyncio.Event()
        asking = asyncio.create_task(ask_until(stop))
        await asyncio.sleep(random.uniform(0, 0.003))
        asking.cancel()
        done, _ = await asyncio.wait([asking], timeout=0.5)
        lost += not done
        stop.set()
        await asyncio.wait([asking])

    assert not lost


async def test_an_owner_ends_a_task_that_lost_a_cancellation() -> None:
    owner = TaskOwner("test")

    async def lose_one() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(60)

    owner.spawn(lose_one(), name="deaf")
    await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await owner.close()
