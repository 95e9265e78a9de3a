"""Tokens, coins and an open room from a server in demo mode, for the crowd and the bench."""

from __future__ import annotations

from dataclasses import dataclass

from client_demo.python.giftwave_client import Message, Refused, call_http

NOT_A_DEMO = "This server is not in demo mode; start it with `giftwave demo`."


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSession:
    """Who one is in a demo, and the demo's room."""

    token: str
    user_id: str
    room: str


async def open_session(
    url: str, *, role: str = "viewer", name: str | None = None, simulated: bool = False, previous: str | None = None
) -> DemoSession:
    """A new person with a full wallet, or with the token `previous` the same person with a full wallet again.

    Raises:
        Refused: not a demo, or not with that token.
        Unreachable: no answer.
    """
    wish = {"role": role, "name": name, "simulated": simulated, "previous_token": previous}
    body = await _post(f"{url}/v1/demo/session", {key: value for key, value in wish.items() if value is not None})
    return DemoSession(token=body["token"], user_id=body["user"]["id"], room=body["room"])


async def open_room(url: str, *, title: str) -> DemoSession:
    """Open the demo creator's room; an open one stays as it is."""
    creator = await open_session(url, role="creator")
    await _post(f"{url}/v1/rooms", {"room": creator.room, "title": title}, token=creator.token)
    return creator


async def gift_prices(url: str) -> dict[int, dict[str, int]]:
    """The catalogue as tier → gift → price in coins."""
    _, body = await call_http("GET", f"{url}/v1/catalogue")
    tiers: dict[int, dict[str, int]] = {}
    for gift in body["gifts"]:
        tiers.setdefault(gift["tier"], {})[gift["id"]] = gift["price_coins"]
    return tiers


async def _post(url: str, body: Message, *, token: str | None = None) -> Message:
    status, answer = await call_http("POST", url, body=body, token=token)
    if status == 200:
        return answer
    error = answer.get("error", {})
    message = NOT_A_DEMO if status == 404 else error.get("message", f"{url} answered {status}.")
    raise Refused(error.get("code", "unknown"), message, bool(error.get("retryable")))
