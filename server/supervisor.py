"""The parent process: the embedded store, the workers and the demo's crowd, started in order, stopped in reverse."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog
from prometheus_client.multiprocess import mark_process_dead
from pydantic import SecretStr

from server.errors import BooksUnavailable, GiftwaveError, OperatorError, StoreUnavailable
from server.ports import check_port_is_free
from server.record.database import Database
from server.service.catalogue import load_catalogue
from server.service.doctoring import check_store
from server.settings import Settings
from server.store.client import StoreClient
from server.store.folder import DataFolder
from server.store.process import EmbeddedValkey

log = structlog.get_logger(__name__)

_RESTART_PAUSE_S = 0.5
_STORE_READY_TIMEOUT_S = 120.0
_SERVER_READY_TIMEOUT_S = 30.0
# A worker that never comes up is a configuration fault, not an accident: do not restart it for ever.
_EARLY_DEATH_S = 2.0
_EARLY_DEATHS_MAX = 5


class Supervisor:
    """Runs a whole server until it is told to stop."""

    def __init__(self, settings: Settings, *, crowd: bool) -> None:
        self._settings = settings
        self._crowd = crowd
        self._stopping = asyncio.Event()
        self._children: dict[str, Child] = {}
        self._metrics = settings.data.resolve() / "metrics"

    def stop(self) -> None:
        """Begin to stop."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve until `stop`.

        Raises:
            DataFolderBusy, PortBusy, StoreMissing, CatalogueInvalid: a sentence that says what to do.
        """
        check_port_is_free(self._settings.host, self._settings.port, setting="GIFTWAVE_PORT")
        if self._settings.payments == "sandbox":
            check_port_is_free(*self._settings.sandbox_address, setting="GIFTWAVE_SANDBOX_PORT")
        load_catalogue(self._settings.catalogue)  # a fault in it is told here, once, and not by every worker
        with DataFolder(self._settings.data, port=self._settings.port) as folder:
            await migrate_books(self._settings)
            await refuse_weak_store(self._settings)
            store = None if self._settings.redis_url else EmbeddedValkey(folder.path)
            try:
                async with asyncio.TaskGroup() as tasks:
                    guard = tasks.create_task(self._until_stopped())
                    if store is not None:
                        tasks.create_task(store.run())
                        await self._wait_for_store(store)
                    # In the environment, not on the command line: an address may carry a password.
                    url = self._settings.redis_url if store is None else store.url
                    environment = self._environment(folder.path) | {"GIFTWAVE_REDIS_URL": str(url)}
                    children = [("recorder", ["recorder"])]
                    children += [(f"worker-{number}", ["worker"]) for number in range(self._settings.workers)]
                    if self._settings.payments == "sandbox":
                        children.append(("sandbox", ["sandbox"]))
                    for name, words in children:
                        child = Child(name, [sys.executable, "-m", "server", *words], environment)
                        tasks.create_task(self._keep_running(child))
                    await self._wait_until_serving()
                    if not self._stopping.is_set():
                        self._announce(tasks)
                    await guard
                    await self._stop_children()
                    if store is not None:
                        await store.stop()
            except* GiftwaveError as group:
                raise group.exceptions[0] from None
            finally:
                await self._stop_children()
                if store is not None:
                    await store.stop()

    async def _until_stopped(self) -> None:
        await self._stopping.wait()

    async def _wait_for_store(self, store: EmbeddedValkey) -> None:
        ready, stopped = asyncio.ensure_future(store.ready.wait()), asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait((ready, stopped), timeout=_STORE_READY_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        for waiter in (ready, stopped):
            waiter.cancel()

    async def _wait_until_serving(self) -> None:
        """Return once a worker accepts connections."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _SERVER_READY_TIMEOUT_S
        while loop.time() < deadline and not self._stopping.is_set():
            with suppress(OSError):
                _, writer = await asyncio.open_connection(self._settings.host, self._settings.port)
                writer.close()
                return
            await asyncio.sleep(0.05)

    def _announce(self, tasks: asyncio.TaskGroup) -> None:
        settings = self._settings
        base = f"http://{'localhost' if settings.host in ('127.0.0.1', '0.0.0.0') else settings.host}:{settings.port}"
        log.info("server.ready", address=base, workers=settings.workers)
        if not settings.demo:
            print(f"Giftwave serves on {base}", flush=True)
            return
        room = settings.demo_room
        print(
            f"\n  Giftwave demo is live. Open two of these side by side:\n\n"
            f"    viewer      {base}/watch/{room}\n"
            f"    2nd viewer  {base}/watch/{room}?as=Ben\n"
            f"    creator     {base}/studio/{room}\n"
            f"    overlay     {base}/overlay/{room}      (an OBS browser source)\n\n"
            f"  {'A simulated crowd, marked as such, sends gifts too. ' if self._crowd else ''}Ctrl-C stops it.\n",
            flush=True,
        )
        if self._crowd:
            command = [sys.executable, "-m", "client_demo.crowd", "--url", f"http://127.0.0.1:{settings.port}"]
            tasks.create_task(self._keep_running(Child("crowd", command, dict(os.environ)), vital=False))

    async def _keep_running(self, child: "Child", *, vital: bool = True) -> None:
        """Run a child, and again when it dies, until the server stops.

        Raises:
            OperatorError: a vital child does not come up.
        """
        self._children[child.name] = child
        early_deaths = 0
        while not self._stopping.is_set():
            lived_s, code = await child.run()
            if self._stopping.is_set():
                return
            early_deaths = early_deaths + 1 if lived_s < _EARLY_DEATH_S else 0
            log.error("child.died", child=child.name, code=code, early=early_deaths)
            mark_process_dead(child.last_pid, path=str(self._metrics))  # type: ignore[no-untyped-call]
            if early_deaths >= _EARLY_DEATHS_MAX:
                if not vital:
                    return
                raise OperatorError(f"{child.name} does not start; its last words are above.")
            await asyncio.sleep(_RESTART_PAUSE_S)

    async def _stop_children(self) -> None:
        self._stopping.set()
        await asyncio.gather(*(child.stop(self._settings.drain_s + 10) for child in self._children.values()))

    def _environment(self, data: Path) -> dict[str, str]:
        """Return what a worker inherits: our settings, whatever set them, and the folder of shared metrics."""
        shutil.rmtree(self._metrics, ignore_errors=True)
        self._metrics.mkdir(parents=True)
        said = self._settings.model_dump(mode="json", exclude_none=True)
        said["origins"] = ",".join(self._settings.origins)
        for name, value in self._settings:
            if isinstance(value, SecretStr):
                said[name] = value.get_secret_value()
        said["data"] = str(data)
        return {
            **os.environ,
            **{f"GIFTWAVE_{name.upper()}": str(value) for name, value in said.items()},
            "PROMETHEUS_MULTIPROC_DIR": str(self._metrics),
        }


