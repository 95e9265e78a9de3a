"""Bad input to the sandbox: each has a code and a sentence, and moves nothing."""

import json
import sqlite3
from typing import Any

import httpx
import pytest

from server.payments.sandbox_service.payments import fee_minor
from tests.payments.inbox import Inbox
from tests.payments.rigs import SandboxRig, fresh_id, money, order, view
from tests.payments.sandbox_process import SandboxProcess

BAD_AMOUNTS = ['"629"', "6.29", "629.0", "6e2", "NaN", "Infinity", "-1", "0", "true", "null", "[629]", "{}", "9" * 400]
BAD_AMOUNTS += [str(2**53), '"\N{ARABIC-INDIC DIGIT SIX}"', "0x10", "01"]


def checkout_json(**changes: object) -> dict[str, Any]:
    usual = {"topup_id": fresh_id(), "fan": "u_ana", "coins": 500, "price_minor": 629, "currency": "EUR"}
    return usual | {"return_url": "http://localhost:8080/"} | changes


def post_raw(sandbox: SandboxProcess, path: str, body: str | bytes) -> httpx.Response:
    return sandbox.http.post(path, content=body, headers={"content-type": "application/json"})


def with_raw(fields: dict[str, Any], name: str, raw: str) -> str:
    """Return JSON whose field `name` is `raw`, which need not be JSON."""
    return json.dumps(fields | {name: "@@"}).replace('"@@"', raw)


def refused(answer: httpx.Response, status: int, *codes: str) -> None:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] in codes
    assert error["message"].endswith(".")
    assert set(error) == {"code", "message"}


def rows(sandbox: SandboxProcess) -> dict[str, int]:
    """Count what the sandbox's file holds."""
    with sqlite3.connect(sandbox.folder / "d" / "sandbox.sqlite") as db:
        counts = {
            name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("payment", "refund", "payout", "event")
        }
    db.close()
    return counts


@pytest.mark.parametrize("raw", BAD_AMOUNTS)
async def test_what_is_no_amount_is_refused_and_moves_nothing(sandbox_rig: SandboxRig, raw: str) -> None:
    sandbox = sandbox_rig.sandbox
    checkout = await sandbox_rig.provider.open_checkout(order())
    sandbox_rig.pay(checkout.reference)
    before = rows(sandbox)
    payout = {"payout_id": fresh_id(), "creator": "c", "destination": "d", "currency": "EUR"}

    answers = [
        post_raw(sandbox, "/api/checkouts", with_raw(checkout_json(), "price_minor", raw)),
        post_raw(sandbox, "/api/checkouts", with_raw(checkout_json(), "coins", raw)),
        post_raw(sandbox, f"/api/payments/{checkout.reference}/refunds", with_raw({"key": "k"}, "amount_minor", raw)),
        post_raw(sandbox, "/api/payouts", with_raw(payout, "amount_minor", raw)),
    ]

    for answer in answers:
        refused(answer, 400, "bad_field", "malformed")
    assert rows(sandbox) == before
    assert money(await view(sandbox_rig, checkout.reference))["refunded"] == 0


@pytest.mark.parametrize("currency", ["XXX", "XAU", "DEM", "eur", "EURO", "", "€"])
def test_an_unknown_currency_is_refused(sandbox: SandboxProcess, currency: str) -> None:
    payout = {"payout_id": "p", "creator": "c", "destination": "d", "amount_minor": 1, "currency": currency}

    refused(sandbox.http.post("/api/checkouts", json=checkout_json(currency=currency)), 400, "unknown_currency")
    refused(sandbox.http.post("/api/payouts", json=payout), 400, "unknown_currency")


@pytest.mark.parametrize(
    "return_url",
    [
        "",
        "/watch",
        "javascript:alert(1)",
        "ftp://x/",
        "http://",
        "http://a b/",
        "http://u:p@x/",
        "//x/",
        "http://x/\n",
        "http://x;script-src/",
        "http://[::1/",
        "https://x/" + "a" * 2_048,
        "http://ü.example/",
    ],
)
def test_a_way_back_that_is_none_is_refused(sandbox: SandboxProcess, return_url: str) -> None:
    refused(sandbox.http.post("/api/checkouts", json=checkout_json(return_url=return_url)), 400, "bad_field")


@pytest.mark.parametrize(
    "changes",
    [{"topup_id": ""}, {"topup_id": "a" * 65}, {"topup_id": "a\n"}, {"topup_id": 7}, {"fan": "<b> </b>"}, {"extra": 1}],
)
def test_a_field_out_of_shape_is_refused(sandbox: SandboxProcess, changes: dict[str, object]) -> None:
    refused(sandbox.http.post("/api/checkouts", json=checkout_json(**changes)), 400, "bad_field")


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 10_000, b"price_minor=1"])
def test_what_is_no_json_is_refused(sandbox: SandboxProcess, body: bytes) -> None:
    for path in ("/api/checkouts", "/api/payouts", "/api/knobs"):
        refused(post_raw(sandbox, path, body), 400, "malformed", "bad_field")


@pytest.mark.parametrize("path", ["/api/checkouts", "/api/knobs", "/knobs", "/checkout/sp_1/pay"])
def test_a_large_body_is_refused(sandbox: SandboxProcess, path: str) -> None:
    answer = post_raw(sandbox, path, b'{"a":"' + b"a" * 1_048_576 + b'"}')

    assert answer.status_code == 413
    assert "16,384" in answer.text


