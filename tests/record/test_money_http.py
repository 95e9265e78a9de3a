"""The money routes: their shapes, who may use them, and what bad input does: nothing."""

import json
from typing import Any

import pytest

from server.payments.port import TransferStatus
from server.service.identity import Identity
from tests.helpers.market import ANA, BEN, LUIS, MIRA, OLA, RETURN_URL, Market
from tests.helpers.money_app import MoneyApp
from tests.helpers.provider import SIGNED, down, event

# Each is not a whole number of 1 or more that fits into 2^53−1.
BAD_AMOUNTS = [
    '"5"',
    "5.0",
    "5.5",
    "1e3",
    "NaN",
    "Infinity",
    "-5",
    "0",
    "true",
    "9007199254740992",
    "1" + "0" * 400,
    "[5]",
]


@pytest.fixture
async def web(market: Market) -> MoneyApp:
    return MoneyApp(market)


async def test_coins_are_bought_over_http(market: Market, web: MoneyApp) -> None:
    packs = (await web.call("GET", "/v1/packs")).json()["packs"]
    topup_id = market.new_id()
    body = {"topup_id": topup_id, "pack": packs[0]["id"], "return_url": RETURN_URL}
    opened = await web.call("POST", "/v1/topups", ANA, json=body)
    again = await web.call("POST", "/v1/topups", ANA, json=body)
    market.provider.pay(f"ref-{topup_id}")
    hooked = await web.call("POST", "/v1/webhooks/scripted", headers=SIGNED, content=event("e1", f"ref-{topup_id}"))

    read = await web.call("GET", f"/v1/topups/{topup_id}", ANA)
    listed = await web.call("GET", "/v1/topups", ANA)

    assert packs[0] == {"id": "pack_100", "coins": 100, "price_minor": 129, "currency": "EUR"}
    assert (
        opened.json()
        == again.json()
        == {
            "topup_id": topup_id,
            "pack": "pack_100",
            "coins": 100,
            "price_minor": 129,
            "currency": "EUR",
            "provider": "scripted",
            "state": "pending",
            "checkout_url": f"https://pay.test/ref-{topup_id}",
            "created_at_ms": market.clock.ms,
            "updated_at_ms": market.clock.ms,
        }
    )
    assert (hooked.status_code, hooked.json()) == (200, {"status": "ok"})
    assert read.json() == {**opened.json(), "state": "credited", "checkout_url": None}
    assert listed.json() == {"topups": [read.json()]}


async def test_earnings_are_cashed_out_over_http(market: Market, web: MoneyApp) -> None:
    await market.earn(1_000)
    await web.call("PUT", "/v1/payouts/destination", MIRA, json={"destination": "sandbox:mira"})
    quote = (await web.call("POST", "/v1/payouts/quote", MIRA, json={"currency": "USD", "units": None})).json()
    payout_id = market.new_id()
    body = {"payout_id": payout_id, "quote_id": quote["quote_id"]}
    payout = await web.call("POST", "/v1/payouts", MIRA, json=body)
    earnings = (await web.call("GET", "/v1/earnings", MIRA)).json()
    await market.paying_out.work()
    market.provider.settle(payout_id, TransferStatus.PAID)
    await web.call("POST", "/v1/webhooks/scripted", headers=SIGNED, content=event("p1", payout_id, subject="payout"))

    assert quote == {
        "quote_id": quote["quote_id"],
        "currency": "USD",
        "units": 7_000_000,
        "gross_minor": 350,
        "fee_minor": 25,
        "amount_minor": 325,
        "remainder_units": 0,
        "minor_per_1000_diamonds": 500,
        "expires_at_ms": market.clock.ms + 600_000,
    }
    assert set(payout.json()) == {
        "payout_id", "creator", "state", "units", "currency", "gross_minor", "fee_minor", "amount_minor",
        "needs_approval", "reason", "created_at_ms", "updated_at_ms",
    }  # fmt: skip
    assert (earnings["in_transit_units"], earnings["available_units"], earnings["destination"]) == (
        7_000_000,
        0,
        "sandbox:mira",
    )
    assert [terms["currency"] for terms in earnings["currencies"]] == ["USD", "EUR", "JPY", "KWD"]
    read = await web.call("GET", f"/v1/payouts/{payout_id}", MIRA)
    assert read.json()["state"] == "paid"
    assert (await web.call("GET", "/v1/payouts", MIRA)).json() == {"payouts": [read.json()]}
    listed = await web.call("GET", "/v1/operator/payouts?state=paid", OLA)
    assert listed.json() == {"payouts": [read.json()]}


