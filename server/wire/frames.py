"""WebSocket frames that are made once and written to everybody.

A server's frames are unmasked (RFC 6455 §5.1), so the same bytes are valid for each connection of one encoding.
"""

from server.wire.codec import Encoding, encode
from server.wire.messages import ServerMessage

_FIN_TEXT = 0x81
_FIN_BINARY = 0x82
_ONE_BYTE_MAX = 125
_TWO_BYTES = 126
_TWO_BYTES_MAX = 0xFFFF
_EIGHT_BYTES = 127


def server_frame(payload: bytes, *, text: bool) -> bytes:
    """Wrap a payload in one final, unmasked data frame (RFC 6455 §5.2)."""
    first = _FIN_TEXT if text else _FIN_BINARY
    length = len(payload)
    if length <= _ONE_BYTE_MAX:
        return bytes((first, length)) + payload
    if length <= _TWO_BYTES_MAX:
        return bytes((first, _TWO_BYTES)) + length.to_bytes(2, "big") + payload
    return bytes((first, _EIGHT_BYTES)) + length.to_bytes(8, "big") + payload


def frame_of(message: ServerMessage, encoding: Encoding) -> bytes:
    """Encode and wrap a message for one connection."""
    return server_frame(encode(message, encoding), text=encoding is Encoding.JSON)


class SharedFrame:
    """A message on its way to many members: each encoding is made when the first member needs it."""

    __slots__ = ("_message", "_variants")

    def __init__(self, message: ServerMessage) -> None:
        self._message = message
        self._variants: dict[Encoding, bytes] = {}

    def variant(self, encoding: Encoding) -> bytes:
        """Return the frame in `encoding`."""
        frame = self._variants.get(encoding)
        if frame is None:
            frame = self._variants[encoding] = frame_of(self._message, encoding)
        return frame