@pytest.mark.parametrize("header", [b"", b"Bearer", b"Bearer whsec_wrong", b"Basic x", b"Bearer \xe9"])
def test_who_does_not_know_the_secret_is_refused(sandbox: SandboxProcess, header: bytes) -> None:
    headers = {b"authorization": header} if header else {}
    with httpx.Client(base_url=sandbox.url, trust_env=False) as stranger:
        for path in ("/api/payments/x", "/api/payouts/x", "/api/knobs", "/api/events"):
            refused(stranger.get(path, headers=headers), 401, "unauthorized")
        refused(stranger.post("/api/checkouts", headers=headers, json=checkout_json()), 401, "unauthorized")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_a_button_of_another_page_does_nothing(sandbox_rig: SandboxRig, origin: str) -> None:
    checkout = await sandbox_rig.provider.open_checkout(order())

    for path in (f"/checkout/{checkout.reference}/pay", "/knobs", "/send-now"):
        assert sandbox_rig.sandbox.http.post(path, headers={"origin": origin}).status_code == 403

    assert money(await view(sandbox_rig, checkout.reference))["captured"] == 0


def test_an_unknown_address_or_method_says_so(sandbox: SandboxProcess) -> None:
    refused(sandbox.http.get("/nowhere"), 404, "not_found")
    refused(sandbox.http.get("/api/payments/sp_1"), 404, "unknown_payment")
    refused(sandbox.http.get("/api/payouts/p_1"), 404, "unknown_payout")
    refused(sandbox.http.get("/checkout/sp_1"), 404, "unknown_payment")
    refused(sandbox.http.delete("/api/knobs"), 405, "method_not_allowed")
    assert sandbox.press("/events/evt_1/send").status_code == 404
    assert sandbox.press("/payments/sp_1/explode").status_code == 404


@pytest.mark.parametrize(
    "knobs",
    [
        {"duplicate": 0},
        {"duplicate": 11},
        {"duplicate": "2"},
        {"delay_ms": -1},
        {"delay_ms": 1.5},
        {"forged": 1},
        {"payout": "never"},
        {"drop": None},
        {"colour": "red"},
        {"settle_after_ms": True},
    ],
)
def test_a_knob_out_of_range_is_refused_and_turns_nothing(sandbox: SandboxProcess, knobs: dict[str, object]) -> None:
    before = sandbox.http.get("/api/knobs").json()

    refused(sandbox.http.post("/api/knobs", json=knobs | {"reorder": True}), 400, "bad_field")

    assert sandbox.http.get("/api/knobs").json() == before


async def test_buttons_that_do_not_fit_are_refused_on_the_page(sandbox_rig: SandboxRig, inbox: Inbox) -> None:
    checkout = await sandbox_rig.provider.open_checkout(order())
    before = await view(sandbox_rig, checkout.reference)

    for name in ("settle", "fail", "dispute", "dispute-won", "dispute-lost", "refund"):
        answer = sandbox_rig.sandbox.press(f"/payments/{checkout.reference}/{name}")
        assert answer.status_code in (400, 409)
        assert 'role="alert"' in answer.text

    assert await view(sandbox_rig, checkout.reference) == before
    assert inbox.about(checkout.reference) == []


@pytest.mark.parametrize(
    ("typed", "refunded"), [("", 629), ("1", 100), ("1.2", 120), ("1.29", 129), (" 6.29 ", 629), ("0.01", 1)]
)
async def test_a_person_types_a_refund_in_whole_money(sandbox_rig: SandboxRig, typed: str, refunded: int) -> None:
    checkout = await sandbox_rig.provider.open_checkout(order())
    sandbox_rig.pay(checkout.reference)

    answer = sandbox_rig.sandbox.press(f"/payments/{checkout.reference}/refund", amount=typed)

    assert answer.status_code == 303
    assert (await view(sandbox_rig, checkout.reference)).refunded_minor == refunded


@pytest.mark.parametrize("typed", ["6.30", "1.234", "-1", "0", "0.00", "1,29", "1e2", "NaN", "٣", "9" * 30, "."])
async def test_a_refund_that_cannot_be_is_refused(sandbox_rig: SandboxRig, typed: str) -> None:
    checkout = await sandbox_rig.provider.open_checkout(order())
    sandbox_rig.pay(checkout.reference)

    assert sandbox_rig.sandbox.press(f"/payments/{checkout.reference}/refund", amount=typed).status_code == 400

    assert (await view(sandbox_rig, checkout.reference)).refunded_minor == 0


@pytest.mark.parametrize(
    ("price", "fee"),
    [(1, 1), (25, 25), (26, 26), (100, 28), (629, 44), (1_000, 54), (10**15, 29 * 10**12 + 25)],
)
def test_the_fee_is_2_9_percent_and_25_rounded_up_and_never_above_the_price(price: int, fee: int) -> None:
    assert fee_minor(price) == fee


def test_nothing_that_was_tried_here_broke_it(shared_sandbox: SandboxProcess) -> None:
    assert "Traceback" not in shared_sandbox.log
    assert shared_sandbox.http.get("/").status_code == 200