async def test_statements_come_as_json_and_as_csv(market: Market, web: MoneyApp) -> None:
    await market.buy()
    market.store.send("u_ana", "c_mira", 10)
    await market.record()

    fan = await web.call("GET", "/v1/statement?from_ms=0", ANA)
    creator = await web.call("GET", "/v1/creator/statement", MIRA)
    table = await web.call("GET", "/v1/statement?format=csv", ANA)

    assert fan.json()["closing_coins"] == 90
    assert set(fan.json()["lines"][0]) == {
        "at_ms", "kind", "transfer_id", "gift", "count", "room", "creator", "pack", "price_minor", "currency",
        "paid_coins", "promo_coins", "coins", "balance_coins",
    }  # fmt: skip
    assert creator.json()["closing_units"] == 70_000
    assert set(creator.json()["lines"][0]) == {
        "at_ms", "kind", "transfer_id", "gift", "count", "room", "fan", "coins", "price_units", "creator_units",
        "platform_units", "provider_fee_units", "units", "balance_units", "payout_id",
    }  # fmt: skip
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert table.headers["Cache-Control"] == "no-store"
    assert "attachment" in table.headers["Content-Disposition"]
    assert table.text.splitlines()[-1].split(",")[1] == "closing"


async def test_operators_refund_hold_and_approve_over_http(market: Market, web: MoneyApp) -> None:
    topup_id = await market.buy()
    gift_id = market.store.send("u_ana", "c_mira", 10)
    await market.record()

    gift = await web.call("POST", f"/v1/operator/gifts/{gift_id}/refund", OLA, json={"reason": "by mistake"})
    body = {"refund_id": market.new_id(), "coins": 100, "reason": "asked"}
    coins = await web.call("POST", f"/v1/operator/topups/{topup_id}/refund", OLA, json=body)
    hold = {"hold_id": market.new_id(), "creator": "c_mira", "reason": "r", "release_at_ms": market.clock.ms + 9}
    held = await web.call("POST", "/v1/operator/holds", OLA, json=hold)
    path = f"/v1/operator/holds/{hold['hold_id']}/release"
    released = await web.call("POST", path, OLA, json={"reason": "fine"})

    assert gift.json() == {
        "event_id": gift_id,
        "fan": "u_ana",
        "creator": "c_mira",
        "coins": 10,
        "paid_coins": 10,
        "promo_coins": 0,
        "creator_units": 70_000,
    }
    assert (coins.json()["state"], coins.json()["amount_minor"]) == ("requested", 129)
    assert (held.json()["units"], released.json()["released_by"]) == (None, "op_ola")


def money_bodies(market: Market) -> list[tuple[str, str, Identity, dict[str, Any], str]]:
    """Return requests with an amount in them: method, path, speaker, body, and the name of the amount."""
    new = market.new_id
    hold = {"hold_id": new(), "creator": "c_mira", "reason": "r", "release_at_ms": market.clock.ms + 9}
    refund = {"refund_id": new(), "reason": "r"}
    return [
        ("POST", "/v1/payouts/quote", MIRA, {"currency": "USD"}, "units"),
        ("POST", f"/v1/operator/topups/{new()}/refund", OLA, refund, "coins"),
        ("POST", "/v1/operator/holds", OLA, hold, "units"),
    ]


