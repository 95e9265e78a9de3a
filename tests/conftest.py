"""What the tests share: a real Valkey, a real server process, and a way to wait that is not a sleep."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis

from server.settings import Settings
from server.store.client import StoreClient
from server.store.keys import Keys
from tests.helpers.leftovers import leaves_nothing
from tests.helpers.server import ServerProcess
from tests.helpers.valkey import ValkeyChild

KEYS = Keys(shard_id=0)


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyChild]:
    """A real Valkey of this test session, as the embedded store runs it."""
    child = ValkeyChild(tmp_path_factory.mktemp("vk"))
    child.start()
    yield child
    child.stop()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a server nobody else uses."""
    return Settings(data=tmp_path, store_timeout_s=5.0)


@pytest.fixture
async def client(valkey: ValkeyChild, settings: Settings) -> AsyncIterator[StoreClient]:
    """A client on an empty store."""
    valkey.flush()
    client = StoreClient(valkey.url, settings)
    yield client
    await client.close()


@pytest.fixture
def raw(valkey: ValkeyChild) -> Iterator[redis.Redis]:
    """A plain client, for looking inside and for damaging things."""
    with valkey.connect() as connection:
        yield connection


@pytest.fixture
def nothing_left(server: ServerProcess) -> Iterator[None]:
    """Check that a test leaves no session, no member and no traceback on its `server`; for `usefixtures`."""
    with leaves_nothing(server):
        yield
