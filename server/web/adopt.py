"""Adopted connections: Starlette routes, checks and accepts; then the session owns the connection.

uvicorn keeps an ASGI task, a queue and the scope for each WebSocket, and takes every message through them. After
`adopt` none of that is left: frames go from the parser straight to the session, and frames of the hub straight to the
transport. The subclass leans on uvicorn's sans-I/O protocol; `pyproject.toml` pins the range it was tested with, and
`test_adopt.py`, `test_early_bytes.py` and `test_unread_answers.py` in `tests/web` walk every way in and out.
"""

import asyncio
import socket
from typing import Any, Protocol, cast

import structlog
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame
from websockets.http11 import Request

from server.settings import Settings
from server.telemetry import metrics

log = structlog.get_logger(__name__)

ADOPT = "giftwave.adopt"  # the key in scope["extensions"]
_CLOSE_TIMEOUT_S = 5.0
# A peer that pings and never reads its pongs.
_UNREAD_PONGS_BYTES_MAX = 262_144
_BAD_HANDSHAKE = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
# Linux: unsent bytes the kernel takes before it calls the socket full. Without it one reader that stalls swallows
# megabytes before anybody notices; with 16 KiB the transport knows within a few frames.
_NOTSENT_LOWAT_BYTES = 16_384


class Session(Protocol):
    """What owns an adopted connection. All methods are synchronous and must not block."""

    def on_message(self, data: bytes) -> None:
        """A whole message arrived."""
        ...

    def on_pause(self) -> None:
        """The transport takes no more for now."""
        ...

    def on_resume(self) -> None:
        """The transport takes frames again."""
        ...

    def on_closed(self) -> None:
        """The connection is gone; called once."""
        ...


class _NoQueue:
    """Takes the place of the ASGI queue that an adopted connection has no use for."""

    def put_nowait(self, _: object) -> None:
        """Forget it."""


_NO_QUEUE = cast("asyncio.Queue[Any]", _NoQueue())


class AdoptableProtocol(WebSocketsSansIOProtocol):
    """A WebSocket connection that can be taken over by a `Session` after the handshake."""

    session: Session | None = None
    _early = b""

    # Public methods, for whoever adopted the connection

    def adopt(self, session: Session, settings: Settings) -> None:
        """Hand the connection to `session`; what arrived since the handshake is delivered first."""
        assert self.session is None, "a connection is adopted once"
        self.session = session
        self.transport.set_write_buffer_limits(high=settings.outbox_bytes_max, low=settings.outbox_bytes_max // 4)
        raw = self.transport.get_extra_info("socket")
        if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6) and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _NOTSENT_LOWAT_BYTES)
        metrics.CONNECTIONS.inc()
        self.queue = _NO_QUEUE
        early, self._early = self._early, b""
        if early:
            self.transport.resume_reading()
            self.data_received(early)
        if self.disconnected:
            self._let_go()

    def write(self, frame: bytes) -> None:
        """Write a ready frame; a connection that is closing ignores it."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frame)

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake; a peer that does not answer is cut off."""
        if self.close_sent or self.transport.is_closing():
            return
        try:
            self.conn.send_close(code, reason)
        except InvalidState:  # the peer's close frame came first and is being answered
            return
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._abort_soon()

    # What uvicorn calls

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            # The application starts with the next turn of the loop, so it sees this.
            cast(dict[str, Any], self.scope["extensions"])[ADOPT] = self

    def data_received(self, data: bytes) -> None:
        if self.session is None and self.handshake_initiated:
            # Before somebody owns the connection there is nobody to take a message, and no state to fail in.
            if not self.transport.is_closing():
                self._early += data
                self.transport.pause_reading()
            return
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            # A handshake that cannot be parsed (too many headers, a body): uvicorn would leave it without an answer.
            self.handshake_initiated = True
            self.transport.write(_BAD_HANDSHAKE)
            self.transport.close()

    def send_receive_event_to_app(self) -> None:
        if self.session is None:
            super().send_receive_event_to_app()
            return
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if not self.close_sent:
            self.session.on_message(data)

    def handle_cont(self, event: Frame) -> None:
        # The size limit bounds fragments with content; empty ones would grow the list without end.
        if event.data or event.fin:
            super().handle_cont(event)

    def handle_ping(self) -> None:
        if self.transport.get_write_buffer_size() > _UNREAD_PONGS_BYTES_MAX:
            self.transport.abort()
            return
        super().handle_ping()

    def handle_close(self, event: Frame) -> None:
        super().handle_close(event)
        self._abort_soon()

    def handle_parser_exception(self) -> None:
        super().handle_parser_exception()
        self._abort_soon()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._abort_soon()

    def shutdown(self) -> None:
        if self.transport.is_closing():
            self.transport.abort()
        else:
            super().shutdown()

    async def run_asgi(self) -> None:
        """Run the application; once a session took over, its return closes nothing."""
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            log.debug("web.client_left_early")
        except Exception:
            log.exception("web.application_failed")
            self.send_500_response()
        if self.session is not None:
            self._drop_asgi_state()
        elif self.close_timer is None:
            self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.session is not None:
            self.session.on_pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.session is not None:
            self.session.on_resume()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.session is not None:
            self._let_go()

    def _abort_soon(self) -> None:
        """Cut a closing connection off when its peer does not take what is left: `close` alone would wait for ever."""
        if not self.disconnected:
            if self.close_timer is not None:
                self.close_timer.cancel()
            self.close_timer = self.loop.call_later(_CLOSE_TIMEOUT_S, self.transport.abort)

    def _let_go(self) -> None:
        session, self.session = self.session, None
        if session is not None:
            metrics.CONNECTIONS.dec()
            session.on_closed()

    def _drop_asgi_state(self) -> None:
        """Free what only the handshake needed: most of an idle connection's memory."""
        for name in ("scope", "request", "response"):
            self.__dict__.pop(name, None)