@pytest.mark.parametrize("amount", BAD_AMOUNTS)
async def test_amounts_that_are_not_whole_numbers_in_range_move_nothing(
    market: Market, web: MoneyApp, amount: str
) -> None:
    await market.earn(1_000)
    before = await market.balances()

    for method, path, by, body, name in money_bodies(market):
        written = json.dumps(body)[:-1] + f', "{name}": {amount}}}'
        status, code = await web.refused(method, path, by, content=written)
        assert (status, code) in {(400, "bad_field"), (400, "malformed")}, (path, amount)

    assert await market.balances() == before
    assert await market.count("quote") == await market.count("hold") == await market.count("coin_refund") == 0


async def test_a_number_too_long_to_read_is_malformed(market: Market, web: MoneyApp) -> None:
    written = '{"currency": "USD", "units": ' + "9" * 5_000 + "}"

    assert (await web.refused("POST", "/v1/payouts/quote", MIRA, content=written))[0] == 400


@pytest.mark.parametrize(
    ("path", "by", "body", "said"),
    [
        ("/v1/payouts/quote", MIRA, {"currency": "GBP", "units": None}, (409, "unknown_currency")),
        ("/v1/payouts/quote", MIRA, {"currency": "usd", "units": None}, (400, "bad_field")),
        ("/v1/payouts/quote", MIRA, {"currency": "USD", "units": 7_000_001}, (409, "above_available")),
        ("/v1/payouts/quote", MIRA, {"currency": "USD", "units": 5}, (409, "below_minimum")),
        ("/v1/payouts/quote", MIRA, {"currency": "USD", "units": 5, "rate": 9}, (400, "bad_field")),
        ("/v1/payouts/quote", ANA, {"currency": "USD", "units": None}, (403, "forbidden")),
        ("/v1/payouts", MIRA, {"payout_id": "ID", "quote_id": "ID"}, (409, "quote_expired")),
        ("/v1/payouts", MIRA, {"payout_id": "1; DROP TABLE payout", "quote_id": "ID"}, (400, "bad_field")),
        ("/v1/payouts", MIRA, {"payout_id": "ID"}, (400, "bad_field")),
        ("/v1/topups", ANA, {"topup_id": "ID", "pack": "pack_7", "return_url": RETURN_URL}, (404, "unknown_pack")),
        ("/v1/topups", ANA, {"topup_id": "ID", "pack": "../etc", "return_url": RETURN_URL}, (400, "bad_field")),
        ("/v1/topups", ANA, {"topup_id": "ID", "pack": "pack_100", "return_url": "http://evil/"}, (400, "bad_field")),
        ("/v1/topups", MIRA, {"topup_id": "ID", "pack": "pack_100", "return_url": RETURN_URL}, (403, "forbidden")),
        ("/v1/operator/gifts/0-epoch1-99/refund", OLA, {"reason": "r"}, (404, "unknown_transfer")),
        ("/v1/operator/gifts/0-epoch1-99/refund", OLA, {"reason": ""}, (400, "bad_field")),
        ("/v1/operator/gifts/0-epoch1-99/refund", OLA, {"reason": "a\nb"}, (400, "bad_field")),
        ("/v1/operator/gifts/0-epoch1-99/refund", MIRA, {"reason": "r"}, (403, "forbidden")),
        ("/v1/operator/payouts/ID/approve", OLA, {}, (404, "unknown_payout")),
        ("/v1/operator/payouts/ID/reject", ANA, {"reason": "r"}, (403, "forbidden")),
        ("/v1/operator/holds/ID/release", OLA, {"reason": "r"}, (404, "unknown_hold")),
        ("/v1/operator/topups/ID/refund", OLA, {"refund_id": "ID", "reason": "r"}, (404, "unknown_topup")),
    ],
)
async def test_what_cannot_be_is_refused_with_its_code_and_moves_nothing(
    market: Market, web: MoneyApp, path: str, by: Identity, body: dict[str, Any], said: tuple[int, str]
) -> None:
    await market.earn(1_000)
    before = await market.balances()
    made = {name: market.new_id() if value == "ID" else value for name, value in body.items()}

    assert await web.refused("POST", path.replace("ID", market.new_id()), by, json=made) == said

    assert await market.balances() == before


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/topups"),
        ("GET", "/v1/earnings"),
        ("GET", "/v1/statement"),
        ("GET", "/v1/creator/statement"),
        ("GET", "/v1/payouts"),
        ("GET", "/v1/operator/payouts"),
        ("POST", "/v1/topups"),
        ("POST", "/v1/payouts"),
        ("POST", "/v1/operator/holds"),
        ("PUT", "/v1/payouts/destination"),
    ],
)
async def test_money_is_nobodys_business_without_a_token(web: MoneyApp, method: str, path: str) -> None:
    assert (await web.refused(method, path))[0] == 401