async def migrate_books(settings: Settings) -> None:
    """Bring the books' schema to this release before anybody uses it.

    Raises:
        OperatorError: they cannot be reached; says what to look at.
    """
    database = Database(settings.books_url)
    try:
        await database.migrate()
    except BooksUnavailable as error:
        raise OperatorError(
            f"The books cannot be opened ({error.__cause__}); look at GIFTWAVE_DATABASE_URL, or at the disk under "
            f"{settings.data}."
        ) from error
    finally:
        await database.close()


async def refuse_weak_store(settings: Settings) -> None:
    """Take no money on a store of the operator's own that promises less than it acknowledges; a demo may.

    Raises:
        OperatorError: says which settings of the store to change.
    """
    if settings.redis_url is None or settings.demo:
        return
    client = StoreClient(settings.redis_url, settings)
    try:
        weak = [finding for finding in await check_store(client) if finding.level == "fail"]
    except StoreUnavailable:
        log.warning("store.unchecked", reason="it does not answer; `giftwave doctor` checks it")
        return
    finally:
        await client.close()
    if weak:
        faults = "\n".join(f"  {finding.check} {finding.said} {finding.advice}" for finding in weak)
        raise OperatorError(f"The store at GIFTWAVE_REDIS_URL would lose acknowledged gifts:\n{faults}")


class Child:
    """A process of ours. Its standard input is a pipe that nobody writes to: it closes when we die."""

    def __init__(self, name: str, command: Sequence[str], environment: dict[str, str]) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self.last_pid = 0

    async def run(self) -> tuple[float, int]:
        """Start it and wait for its end; return how long it lived and its exit code."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        process = self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=subprocess.PIPE,
            env=self._environment,
            start_new_session=True,  # Ctrl-C in the terminal is for the parent, which stops its children in order
        )
        self.last_pid = process.pid
        log.info("child.started", child=self.name, pid=process.pid)
        if self._stopping:  # while it was being started
            process.terminate()
        code = await process.wait()
        return loop.time() - started, code

    async def stop(self, timeout_s: float) -> None:
        """Ask it to end, and insist when it does not."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(timeout_s):
                await process.wait()
        except TimeoutError:
            log.error("child.killed", child=self.name, pid=process.pid)
            process.kill()
            await process.wait()


async def supervise(settings: Settings, *, crowd: bool) -> None:
    """Run a server until SIGINT or SIGTERM."""
    supervisor = Supervisor(settings, crowd=crowd)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, supervisor.stop)
    await supervisor.run()
