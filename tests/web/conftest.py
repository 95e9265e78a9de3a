"""Servers that the tests of this folder share; each test has rooms and fans of its own."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.helpers.names import fresh
from tests.helpers.server import ServerProcess

ENCODINGS = ["json", "msgpack"]
COINS = 100
FRAME_BYTES_MAX = 4_096
HELLO = json.dumps({"type": "hello", "token": "x"}).encode()
HASTY = {"hello_timeout_s": 0.5, "ping_interval_s": 0.4, "lagging_s_max": 1.0, "messages_per_s": 10_000}


@pytest.fixture(scope="session")
def server() -> Iterator[ServerProcess]:
    """`giftwave serve` with its own settings."""
    with ServerProcess("serve") as process:
        yield process


@pytest.fixture(scope="session")
def hasty() -> Iterator[ServerProcess]:
    """A server whose patience is short and whose limit of messages is high."""
    with ServerProcess("serve", **HASTY) as process:
        yield process


@pytest.fixture(scope="session")
def demo() -> Iterator[ServerProcess]:
    """`giftwave demo` without its crowd."""
    with ServerProcess("demo", "--no-crowd") as process:
        yield process


@pytest.fixture
def room(server: ServerProcess) -> str:
    """An open room that nobody else uses."""
    name = fresh("room")
    server.open_room(name)
    return name


@pytest.fixture
async def fan(server: ServerProcess) -> AsyncIterator[str]:
    """A fan with coins; no bad input may change a byte of the wallet."""
    name = fresh("fan")
    await server.grant(name, COINS)
    before = server.get("/v1/wallet", token=server.token(name)).content
    yield name
    assert server.get("/v1/wallet", token=server.token(name)).content == before
