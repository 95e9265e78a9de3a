"""Who speaks over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Header

from server.errors import BadToken
from server.service.identity import Identity
from server.web.flood import UserGates
from server.web.tokens import Tokens


class Authenticate:
    """Reads who speaks from the Authorization header."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    # Async although nothing awaits: a plain function would run in a thread for each request.
    async def __call__(self, authorization: Annotated[str | None, Header()] = None) -> Identity:
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise BadToken("Send a token: `Authorization: Bearer TOKEN`.")
        return self._tokens.check(token.strip())


def paced(authenticate: Authenticate, gates: UserGates) -> Callable[..., Awaitable[Identity]]:
    """Return the dependency that reads who speaks, and stops who speaks too fast."""

    async def speak(by: Annotated[Identity, Depends(authenticate)]) -> Identity:
        gates.pass_one(by.id)
        return by

    return speak
