"""Bytes to typed client messages, and server messages to bytes, in both encodings."""

from enum import StrEnum

import msgspec

from server.domain.ids import is_intent_id, is_slug
from server.errors import BadField, BadInput, Malformed, UnknownType
from server.wire.messages import ClientMessage, ServerMessage


class Encoding(StrEnum):
    """How messages look on a connection; the subprotocol decides."""

    JSON = "json"
    MSGPACK = "msgpack"


SUBPROTOCOLS = {f"giftwave.v1.{encoding.value}": encoding for encoding in Encoding}

_json_decoder = msgspec.json.Decoder(ClientMessage)
_msgpack_decoder = msgspec.msgpack.Decoder(ClientMessage)
_json_encoder = msgspec.json.Encoder()
_msgpack_encoder = msgspec.msgpack.Encoder()


def decode(raw: bytes, encoding: Encoding) -> ClientMessage:
    """Read one client message.

    Raises:
        Malformed: not of this encoding at all.
        UnknownType: no such message.
        BadField: says which field and what was expected.
    """
    decoder = _json_decoder if encoding is Encoding.JSON else _msgpack_decoder
    try:
        message: ClientMessage = decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"{Malformed.sentence} ({error})") from error
    return message


def encode(message: ServerMessage, encoding: Encoding) -> bytes:
    """Write one server message."""
    return _json_encoder.encode(message) if encoding is Encoding.JSON else _msgpack_encoder.encode(message)


def subject_of(raw: bytes, encoding: Encoding) -> tuple[str | None, str | None]:
    """Return the intent id, or else the room, of a message that was not taken, so that its error can name it."""
    try:
        loose = msgspec.json.decode(raw) if encoding is Encoding.JSON else msgspec.msgpack.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, None
    if not isinstance(loose, dict):
        return None, None
    intent_id, room = loose.get("intent_id"), loose.get("room")
    if isinstance(intent_id, str) and is_intent_id(intent_id):
        return intent_id, None
    return None, room if isinstance(room, str) and is_slug(room) else None


def _explain(reason: str) -> BadInput:
    if reason.endswith("at `$.type`") or "required field `type`" in reason:
        return UnknownType(f"{UnknownType.sentence} ({reason})")
    return BadField(f"{reason.rstrip('.')}; see docs/reference/protocol.md.")
