"""A server to measure: started for one run on a free port with an empty data folder, and always stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from client_demo.python.giftwave_client import Unreachable, call_http

REPOSITORY = Path(__file__).resolve().parents[2]
READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class ServerFailed(Exception):
    """The server did not get ready; the message ends with its last words."""


@asynccontextmanager
async def running_server() -> AsyncIterator[tuple[str, int]]:
    """A demo server without its crowd, on one worker; yields its URL and process id.

    Raises ServerFailed. Cancellation: the server is stopped first.
    """
    with tempfile.TemporaryDirectory(prefix="giftwave-bench-") as folder:
        port = _free_port()
        settings = {"GIFTWAVE_PORT": str(port), "GIFTWAVE_DATA": f"{folder}/data", "GIFTWAVE_WORKERS": "1"}
        log = Path(folder) / "server.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "server", "demo", "--no-crowd"),
                cwd=REPOSITORY,
                env={**os.environ, **settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C is for the bench, which then stops the server in order
            )
        try:
            await _until_ready(process, f"http://127.0.0.1:{port}", log)
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            await _stop(process)


async def _until_ready(process: asyncio.subprocess.Process, url: str, log: Path) -> None:
    loop = asyncio.get_running_loop()
    last_s = loop.time() + READY_TIMEOUT_S
    while loop.time() < last_s and process.returncode is None:
        with suppress(Unreachable):
            status, _ = await call_http("GET", f"{url}/readyz")
            if status == 200:
                return
        await asyncio.sleep(0.1)
    raise ServerFailed(f"The server did not get ready within {READY_TIMEOUT_S:.0f} s. Its last words:\n{_end_of(log)}")


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-10:])


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        # Its own group, so that no worker or store of it stays behind.
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tree_cpu_s(root: int) -> float:
    """CPU time of a process and all its descendants so far, in seconds (Linux)."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended just now
            # The command's name comes in parentheses and may hold anything, so count from its end.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(fields[1])
            ticks[int(folder.name)] = int(fields[11]) + int(fields[12])
    family = {root}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    return sum(ticks.get(pid, 0) for pid in family) / TICKS_PER_S


def stolen_cpu_s() -> float:
    """CPU time that this machine's host gave to others so far, all cores together (Linux)."""
    with Path("/proc/stat").open() as stat:
        return int(stat.readline().split()[8]) / TICKS_PER_S
