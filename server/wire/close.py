"""Close codes: below 4500 is final, from 4500 on means reconnect with backoff."""

from enum import IntEnum


class Close(IntEnum):
    """Why the server closes a connection."""

    MESSAGE_TOO_BIG = 1009, "a frame over the limit"
    PROTOCOL_ERROR = 4000, "messages before hello, or too many bad messages"
    BAD_TOKEN = 4001, "signature, audience or role is wrong"
    TOKEN_EXPIRED = 4002, "get a fresh token, then connect again"
    HELLO_TIMEOUT = 4003, "no hello in time"
    FLOOD = 4004, "kept sending far above the limit"
    GOING_AWAY = 4500, "the server restarts; wait bye.retry_after_ms"
    SLOW_CONSUMER = 4501, "did not read for too long"
    INTERNAL = 4502, "our fault"

    meaning: str

    def __new__(cls, code: int, meaning: str) -> "Close":
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    @property
    def is_final(self) -> bool:
        """Whether a client must not reconnect with the same token or message."""
        return 4000 <= self.value < 4500
