"""A real server process for tests: the command that operators run, with its store and its workers as children."""

import io
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import httpx
import redis

from server.cli import main
from server.clock import SystemClock
from server.domain.ids import FanId, IntentId, new_intent_id
from server.domain.room import Role
from server.settings import REPOSITORY, Settings
from server.store.client import StoreClient
from server.store.keys import Keys
from server.store.wallets import Bucket, WalletStore
from server.web.tokens import Tokens
from tests.helpers.ports import own_share

SECRET = "a-secret-of-the-tests-that-is-long-enough-for-hs256"
KEYS = Keys(shard_id=0)
_PORTS = own_share(range(8_500, 8_700))
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 25.0


class ServerProcess:
    """Runs `python -m server …` in a folder of its own. Keyword arguments are settings: `workers=2`."""

    def __init__(self, *command: str, **settings: object) -> None:
        self.command = command or ("serve",)
        # Short: the path of the store's Unix socket has 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="gw", dir="/tmp"))
        self.data = self.folder / "d"
        self.port = int(str(settings.pop("port", 0))) or free_port()
        self._cwd = Path(str(settings.pop("cwd", REPOSITORY)))
        self._settings: dict[str, object] = {"drain_s": 1.0, "token_secret": SECRET} | settings
        self._process: subprocess.Popen[bytes] | None = None
        self._known_children: set[int] = set()
        self._http = httpx.Client(
            base_url=self.url, timeout=10, limits=httpx.Limits(max_keepalive_connections=0), trust_env=False
        )
        self.tokens = Tokens(SECRET, SystemClock())

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.end()
            self.forget()
            raise

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            # A failing test has said enough already.
            self.stop() if kind is None else self.end()
        finally:
            self.forget()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/ws"

    @property
    def store_url(self) -> str:
        return f"unix://{self.data / 'valkey' / 'valkey.sock'}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    # Life and death

    def start(self) -> Self:
        """Start it and return once it is ready."""
        self.launch()
        self.wait_ready()
        return self

    def launch(self) -> None:
        """Start it and return at once."""
        with self._log_path.open("ab") as log, (self.folder / "stdout").open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server", *self.command],
                cwd=self._cwd,
                env=environment(port=self.port, data=self.data, **self._settings) | {"PYTHONPATH": str(REPOSITORY)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
            )

    def wait_ready(self) -> None:
        """Return once every worker is there and the store answers."""
        assert self._process is not None
        workers = int(str(self._settings.get("workers", 1)))
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"the server ended:\n{self.log()}"
            if self.is_ready() and len(self.listening_workers()) == workers:
                self.children()
                return
            time.sleep(0.02)
        raise AssertionError(f"the server did not become ready:\n{self.log()}")

    def is_ready(self) -> bool:
        """Whether `/readyz` says so."""
        with suppress(httpx.HTTPError):
            return self._http.get("/readyz").status_code == 200
        return False

    def stop(self) -> None:
        """End it as an operator would, and check that it ends well: exit code 0 and nobody left."""
        assert self._process is not None
        children = self.children()
        self._process.send_signal(signal.SIGTERM)
        code = self.wait()
        left = [pid for pid in children if is_alive(pid)]
        assert code == 0, f"exit code {code}:\n{self.log()}"
        assert not left, f"left behind: {left}"

    def wait(self) -> int:
        """Return the exit code."""
        assert self._process is not None
        try:
            return self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the server did not end:\n{self.log()}") from None

    def kill(self) -> None:
        """End the parent process as the kernel's out-of-memory killer would."""
        assert self._process is not None
        self.children()
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Make sure that nothing of it runs any more."""
        if self._process is None:
            return
        children = self.children() | self._known_children
        if self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for pid in children:
            if is_alive(pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, children)))

    def forget(self) -> None:
        """Remove what it left on disk."""
        self._http.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Its processes

    def children(self) -> set[int]:
        """Return the process ids of its store and workers."""
        found = set(_children_of(self.pid))
        self._known_children |= found
        return found

    @property
    def known_children(self) -> set[int]:
        """Every child it was ever seen with."""
        return set(self._known_children)

    def valkey_pid(self) -> int | None:
        """Return the process id of the store, while there is one."""
        return next((pid for pid in self.children() if _program_of(pid).endswith("-server")), None)

    def worker_pids(self) -> list[int]:
        """Return the process ids of the workers, by number of start."""
        return sorted(pid for pid in self.children() if " worker " in f"{_command_of(pid)} ")

    def listening_workers(self) -> list[int]:
        """Return the workers that accept connections."""
        inodes = {row[9] for row in _tcp_rows() if row[1].endswith(f":{self.port:04X}") and row[3] == "0A"}
        return [pid for pid in self.worker_pids() if inodes & _socket_inodes(pid)]

    def worker_of(self, client_port: int) -> int | None:
        """Return the worker that holds the connection which comes from `client_port`."""
        local, remote = f":{self.port:04X}", f":{client_port:04X}"
        inode = next((row[9] for row in _tcp_rows() if row[1].endswith(local) and row[2].endswith(remote)), None)
        return next((pid for pid in self.worker_pids() if inode in _socket_inodes(pid)), None)

    # What it says

    @property
    def _log_path(self) -> Path:
        return self.folder / "stderr"

    def log(self) -> str:
        """Return its standard error so far."""
        return self._log_path.read_text(encoding="utf-8", errors="replace") if self._log_path.exists() else ""

    def said(self) -> str:
        """Return its standard output so far."""
        return (self.folder / "stdout").read_text(encoding="utf-8")

    def gauge(self, name: str) -> int:
        """Return a value of `/metrics`, summed over its labels."""
        lines = self.get("/metrics").text.splitlines()
        return int(sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(rf"{name}(\{{.*\}})? ", line)))

    # Talking to it

    def get(self, path: str, *, token: str | None = None, **rest: Any) -> httpx.Response:
        """Ask over HTTP."""
        return self.request("GET", path, token=token, **rest)

    def post(self, path: str, body: object = None, *, token: str | None = None, **rest: Any) -> httpx.Response:
        """Tell over HTTP; `body` is sent as JSON."""
        if body is not None:
            rest["json"] = body
        return self.request("POST", path, token=token, **rest)

    def request(self, method: str, path: str, *, token: str | None = None, **rest: Any) -> httpx.Response:
        """Send one request over a connection of its own."""
        headers = dict(rest.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self._http.request(method, path, headers=headers, **rest)

    def token(self, user: str, *, name: str = "", role: Role = Role.VIEWER, ttl_s: int = 900) -> str:
        """Mint a token as `giftwave token` does."""
        return self.tokens.mint(user, name=name or user, role=role, ttl_s=ttl_s)

    def open_room(self, room: str, *, creator: str = "c_mira") -> dict[str, Any]:
        """Open a room and return it."""
        token = self.token(creator, role=Role.CREATOR)
        answer = self.post("/v1/rooms", {"room": room, "title": "A title"}, token=token)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def close_room(self, room: str, *, creator: str = "c_mira") -> None:
        """Close a room."""
        answer = self.post(f"/v1/rooms/{room}/close", token=self.token(creator, role=Role.CREATOR))
        assert answer.status_code == 200, answer.text

    def room(self, room: str) -> dict[str, Any]:
        """Read a room."""
        answer = self.get(f"/v1/rooms/{room}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def wallet(self, user: str) -> dict[str, int]:
        """Read a fan's wallet."""
        answer = self.get("/v1/wallet", token=self.token(user))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def grant(self, fan: str, coins: int, *, bucket: Bucket = "promo", grant_id: IntentId | None = None) -> None:
        """Give a fan coins, as `giftwave grant` does."""
        settings = Settings(data=self.data)
        client = StoreClient(self.store_url, settings)
        try:
            grant = grant_id or new_intent_id(SystemClock().now_ms())
            await WalletStore(client, KEYS).grant(FanId(fan), coins=coins, bucket=bucket, grant_id=grant)
        finally:
            await client.close()

    @contextmanager
    def store(self) -> Iterator[redis.Redis]:
        """Open a plain client to its Valkey, for looking inside and for damaging things."""
        with redis.Redis.from_url(self.store_url, socket_timeout=10) as connection:
            yield connection


