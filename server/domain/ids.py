"""Identifiers: who, where, what, and which try."""

import re
import secrets
from typing import NewType

FanId = NewType("FanId", str)
CreatorId = NewType("CreatorId", str)
UserId = NewType("UserId", str)
RoomId = NewType("RoomId", str)
GiftId = NewType("GiftId", str)
IntentId = NewType("IntentId", str)

# One grammar for everything that becomes part of a key: short, printable, and free of the separators
# `:` (keys), `|` (outcomes) and `{}` (hash tags).
SLUG = r"[a-z0-9][a-z0-9_-]{0,31}"
# RFC 9562 version 7, lower case: 48 bits of milliseconds lead, so age can be read off the id itself.
INTENT = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

_SLUG = re.compile(SLUG)
_INTENT = re.compile(INTENT)
_EPOCH_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_EPOCH_LENGTH = 8  # 36^8 ≈ 2.8e12: two epochs of one room never meet by chance


def is_slug(text: str) -> bool:
    """Whether `text` can name a user, a room or a gift."""
    return _SLUG.fullmatch(text) is not None


def is_intent_id(text: str) -> bool:
    """Whether `text` is a lower-case UUIDv7 with hyphens."""
    return _INTENT.fullmatch(text) is not None


def intent_time_ms(intent_id: IntentId) -> int:
    """Return the moment a client made `intent_id`, in milliseconds since 1970 (RFC 9562 §5.7)."""
    return int(intent_id[:8] + intent_id[9:13], 16)


def new_intent_id(now_ms: int) -> IntentId:
    """Make a UUIDv7 for `now_ms`."""
    random_bits = secrets.randbits(74)
    high, low = random_bits >> 62, random_bits & ((1 << 62) - 1)
    value = (now_ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
    text = f"{value:032x}"
    return IntentId(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")


def new_epoch() -> str:
    """Make the name of a new life of a room or a shard."""
    return "".join(secrets.choice(_EPOCH_ALPHABET) for _ in range(_EPOCH_LENGTH))
