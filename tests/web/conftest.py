"""Servers that the tests of this folder share; each test has rooms and fans of its own."""

import itertools
from collections.abc import Iterator

import pytest

from tests.helpers.server import ServerProcess

_numbers = itertools.count()


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


def fresh(kind: str) -> str:
    """Return a name that no other test uses."""
    return f"{kind}-{next(_numbers)}"


HASTY = {"hello_timeout_s": 0.5, "ping_interval_s": 0.4, "lagging_s_max": 1.0, "messages_per_s": 10_000}
