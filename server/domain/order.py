"""An order: a fan's wish to send a gift, and what makes two tries of it the same wish."""

import hashlib
import re
from dataclasses import dataclass

from server.domain.ids import FanId, GiftId, IntentId, RoomId

COUNT_MAX = 9_999
# How old an intent may be and still be charged, and how far a client's clock may run ahead. Constants, because memories
# are kept by them: a server that came back with a wider window would meet intents it has already forgotten.
INTENT_WINDOW_MS = 900_000
INTENT_SKEW_MS = 60_000
MESSAGE_CHARS_MAX = 120
# C0 and C1 control characters have no business in a text that is shown to a room.
MESSAGE_TEXT = r"[^\x00-\x1f\x7f-\x9f]+"
NAME_CHARS_MAX = 32
# Directional overrides would let a name rearrange the line it stands in (Unicode TR 36 §2).
_NAME = re.compile(rf"{MESSAGE_TEXT}")
_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def is_name(text: str) -> bool:
    """Whether a room can be shown `text` as somebody's name."""
    return 1 <= len(text.strip()) <= NAME_CHARS_MAX and bool(_NAME.fullmatch(text)) and not _OVERRIDES.search(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who sends: the owner of the token."""

    id: FanId
    name: str
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftOrder:
    """A fan's wish to send `count` of a gift; `intent_id` makes every retry harmless."""

    intent_id: IntentId
    fan: Speaker
    room: RoomId
    gift: GiftId
    count: int  # 1..COUNT_MAX
    max_coins: int  # 1..AMOUNT_MAX: what the fan agreed to pay in all
    message: str = ""  # at most MESSAGE_CHARS_MAX
    anonymous: bool = False


def fingerprint(order: GiftOrder) -> str:
    """Return 16 hex digits that differ whenever a retry asks for something else (64 bits of BLAKE2b)."""
    # The unit separator cannot appear in ids and numbers, and the message comes last: no two contents share a text.
    content = "\x1f".join(
        (order.room, order.gift, str(order.count), str(order.max_coins), str(int(order.anonymous)), order.message)
    )
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()
