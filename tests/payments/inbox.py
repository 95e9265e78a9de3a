"""Where webhooks arrive in tests: a real socket that keeps what came and answers as it is told."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.helpers.stripe_stand_in import ServedApp


@dataclass(frozen=True, slots=True)
class Letter:
    """One webhook as it came."""

    body: bytes
    headers: Mapping[str, str]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = msgspec.json.decode(self.body)
        return event

    @property
    def kind(self) -> str:
        return str(self.event["type"])


class Inbox(ServedApp):
    """Takes webhooks at /hook."""

    def __init__(self) -> None:
        super().__init__(Starlette(routes=[Route("/hook", self._take, methods=["POST"])]))
        self.letters: list[Letter] = []
        self.answers: list[int] = []  # of the next letters; 200 when it is empty
        self._lock = threading.Lock()

    def about(self, reference: str) -> list[Letter]:
        """Return the letters about a payment or payout, in the order they came."""
        with self._lock:
            return [letter for letter in self.letters if reference in letter.event["data"].values()]

    def kinds(self, reference: str) -> list[str]:
        """Return what the letters about a payment or payout tell."""
        return [letter.kind for letter in self.about(reference)]

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        with self._lock:
            self.letters.append(Letter(body, dict(request.headers)))
            return Response(status_code=self.answers.pop(0) if self.answers else 200)