def environment(**settings: object) -> dict[str, str]:
    """Return this environment with exactly these settings of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIFTWAVE_")}
    return kept | {f"GIFTWAVE_{name.upper()}": str(value) for name, value in settings.items() if value is not None}


def giftwave(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        cwd=REPOSITORY,
        env=environment(**settings) | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def giftwave_here(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in this process: much faster, and as an operator sees it."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        patch.dict(os.environ, environment(**settings), clear=True),
        patch.object(sys, "argv", ["giftwave", *arguments]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return subprocess.CompletedProcess(list(arguments), code, out.getvalue(), err.getvalue())


def free_port() -> int:
    """Return a port of the tests' range that nobody listens on."""
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    return False


def wait_until(claim: Callable[[], object], *, timeout_s: float = 20.0) -> None:
    """Return once `claim` is true: `eventually()` for tests that are not async."""
    deadline = time.monotonic() + timeout_s
    while not (answer := claim()):
        assert time.monotonic() < deadline, f"never became true; last answer {answer!r}"
        time.sleep(0.01)


def _children_of(parent: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                state, ppid = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if int(ppid) == parent and state not in ("Z", "X"):
                    yield int(entry.name)


def _command_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def _program_of(pid: int) -> str:
    return (_command_of(pid).split() or [""])[0]


def _tcp_rows() -> list[Sequence[str]]:
    return [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]


def _socket_inodes(pid: int) -> set[str]:
    found = set()
    with suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                target = os.readlink(entry)
                if target.startswith("socket:["):
                    found.add(target[8:-1])
    return found
