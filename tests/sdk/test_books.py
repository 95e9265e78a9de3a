"""News of the books, and calls of the HTTP interface."""

from __future__ import annotations

from typing import Any

import pytest

from client_demo.python.giftwave_client import Recorded, Refused, Topup, Wallet
from tests.helpers.waiting import eventually
from tests.sdk.conftest import MakeClient
from tests.sdk.peer import Peer, connect

TOPUP = {
    "topup_id": "t1",
    "pack": "pack_100",
    "coins": 100,
    "price_minor": 129,
    "currency": "EUR",
    "provider": "sandbox",
    "state": "credited",
    "checkout_url": None,
    "created_at_ms": 1,
    "updated_at_ms": 2,
}


async def test_news_of_the_books_reaches_whoever_listens_and_later_fields_harm_nobody(
    peer: Peer, make_client: MakeClient
) -> None:
    client = make_client()
    heard: list[Any] = []
    for kind in ("recorded", "topup", "limits", "payout", "wallet"):
        client.on(kind, heard.append)
    call = await connect(peer, client)
    await eventually(lambda: len(heard) == 1)

    await call.say("recorded", intent_ids=["a", "b"], lag_ms=3)
    await call.say("recorded", room="lounge", epoch="e1", offset=7)
    await call.say("topup", **TOPUP, receipt_url="https://pay.example/r")
    await call.say("limits", zone="UTC", spent={"day": 3})
    await call.say("payout", payout_id="p1", state="paid")
    await call.say("wallet", paid=100, promo=0, coins=100, rev=2, spent={"day": 3, "week": 3, "month": 3})
    await call.say("moon", phase="full")

    await eventually(lambda: len(heard) == 7)
    assert heard[1:4] == [
        Recorded(intent_ids=["a", "b"]),
        Recorded(room="lounge", epoch="e1", offset=7),
        Topup(**TOPUP),  # type: ignore[arg-type]
    ]
    assert [heard[4]["zone"], heard[5]["state"]] == ["UTC", "paid"]
    assert heard[6] == Wallet(paid=100, promo=0, coins=100, rev=2, spent={"day": 3, "week": 3, "month": 3})


async def test_a_call_answers_what_the_server_says_or_raises_its_refusal(peer: Peer, make_client: MakeClient) -> None:
    client = make_client()
    peer.stored["limits"] = (200, {"zone": "UTC"})
    peer.stored["earnings"] = (403, {"error": {"code": "forbidden", "message": "Not yours.", "retryable": False}})

    assert await client.call("/v1/limits") == {"zone": "UTC"}
    with pytest.raises(Refused) as refused:
        await client.call("/v1/earnings")

    assert (refused.value.code, str(refused.value)) == ("forbidden", "Not yours.")


async def test_a_call_asks_once_more_with_a_fresh_token(peer: Peer, make_client: MakeClient) -> None:
    asked: list[str] = []

    async def token() -> str:
        asked.append("token")
        if len(asked) == 2:
            peer.stored["limits"] = (200, {"zone": "UTC"})
        return f"token-{len(asked)}"

    peer.stored["limits"] = (401, {"error": {"code": "token_expired", "message": "Expired.", "retryable": False}})

    assert await make_client(token).call("/v1/limits") == {"zone": "UTC"}
    assert len(asked) == 2
