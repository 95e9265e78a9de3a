"""The composition root: every object of a worker is built here, once, and closed in reverse. Read this first."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import WebSocketRoute

from server import __version__
from server.clock import Clock, SystemClock
from server.commerce import Ground, build_commerce
from server.domain.gift import Catalogue
from server.errors import BadField, GiftwaveError, Malformed, MethodNotAllowed, NotFound
from server.hub.hub import Hub
from server.hub.people import People
from server.record.database import Database
from server.service.catalogue import load_catalogue
from server.service.demo import Demo
from server.service.gifting import Gifting
from server.service.limits import SpendingLimits
from server.service.receipts import Receipts
from server.service.rooms import Rooms
from server.service.watching import Watching
from server.settings import Settings
from server.store.bus import Bus
from server.store.client import StoreClient
from server.store.gifts import GiftEngine
from server.store.keys import Keys
from server.store.log import LogStore
from server.store.personal import Personal
from server.store.rooms import RoomStore
from server.store.wallets import WalletStore
from server.tasks import TaskOwner
from server.web.api import api_router
from server.web.auth import Authenticate
from server.web.demo import demo_router
from server.web.flood import UserGates
from server.web.health import health_routes
from server.web.limits import BodyLimit
from server.web.money_api import payout_router, statement_router, topup_router
from server.web.operator_api import operator_router
from server.web.pages import SecurityHeaders, page_routes
from server.web.problems import answer_giftwave_error, problem
from server.web.secret import token_secret
from server.web.session import SessionContext
from server.web.tokens import Tokens
from server.web.wallet_api import wallet_router
from server.web.webhooks import webhook_router
from server.web.websocket import SocketEndpoint
from server.wire.money import MoneyMessage

log = structlog.get_logger(__name__)

_SWEEP_S = 1.0
# The largest body the API knows is a gift with a long message: below 1 KiB.
_BODY_BYTES_MAX = 65_536
# Goodbyes go out in slices, so that saying them to thousands does not stall the rest.
_GOODBYE_SLICE = 250


class Worker:
    """One serving process: the store's client, the hub, the use cases, and the web application over them."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        assert settings.redis_url is not None, "the supervisor says where the store is"
        self._settings = settings
        self._clock = clock or SystemClock()
        self._tasks = TaskOwner("worker")
        # One shard lives in one slot; the key names are ready for more (docs/internals/architecture.md).
        keys = Keys(shard_id=0)
        catalogue = load_catalogue(settings.catalogue)
        secret = token_secret(settings)
        tokens = Tokens(secret, self._clock)
        authenticate = Authenticate(tokens)

        self._client = StoreClient(settings.redis_url, settings)
        self._database = Database(settings.books_url)
        room_store = RoomStore(self._client, keys, settings)
        wallets = WalletStore(self._client, keys)
        logs = LogStore(self._client, keys)
        self._engine = GiftEngine(self._client, keys, settings)

        people = self._people = People()
        self._limits = SpendingLimits(wallets, Personal(self._client, keys), self._clock)
        self._watching: Watching
        self._hub = Hub(on_hole=lambda room: self._watching.on_hole(room))
        self._watching = Watching(self._hub, room_store, self._tasks)
        self._bus = Bus(
            self._client,
            keys,
            on_batch=self._hub.receive,
            on_balances=people.push_balances,
            on_personal=self._hear,
            on_reconnected=self._on_reconnected,
        )
        self._watching.attach(self._bus)

        rooms = Rooms(room_store)
        gates = UserGates(settings.messages_per_s, self._clock)
        gifting = Gifting(self._engine, rooms, self._limits, catalogue, self._clock)
        self._sessions = SessionContext(
            settings=settings,
            clock=self._clock,
            tokens=tokens,
            gifting=gifting,
            watching=self._watching,
            limits=self._limits,
            people=people,
            gates=gates,
            catalogue_revision=catalogue.revision,
        )

        self.web = FastAPI(
            title="Giftwave",
            version=__version__,
            openapi_url="/v1/openapi.json",
            docs_url=None,
            redoc_url=None,
            lifespan=self._lifespan,
            exception_handlers={
                GiftwaveError: answer_giftwave_error,
                RequestValidationError: _answer_validation_error,
                HTTPException: _answer_http_error,
                Exception: _answer_failure,
            },
        )
        self.web.add_middleware(BodyLimit, bytes_max=_BODY_BYTES_MAX)
        self.web.add_middleware(SecurityHeaders)
        self.web.include_router(
            api_router(
                authenticate=authenticate,
                catalogue=catalogue,
                rooms=rooms,
                gifting=gifting,
                receipts=Receipts(self._client, keys, logs, self._database),
                gates=gates,
            )
        )
        self.web.include_router(wallet_router(authenticate=authenticate, limits=self._limits, gates=gates))
        self._commerce = build_commerce(
            Ground(
                settings=settings,
                clock=self._clock,
                catalogue=catalogue,
                client=self._client,
                keys=keys,
                database=self._database,
                secret=secret,
            )
        )
        self._mount_commerce(authenticate, catalogue, gates)
        if settings.demo:
            demo = Demo(wallets, settings, self._clock)
            self.web.include_router(demo_router(demo=demo, tokens=tokens, settings=settings, clock=self._clock))
        self.web.router.routes.append(WebSocketRoute("/v1/ws", SocketEndpoint(self._sessions).accept))
        self.web.router.routes.extend(health_routes(logs))
        self.web.router.routes.extend(page_routes(settings.pages))

    def _mount_commerce(self, authenticate: Authenticate, catalogue: Catalogue, gates: UserGates) -> None:
        commerce, earnings, paying_out = self._commerce, self._commerce.earnings, self._commerce.paying_out
        both: _Both = {"authenticate": authenticate, "gates": gates}
        for router in (
            topup_router(**both, catalogue=catalogue, topups=commerce.topups),
            payout_router(**both, earnings=earnings, paying_out=paying_out),
            statement_router(**both, statements=commerce.statements),
            operator_router(**both, refunds=commerce.refunds, earnings=earnings, paying_out=paying_out),
            webhook_router(webhooks=commerce.webhooks),
        ):
            self.web.include_router(router)

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        self._bus.start()
        self._tasks.spawn(self._sweep_for_ever(), name="sweep")
        try:
            yield
        finally:
            await self._sessions.tasks.close()
            await self._tasks.close()
            await self._bus.close()
            await self._engine.close()
            await self._commerce.provider.close()
            await self._client.close()
            await self._database.close()

    def _hear(self, messages: list[tuple[str, MoneyMessage]]) -> None:
        for user, message in messages:
            self._limits.hear(user, message)
            self._people.push(user, message)

    async def _on_reconnected(self) -> None:
        # What was published meanwhile is lost: zones may have changed, and rooms went on.
        self._limits.forget_all()
        await self._watching.on_reconnected()

    async def say_goodbye(self) -> None:
        """Tell everybody to come back later, each at another moment, and close their connections."""
        leaving = list(self._sessions.open)
        log.info("worker.goodbye", connections=len(leaving))
        for at in range(0, len(leaving), _GOODBYE_SLICE):
            for session in leaving[at : at + _GOODBYE_SLICE]:
                session.say_goodbye(retry_after_ms=random.randint(100, 100 + int(self._settings.drain_s * 1_000)))
            await asyncio.sleep(0)
        deadline_s = self._clock.monotonic_s() + self._settings.drain_s
        # Peers answer the close within a round trip; whoever does not is cut off when the process ends.
        while self._sessions.open and self._clock.monotonic_s() < deadline_s:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async def _sweep_for_ever(self) -> None:
        """Close the connections that took nothing for too long."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            limit_s = self._clock.monotonic_s() - self._settings.lagging_s_max
            for session in list(self._sessions.open):
                session.close_if_stalled(since_s=limit_s)


class _Both(TypedDict):
    authenticate: Authenticate
    gates: UserGates


async def _answer_validation_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = [f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()]
    return problem(BadField("; ".join(faults)))


async def _answer_http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    answer = problem(_HTTP_ERRORS.get(error.status_code, GiftwaveError)())
    answer.status_code = error.status_code
    answer.headers.update(error.headers or {})
    return answer


async def _answer_failure(_: Request, error: Exception) -> JSONResponse:
    log.error("web.request_failed", exc_info=error)
    return problem(GiftwaveError())


_HTTP_ERRORS: dict[int, type[GiftwaveError]] = {
    400: Malformed,
    404: NotFound,
    405: MethodNotAllowed,
}
