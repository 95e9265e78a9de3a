"""The sandbox as a process of its own, as a supervisor starts it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx

from server.payments.signing import sandbox_secret
from server.settings import REPOSITORY
from tests.helpers.server import wait_until
from tests.helpers.stripe_stand_in import PORTS

SECRET = sandbox_secret("a-token-secret-of-the-tests-that-is-long-enough")
_PROGRAM = """
import os, sys
from pathlib import Path
from server.payments.sandbox_service import run_sandbox
port, data, webhook_url = sys.argv[1:]
run_sandbox("127.0.0.1", int(port), Path(data), os.environ["SECRET"], webhook_url)
"""


class SandboxProcess:
    """Runs the sandbox in a folder of its own; webhooks go to `webhook_url`."""

    def __init__(self, webhook_url: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="h1", dir="/tmp"))
        self.port = _free_port()
        self._webhook_url = webhook_url
        self._process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {SECRET}"}, timeout=10, trust_env=False
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.http.close()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start it and return once it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(self.port), str(self.folder / "d"), self._webhook_url],
                cwd=REPOSITORY,
                env=os.environ | {"SECRET": SECRET},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers)

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        return self._end(signal.SIGTERM)

    def hang_up(self) -> int:
        """Close our end of its standard input, as a dying parent does; return its exit code."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(timeout=10)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def turn(self, **knobs: object) -> None:
        """Set knobs."""
        self.http.post("/api/knobs", json=knobs).raise_for_status()

    def press(self, path: str, **fields: str) -> httpx.Response:
        """Press a button of a page."""
        return self.http.post(path, data=fields)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log
        try:
            return self.http.get("/healthz").is_success
        except httpx.TransportError:
            return False

    def _end(self, by: signal.Signals) -> int:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.send_signal(by)
        code = self._process.wait(timeout=10)
        self._process.stdin.close()
        return code


def _free_port() -> int:
    # From the far end: those in this process take the near one.
    for port in reversed(PORTS):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
