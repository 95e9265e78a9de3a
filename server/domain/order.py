"""An order: a fan's wish to send a gift, and what makes two tries of it the same wish."""

import hashlib
from dataclasses import dataclass

from server.domain.ids import FanId, GiftId, IntentId, RoomId

COUNT_MAX = 9_999
MESSAGE_CHARS_MAX = 120
# C0 and C1 control characters have no business in a text that is shown to a room.
MESSAGE_TEXT = r"[^\x00-\x1f\x7f-\x9f]+"
NAME_CHARS_MAX = 32


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
