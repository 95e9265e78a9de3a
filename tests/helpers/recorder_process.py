"""A real recorder process on a test's store and books, without the rest of a server."""

import subprocess
import sys
from pathlib import Path

from server.settings import REPOSITORY
from tests.helpers.server import SECRET, environment


class RecorderProcess:
    """Runs `giftwave recorder`; a log of its own tells what it said."""

    def __init__(self, *, store_url: str, data: Path, database_url: str | None = None) -> None:
        settings = {"redis_url": store_url, "data": data, "database_url": database_url, "token_secret": SECRET}
        self._environment = environment(**settings) | {"PYTHONPATH": str(REPOSITORY)}
        self._log_path = data / "recorder.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "RecorderProcess":
        """Start it and return at once."""
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server", "recorder"],
                cwd=REPOSITORY,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log(self) -> str:
        """Return what it and others of the same folder said so far."""
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """End it as the kernel's out-of-memory killer would."""
        assert self._process is not None
        self._process.kill()
        self._end()

    def stop(self) -> int:
        """End it as the supervisor does; return its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._end()

    def _end(self) -> int:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(20)
