"""A WebSocket client stripped to what a load generator needs.

The generator shares a small machine with the server it measures, so what a viewer costs here bends the figures there:
the websockets library takes about ten times as long for a frame that is only counted.
"""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import msgpack

SUBPROTOCOL = "giftwave.v1.msgpack"
TEXT_OR_BINARY, CLOSE, PING = (1, 2), 8, 9
# RFC 6455 wants client frames masked; masked with zeros they are what they were. Unpredictable masks protect proxies
# from web pages, of which there are none here.
MASK = bytes(4)


PATIENCE_S = 10.0
Message = dict[str, Any]
Socket = TypeVar("Socket", bound="LeanSocket")


class LeanSocket(asyncio.Protocol):
    """One connection; subclasses say what happens to a message. Never reconnects: a lost viewer is a finding."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._rest = b""
        self._is_open = False
        self._hung_up = False
        self._transport: asyncio.Transport | None = None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended: str | None = None  # why there is no connection any more
        self._wanted = ""
        self._answer: asyncio.Future[Message] | None = None

    def on_message(self, payload: bytes, now_ns: int) -> None:
        """Take one message; called for every frame, so it must be quick."""
        raise NotImplementedError

    def say(self, kind: str, **rest: Any) -> None:
        self._write_frame(0x82, msgpack.packb({"type": kind, **rest}))

    async def ask(self, kind: str, *, answer: str, **rest: Any) -> Message:
        """Say it and wait for the message of type `answer`. Raises ConnectionError where an error comes instead."""
        self._wanted, self._answer = answer, asyncio.get_running_loop().create_future()
        self.say(kind, **rest)
        async with asyncio.timeout(PATIENCE_S):
            return await self._answer

    def hear(self, message: Message) -> None:
        """Give `message` to who waits in `ask`; subclasses pass here what they do not count."""
        if self._answer is None or self._answer.done():
            return
        if message["type"] == self._wanted:
            self._answer.set_result(message)
        elif message["type"] == "error":
            self._answer.set_exception(ConnectionError(message["message"]))

    def hang_up(self) -> None:
        """Close from this side, which is no loss."""
        self._hung_up = True
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /v1/ws HTTP/1.1",
            f"Host: {self._host}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}",
        ]
        self._transport.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        now_ns = time.perf_counter_ns()
        if self._rest:
            data = self._rest + data
        position = 0 if self._is_open else self._read_handshake(data)
        while (frame_end := self._read_frame(data, position, now_ns)) > position:
            position = frame_end
        self._rest = data[position:]

    def connection_lost(self, error: Exception | None) -> None:
        reason = self.ended or str(error or "the connection was closed")
        if not self._hung_up:
            self.ended = reason
        for waiting in (self.opened, self._answer):
            if waiting is not None and not waiting.done():
                waiting.set_exception(ConnectionError(reason))

    def _read_handshake(self, data: bytes) -> int:
        """Where the first frame begins; 0 while the answer is not complete."""
        end = data.find(b"\r\n\r\n") + 4
        if end < 4:
            return 0
        status = data[: data.index(b"\r\n")].decode("latin-1")
        if " 101 " not in status:
            self.ended = f"the server answered the handshake with {status!r}"
            self.hang_up()
            return len(data)
        self._is_open = True
        self.opened.set_result(None)
        return end

    def _read_frame(self, data: bytes, start: int, now_ns: int) -> int:
        """Where the next frame begins; `start` while this one is not complete."""
        available = len(data) - start
        if not self._is_open or available < 2:
            return start
        size, begin = data[start + 1], start + 2
        if size > 125:
            begin += 2 if size == 126 else 8
            if len(data) < begin:
                return start
            size = int.from_bytes(data[start + 2 : begin])
        end = begin + size
        if len(data) < end:
            return start
        opcode = data[start] & 15
        if opcode in TEXT_OR_BINARY:
            self.on_message(data[begin:end], now_ns)
        elif opcode == PING:
            self._write_frame(0x8A, data[begin:end])
        elif opcode == CLOSE:
            self.ended = f"the server closed with {int.from_bytes(data[begin : begin + 2])}"
        return end

    def _write_frame(self, first_byte: int, payload: bytes) -> None:
        assert self._transport is not None
        size = len(payload)
        header = bytes((first_byte, 0x80 | size)) if size < 126 else bytes((first_byte, 0xFE)) + size.to_bytes(2)
        self._transport.write(header + MASK + payload)


async def open_socket(make: Callable[[str], Socket], url: str) -> Socket:
    """Connect to the server at `url` (plain http). Raises OSError, ConnectionError among them, or TimeoutError."""
    address = urlsplit(url)
    assert address.hostname is not None, url
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(PATIENCE_S):
        _, socket = await loop.create_connection(lambda: make(address.netloc), address.hostname, address.port or 80)
        await socket.opened
    return socket
