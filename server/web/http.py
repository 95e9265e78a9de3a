"""HTTP connections that do not wait for ever, and that lose nothing when they become WebSockets."""

import asyncio

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEADER_BYTES_MAX = 16_384
_HEADERS_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with a limit on how long and how large a request's head may be."""

    head_timeout_s: float
    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        else:
            if self._head_timer is not None and self._head_bytes > _HEADER_BYTES_MAX:
                self.transport.write(_HEADERS_TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._head_arrived()
        super().on_headers_complete()

    def _upgrade(self, rest: bytes) -> None:
        if not self._should_upgrade():
            self._unsupported_upgrade_warning()
            return
        self.handle_websocket_upgrade()
        if rest:
            # What came in one segment with the handshake belongs to the new protocol; uvicorn drops it.
            protocol = self.transport.get_protocol()
            assert isinstance(protocol, asyncio.Protocol)
            protocol.data_received(rest)

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(self.head_timeout_s, self.transport.abort)

    def _head_arrived(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def bounded_http(head_timeout_s: float) -> type[BoundedHttpProtocol]:
    """Return the protocol for a timeout; uvicorn makes one object of it for each connection, without arguments."""
    return type("BoundedHttpProtocol", (BoundedHttpProtocol,), {"head_timeout_s": head_timeout_s})
