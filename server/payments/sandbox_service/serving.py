"""Run the sandbox provider: one process, one listener, one file."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import structlog
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from server.clock import SystemClock
from server.payments.sandbox_service.api import Api
from server.payments.sandbox_service.checkout_page import CheckoutPage
from server.payments.sandbox_service.courier import Courier
from server.payments.sandbox_service.dashboard import Dashboard
from server.payments.sandbox_service.database import open_database
from server.payments.sandbox_service.http import refusal_answer
from server.payments.sandbox_service.knobs import KnobBoard
from server.payments.sandbox_service.outbox import Outbox
from server.payments.sandbox_service.payments import Payments
from server.payments.sandbox_service.payouts import Payouts
from server.payments.sandbox_service.refusal import Refusal
from server.ports import check_port_is_free, listener
from server.stopping import stop_when_told
from server.tasks import TaskOwner

log = structlog.get_logger(__name__)

_STYLE = Path(__file__).parent / "style.css"
_SHUTDOWN_TIMEOUT_S = 2


def run_sandbox(host: str, port: int, data: Path, secret: str, webhook_url: str) -> None:
    """Serve until SIGTERM or SIGINT, or until the parent's end of our standard input closes.

    `data` is the folder of `sandbox.sqlite`; `secret` (of `sandbox_secret`) is asked of callers and signs webhooks.

    Raises:
        PortBusy: somebody else listens there.
    """
    check_port_is_free(host, port, setting="GIFTWAVE_SANDBOX_PORT")
    sock = listener(host, port)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(sock, data=data, secret=secret, webhook_url=webhook_url))


async def _serve(sock: socket.socket, *, data: Path, secret: str, webhook_url: str) -> None:
    server = _Server(
        uvicorn.Config(
            make_app(data, secret=secret, webhook_url=webhook_url),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT_S,
        )
    )
    stop_when_told(server.stop)
    await server.serve(sockets=[sock])
    if not server.started:
        raise SystemExit(1)


def make_app(data: Path, *, secret: str, webhook_url: str) -> Starlette:
    """Build the whole service on `<data>/sandbox.sqlite`; it delivers webhooks while its lifespan runs."""
    clock = SystemClock()
    db = open_database(data)
    knobs = KnobBoard(db)
    outbox = Outbox(db, knobs, clock)
    payments = Payments(db, outbox, knobs, clock)
    payouts = Payouts(db, outbox, knobs, clock)
    courier = Courier(outbox, payments, payouts, clock)
    dashboard = Dashboard(payments=payments, payouts=payouts, outbox=outbox, knobs=knobs)
    api = Api(payments=payments, payouts=payouts, outbox=outbox, knobs=knobs, secret=secret)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tasks = TaskOwner("sandbox", vital=True)
        tasks.spawn(courier.run(secret=secret, webhook_url=webhook_url), name="courier")
        try:
            yield
        finally:
            await tasks.close()
            db.close()

    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        on_dashboard = request.method == "POST" and not request.url.path.startswith(("/api/", "/checkout/"))
        return dashboard.draw(refusal=error) if on_dashboard else refusal_answer(error)

    routes = [*api.routes(), *CheckoutPage(payments).routes(), *dashboard.routes()]
    routes += [Route("/style.css", _style), Route("/healthz", _healthy)]
    handlers = {Refusal: refuse, HTTPException: _refuse_http}
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)


async def _refuse_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "refused")
    return refusal_answer(Refusal(error.status_code, code, f"{error.detail}."))


async def _style(_: Request) -> Response:
    return FileResponse(_STYLE, headers={"cache-control": "no-cache"})


async def _healthy(_: Request) -> Response:
    return PlainTextResponse("ok")


class _Server(uvicorn.Server):
    """uvicorn with our signals."""

    def stop(self) -> None:
        """Begin the orderly end."""
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: `_serve` has its own handlers."""
        yield
