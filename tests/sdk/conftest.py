"""A peer and clients of it, with time that only tests move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any

import pytest

from client_demo.python.giftwave_client import GiftwaveClient, World
from tests.sdk.peer import Peer, open_peer

MakeClient = Callable[..., GiftwaveClient]


class FakeTime:
    """A clock that moves by what was slept, and never makes anybody wait."""

    def __init__(self) -> None:
        self.now_ms = 1_780_000_000_000
        self.slept_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.now_ms += int(seconds * 1000)
        await asyncio.sleep(0)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with open_peer() as opened:
        yield opened


@pytest.fixture
def clock() -> FakeTime:
    return FakeTime()


@pytest.fixture
async def make_client(peer: Peer, clock: FakeTime) -> AsyncIterator[MakeClient]:
    """Clients of the peer; closed after the test."""
    made: list[GiftwaveClient] = []

    def make(token: Any = "token-1", **options: Any) -> GiftwaveClient:
        world = World(lambda: clock.now_ms, clock.sleep, Random(7))
        made.append(GiftwaveClient(peer.url, token, world=world, **options))
        return made[-1]

    yield make
    for client in made:
        await client.close()
