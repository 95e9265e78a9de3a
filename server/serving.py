"""Serve from one process: a listener of its own, the adopted-connection protocol, and an orderly end."""

import asyncio
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn
import uvloop

from server.app import Worker
from server.ports import listener
from server.settings import Settings
from server.stopping import stop_when_told
from server.telemetry.logs import set_up_logs
from server.web.adopt import AdoptableProtocol
from server.web.http import bounded_http

log = structlog.get_logger(__name__)

_SHUTDOWN_TIMEOUT_S = 5


def run_worker(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, or until the parent is gone. The supervisor has set `redis_url`."""
    _raise_descriptor_limit()
    set_up_logs(level=settings.log_level, as_json=settings.log_format == "json")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    worker = Worker(settings)
    server = _Server(
        uvicorn.Config(
            worker.web,
            ws=AdoptableProtocol,
            http=bounded_http(settings.hello_timeout_s),
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            ws_max_size=settings.frame_bytes_max,
            ws_ping_interval=settings.ping_interval_s,
            ws_ping_timeout=settings.ping_interval_s,
            # A stream compressed for each connection costs 14 to 64 KB a member and cannot share frames.
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT_S,
        ),
        worker,
    )
    stop_when_told(server.stop)
    await server.serve(sockets=[listener(settings.host, settings.port)])
    if not server.started:
        raise SystemExit(1)


def _raise_descriptor_limit() -> None:
    """Allow as many connections as the machine does: the usual soft limit of 1,024 is a small room."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class _Server(uvicorn.Server):
    """uvicorn with our signals and our goodbyes: its own shutdown closes everybody in the same instant."""

    def __init__(self, config: uvicorn.Config, worker: Worker) -> None:
        super().__init__(config)
        self._worker = worker

    def stop(self) -> None:
        """Begin the orderly end."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for sock in sockets or ():
            sock.close()
        await self._worker.say_goodbye()
        await super().shutdown(sockets=None)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: `_serve` has handlers that say goodbye first."""
        yield
