"""The demo's session endpoint; it is mounted in demo mode only."""

from typing import Any

from fastapi import APIRouter

from server.clock import Clock
from server.domain.ids import FanId
from server.domain.order import is_name
from server.domain.room import Role
from server.errors import BadField, Forbidden
from server.service.demo import Demo
from server.settings import Settings
from server.web import models
from server.web.tokens import Tokens


def demo_router(*, demo: Demo, tokens: Tokens, settings: Settings, clock: Clock) -> APIRouter:
    """Return the demo's routes."""
    router = APIRouter(prefix="/v1/demo", tags=["demo"])

    @router.post("/session", response_model=models.DemoSessionOut)
    async def open_session(body: models.DemoSessionBody) -> Any:
        """A token and a filled wallet for anybody who asks."""
        role = Role(body.role)
        if body.previous_token is None:
            if body.name is not None and not is_name(body.name):
                raise BadField("name: at least one visible character, and none that controls the line.")
            user, name = demo.newcomer(role, body.name)
            simulated = body.simulated
        else:
            before = tokens.check_ignoring_expiry(body.previous_token)
            if before.role is not role:
                raise Forbidden("The previous token has another role.")
            user, name, simulated = before.id, before.name, before.simulated
        token = tokens.mint(user, name=name, role=role, ttl_s=settings.token_ttl_s, simulated=simulated)
        if role is Role.VIEWER:
            await demo.fill(FanId(user))
        return {
            "token": token,
            "user": {"id": user, "name": name, "role": role.value},
            "room": settings.demo_room,
            "expires_at_ms": (clock.now_ms() // 1_000 + settings.token_ttl_s) * 1_000,
        }

    return router