async def test_ones_own_things_only(market: Market, web: MoneyApp) -> None:
    topup_id = await market.buy()
    await market.earn(1_000)
    payout_id = await market.request_payout()

    assert await web.refused("GET", f"/v1/topups/{topup_id}", BEN) == (404, "unknown_topup")
    assert await web.refused("GET", f"/v1/payouts/{payout_id}", LUIS) == (404, "unknown_payout")
    assert await web.refused("GET", "/v1/payouts", ANA) == (403, "forbidden")
    assert await web.refused("GET", "/v1/earnings", OLA) == (403, "forbidden")


@pytest.mark.parametrize(
    "query", ["from_ms=x", "from_ms=-1", "to_ms=9007199254740992", "format=xml", "from_ms=5&to_ms=5"]
)
async def test_a_period_that_is_none_is_refused(web: MoneyApp, query: str) -> None:
    assert await web.refused("GET", f"/v1/statement?{query}", ANA) == (400, "bad_field")


async def test_a_destination_is_a_short_printable_word(market: Market, web: MoneyApp) -> None:
    for wrong in ("", "a b", "x" * 65, "a\u0000b", "ключ", 5, None):
        answer = await web.refused("PUT", "/v1/payouts/destination", MIRA, json={"destination": wrong})
        assert answer == (400, "bad_field"), wrong
    assert await market.count("destination") == 0


async def test_webhooks_that_are_not_the_providers_are_refused(market: Market, web: MoneyApp) -> None:
    topup_id = await market.buy()
    before = await market.balances()
    body = event("e9", f"ref-{topup_id}")
    market.provider.change(f"ref-{topup_id}", refunded_minor=129)

    forged = await web.refused("POST", "/v1/webhooks/scripted", content=body, headers={"signature": "bad"})
    elsewhere = await web.refused("POST", "/v1/webhooks/paypal", content=body, headers=SIGNED)
    huge = await web.refused("POST", "/v1/webhooks/scripted", content=b"x" * 1_048_576, headers=SIGNED)

    assert (forged, elsewhere, huge) == (
        (400, "bad_signature"),
        (404, "unknown_provider"),
        (413, "body_too_large"),
    )
    assert await market.balances() == before


async def test_a_webhook_that_cannot_be_followed_now_is_asked_for_again(market: Market, web: MoneyApp) -> None:
    topup_id = await market.buy()
    market.provider.fail = down

    answer = await web.refused("POST", "/v1/webhooks/scripted", content=event("e9", f"ref-{topup_id}"), headers=SIGNED)

    assert answer == (503, "provider_unavailable")


async def test_who_asks_too_often_is_told_to_wait(market: Market) -> None:
    slow = MoneyApp(market, messages_per_s=1)
    answers = [await slow.call("GET", "/v1/topups", ANA) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
