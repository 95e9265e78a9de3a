"""The recorder process: keeps the books. Its objects are built here, as a worker's are in `app.py`."""

import asyncio
import os
import secrets

import structlog

from server.clock import SystemClock
from server.commerce import Ground, build_commerce
from server.errors import BooksMismatch, BooksUnavailable, GiftwaveError, Unavailable
from server.record.database import Database
from server.record.drain import Drain
from server.record.lease import LEASE_MS, Lease
from server.service.catalogue import load_catalogue
from server.service.recording import Recording
from server.settings import Settings
from server.stopping import stop_when_told
from server.store.client import StoreClient
from server.store.keys import Keys
from server.store.log import LogStore
from server.tasks import TaskOwner
from server.telemetry.logs import set_up_logs
from server.web.secret import token_secret

log = structlog.get_logger(__name__)

_LEASE_NAME = "recorder"
_RENEW_S = LEASE_MS / 1_000 / 3
_RETRY_S = 0.5
_CHORES_S = 1.0


class Recorder:
    """Holds the lease, and while it does: drains the log, follows commands, and does the chores of payments."""

    def __init__(self, settings: Settings) -> None:
        assert settings.redis_url is not None, "the supervisor says where the store is"
        clock, keys = SystemClock(), Keys(shard_id=0)
        self._clock = clock
        self._client = StoreClient(settings.redis_url, settings)
        self._database = Database(settings.books_url)
        self._commerce = build_commerce(
            Ground(
                settings=settings,
                clock=clock,
                catalogue=load_catalogue(settings.catalogue),
                client=self._client,
                keys=keys,
                database=self._database,
                secret=token_secret(settings),
            )
        )
        holder = f"{os.uname().nodename}-{os.getpid()}-{secrets.token_hex(4)}"[-64:]
        self._lease = Lease(self._database, _LEASE_NAME, holder)
        self._recording = Recording(
            LogStore(self._client, keys), Drain(self._database), self._commerce.following, clock
        )
        self._is_ours = asyncio.Event()
        self._tasks = TaskOwner("recorder", vital=True)

    async def run(self, stopping: asyncio.Event) -> None:
        """Keep the books until `stopping`."""
        for name, work in (("lease", self._hold_lease), ("drain", self._drain_for_ever), ("chores", self._do_chores)):
            self._tasks.spawn(work(), name=name)
        await stopping.wait()
        await self._tasks.close()
        try:
            await self._lease.give_back()
        except BooksUnavailable:
            log.warning("recorder.lease_kept", ends_in_ms=LEASE_MS)
        await self._commerce.provider.close()
        await self._client.close()
        await self._database.close()

    async def _hold_lease(self) -> None:
        while True:
            try:
                taken = await self._lease.take(now_ms=self._clock.now_ms())
            except BooksUnavailable:
                taken = False
            if taken != self._is_ours.is_set():
                log.info("recorder.lease", ours=taken)
                (self._is_ours.set if taken else self._is_ours.clear)()
            await asyncio.sleep(_RENEW_S)

    async def _drain_for_ever(self) -> None:
        trouble = _Trouble("recorder.paused")
        while True:
            await self._is_ours.wait()
            try:
                await self._recording.begin()
                trouble.over()
                while self._is_ours.is_set():
                    await self._recording.step()
            except (BooksMismatch, Unavailable) as error:
                trouble.tell(error)
                await asyncio.sleep(_RETRY_S)

    async def _do_chores(self) -> None:
        chores = [(chore, _Trouble("recorder.chore_failed")) for chore in self._commerce.chores]
        while True:
            await self._is_ours.wait()
            for chore, trouble in chores:
                try:
                    await chore()
                    trouble.over()
                except GiftwaveError as error:
                    trouble.tell(error)
                # What one payment or one wallet breaks must not keep everybody's gifts from being copied.
                except Exception as error:  # noqa: BLE001 (logged by `tell`)
                    trouble.tell(GiftwaveError(repr(error)), traceback=error)
            await asyncio.sleep(_CHORES_S)


class _Trouble:
    """Logs a trouble when it begins, changes and ends, and not each time it is met."""

    def __init__(self, event: str) -> None:
        self._event = event
        self._now = ""

    def tell(self, error: GiftwaveError, traceback: Exception | None = None) -> None:
        if error.message != self._now:
            self._now = error.message
            log.error(self._event, code=error.code, reason=error.message, exc_info=traceback)

    def over(self) -> None:
        if self._now:
            self._now = ""
            log.info(f"{self._event}_over")


def run_recorder(settings: Settings) -> None:
    """Keep the books until SIGTERM or SIGINT, or until the parent is gone."""
    set_up_logs(level=settings.log_level, as_json=settings.log_format == "json")
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    stopping = asyncio.Event()
    stop_when_told(stopping.set)
    await Recorder(settings).run(stopping)
