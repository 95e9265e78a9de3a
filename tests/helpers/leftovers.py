"""What a connection must not leave behind."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.helpers.server import ServerProcess, wait_until


@contextmanager
def leaves_nothing(server: ServerProcess) -> Iterator[None]:
    """Check that sessions and members are as many as before, and that nothing broke on the way."""
    before, said = _counts(server), len(server.log())
    yield
    wait_until(lambda: _counts(server) == before, timeout_s=8)
    assert_no_traceback(server, since=said)


def assert_no_traceback(server: ServerProcess, *, since: int = 0) -> None:
    """Check what the server said on standard error."""
    words = server.log()[since:]
    assert "Traceback" not in words, words
    assert "Exception" not in words, words


def _counts(server: ServerProcess) -> tuple[int, int]:
    return server.gauge("giftwave_connections"), server.gauge("giftwave_members")
