"""A WebSocket client without manners: it writes the bytes a test wants and reads only when told to.

It blocks; the server is another process, so nothing waits for us.
"""

import base64
import json
import os
import socket
import struct
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from tests.helpers.server import ServerProcess

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
CONTINUATION = 0x0
_PATIENCE_S = 10.0


class RawSocket:
    """One TCP connection to a server."""

    def __init__(self, server: ServerProcess, *, receive_bytes: int | None = None) -> None:
        self._host = f"127.0.0.1:{server.port}"
        self.socket = socket.socket()
        if receive_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(_PATIENCE_S)
        self.socket.connect(("127.0.0.1", server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.socket.close()

    def upgrade_request(self, *, path: str = "/v1/ws", subprotocol: str = "giftwave.v1.json", extra: str = "") -> bytes:
        """Return a handshake."""
        key = base64.b64encode(os.urandom(16)).decode()
        return (
            f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {subprotocol}\r\n{extra}\r\n"
        ).encode()

    def upgrade(self, *, early: bytes = b"") -> str:
        """Do the handshake, with `early` in the same segment, and return the status line."""
        self.socket.sendall(self.upgrade_request() + early)
        return self.read_head()

    def read_head(self) -> str:
        """Read an HTTP head and return it."""
        while b"\r\n\r\n" not in self._buffer:
            more = self.socket.recv(65_536)
            assert more, f"the connection ended: {self._buffer!r}"
            self._buffer += more
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head.decode()

    def send(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.socket.sendall(data)

    def say(self, **message: object) -> None:
        """Send a JSON message in one frame."""
        self.send(frame(TEXT, json.dumps(message).encode()))

    def hello(self, token: str) -> dict[str, Any]:
        """Say who speaks."""
        self.say(type="hello", token=token)
        return self.expect("welcome")

    def join(self, room: str) -> dict[str, Any]:
        """Watch a room."""
        self.say(type="join", room=room)
        return self.expect("joined")

    def expect(self, kind: str) -> dict[str, Any]:
        """Read until a message of this type."""
        while True:
            opcode, payload = self.read_frame()
            assert opcode in (TEXT, PING), (opcode, payload)
            if opcode == TEXT and (message := json.loads(payload))["type"] == kind:
                return dict(message)

    def read_frame(self) -> tuple[int, bytes]:
        """Read one unmasked frame."""
        first, length = self._take(2)
        assert length < 128, "a server's frames are not masked"
        if length == 126:
            (length,) = struct.unpack("!H", self._take(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._take(8))
        return first & 0x0F, self._take(length)

    def read_to_close(self) -> tuple[int, str]:
        """Read on to the close frame and return its code and reason."""
        while True:
            opcode, payload = self.read_frame()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big"), payload[2:].decode()

    def read_messages_to_close(self) -> tuple[list[dict[str, Any]], int]:
        """Read on to the close frame and return the messages before it and its code."""
        messages: list[dict[str, Any]] = []
        while True:
            opcode, payload = self.read_frame()
            if opcode == CLOSE:
                return messages, int.from_bytes(payload[:2], "big")
            if opcode == TEXT:
                messages.append(json.loads(payload))

    def read_to_end(self) -> bytes:
        """Read until the peer ends the connection, in whatever way."""
        with suppress(ConnectionResetError):
            while more := self.socket.recv(65_536):
                self._buffer += more
        return self._buffer

    def reset(self) -> None:
        """Vanish with an RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            more = self.socket.recv(65_536)
            assert more, f"the connection ended inside a frame: {self._buffer!r}"
            self._buffer += more
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken


def frame(opcode: int, payload: bytes, *, fin: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """Return a client's frame, as wrong as it is asked for."""
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    bit, length = 0x80 if masked else 0, len(payload)
    if length < 126:
        head = bytes((first, bit | length))
    elif length < 65_536:
        head = bytes((first, bit | 126)) + struct.pack("!H", length)
    else:
        head = bytes((first, bit | 127)) + struct.pack("!Q", length)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def close_frame(code: int, reason: str = "") -> bytes:
    """Return a client's close frame."""
    return frame(CLOSE, code.to_bytes(2, "big") + reason.encode())
