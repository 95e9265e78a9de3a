"""A real Valkey child for tests, which can be killed and started again on the same data."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import redis

from server.store.process import EmbeddedValkey

_START_TIMEOUT_S = 20.0


class ValkeyChild:
    """Runs the program and the options of the embedded store, under the control of a test."""

    def __init__(self, data: Path) -> None:
        self._embedded = EmbeddedValkey(data)
        self._embedded.socket_path.parent.mkdir(parents=True, exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self._embedded.url

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and return once it answers."""
        self._process = subprocess.Popen(self._embedded.command(), stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            with suppress(redis.RedisError, OSError), self.connect() as connection:
                connection.ping()
                return
            time.sleep(0.01)
        raise AssertionError("Valkey did not start")

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def pause(self) -> None:
        """Stop it from answering."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it answer again."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it cleanly."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait()

    def flush(self, *, opened: bool = True) -> None:
        """Forget everything; `opened` lets the shard take gifts, as the recorder does once the books agree."""
        with self.connect() as connection:
            connection.flushall()
            if opened:
                connection.hset("{s0}:shard", "epoch", "testlife")

    def connect(self) -> redis.Redis:
        """Open a plain client, for looking inside."""
        return redis.Redis.from_url(self.url, socket_timeout=5)
