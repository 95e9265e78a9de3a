"""The server of two workers that the tests of this folder share; each test has rooms and fans of its own."""

from collections.abc import Iterator

import pytest

from tests.helpers.names import fresh
from tests.helpers.server import ServerProcess


@pytest.fixture(scope="session")
def server() -> Iterator[ServerProcess]:
    """Two workers that take many messages and lose patience early."""
    with ServerProcess("serve", workers=2, messages_per_s=10_000, lagging_s_max=1.5) as process:
        yield process


@pytest.fixture
def room(server: ServerProcess) -> str:
    """An open room that nobody else uses."""
    name = fresh("e2e")
    server.open_room(name)
    return name
