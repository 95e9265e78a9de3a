"""Carry what the books decided to the store and to people."""

from collections.abc import Sequence

import structlog

from server.errors import BooksMismatch, Unavailable
from server.service.following import Following
from server.store.personal import Personal
from server.wire.money import MoneyMessage

log = structlog.get_logger(__name__)


class News:
    """What follows a transaction. The books have decided, so nothing here can fail it any more."""

    def __init__(self, following: Following, personal: Personal) -> None:
        self._following = following
        self._personal = personal

    async def spread(self, messages: Sequence[tuple[str, MoneyMessage]]) -> None:
        """Let the store follow, and tell people. What fails now, the recorder and the next page load make good."""
        try:
            await self._following.catch_up()
        except (Unavailable, BooksMismatch) as error:
            log.warning("news.store_follows_later", reason=error.code)
        except Exception:
            log.exception("news.store_follows_later", reason="internal")
        await self.tell(messages)

    async def tell(self, messages: Sequence[tuple[str, MoneyMessage]]) -> None:
        """Tell people."""
        try:
            await self._personal.tell(messages)
        except Unavailable as error:
            log.warning("news.not_told", reason=error.code, messages=len(messages))
