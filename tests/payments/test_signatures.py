"""Whose webhooks are believed: both providers' signatures, and everything that is wrong with one."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks import Webhook

from server.errors import BadSignature, GiftwaveError, Malformed, StaleSignature
from server.payments.port import PaymentProvider, Subject
from server.payments.sandbox import SandboxProvider
from server.payments.signing import sandbox_secret
from server.payments.stripe import StripeProvider
from tests.helpers.stripe_stand_in import sign

NOW_S = 1_767_225_600
NOW_MS = NOW_S * 1_000
OLD, NEW, FOREIGN = (sandbox_secret(f"a token secret, {word}") for word in ("old", "new", "of somebody else"))
Headers = dict[str, str]


@dataclass(frozen=True)
class Case:
    """A provider that accepts `OLD` and `NEW`, a body it understands, and how that is signed."""

    provider: PaymentProvider
    body: bytes
    sign: Callable[..., Headers]

    def read(self, headers: Headers, *, body: bytes | None = None) -> Subject:
        return self.provider.read_hint(self.body if body is None else body, headers, now_ms=NOW_MS).subject


def _sandbox() -> Case:
    def sign_standard(body: bytes, *, at_s: int = NOW_S, secret: str = OLD) -> Headers:
        signature = Webhook(secret).sign("evt_1", datetime.fromtimestamp(at_s, tz=UTC), body.decode())
        return {"webhook-id": "evt_1", "webhook-timestamp": str(at_s), "webhook-signature": signature}

    body = {"id": "evt_1", "type": "payment.captured", "created_ms": NOW_MS, "data": {"payment": "sp_1"}}
    provider = SandboxProvider("http://127.0.0.1:1", OLD, httpx.AsyncClient(), webhook_secrets=[OLD, NEW])
    return Case(provider, json.dumps(body).encode(), sign_standard)


def _stripe() -> Case:
    def sign_stripe(body: bytes, *, at_s: int = NOW_S, secret: str = OLD) -> Headers:
        return sign(body, at_s=at_s, secret=secret)

    thing = {"id": "cs_1", "object": "checkout.session"}
    body = {"id": "evt_1", "object": "event", "type": "checkout.session.completed", "data": {"object": thing}}
    return Case(StripeProvider("sk_test", [OLD, NEW]), json.dumps(body).encode(), sign_stripe)


@pytest.fixture(params=[_sandbox, _stripe], ids=["sandbox", "stripe"])
def case(request: pytest.FixtureRequest) -> Case:
    made: Case = request.param()
    return made


def test_a_signed_webhook_is_believed(case: Case) -> None:
    assert case.read(case.sign(case.body)) is Subject.PAYMENT


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_while_a_secret_is_rotated_both_are_believed(case: Case, secret: str) -> None:
    assert case.read(case.sign(case.body, secret=secret)) is Subject.PAYMENT


def test_a_header_may_carry_signatures_of_both_secrets(case: Case) -> None:
    headers, other = case.sign(case.body, secret=FOREIGN), case.sign(case.body)
    for name, join in (("webhook-signature", " "), ("stripe-signature", ",")):
        if name in headers:
            headers[name] += join + other[name].rpartition("t=1767225600,")[2]

    assert case.read(headers) is Subject.PAYMENT


def test_a_wrong_secret_is_not_believed(case: Case) -> None:
    with pytest.raises(BadSignature):
        case.read(case.sign(case.body, secret=FOREIGN))


@pytest.mark.parametrize("off_s", [-300, -299, 0, 299, 300])
def test_five_minutes_either_way_are_fine(case: Case, off_s: int) -> None:
    assert case.read(case.sign(case.body, at_s=NOW_S + off_s)) is Subject.PAYMENT


@pytest.mark.parametrize("off_s", [-86_400, -301, 301, 86_400])
def test_a_stale_or_future_signature_is_refused(case: Case, off_s: int) -> None:
    with pytest.raises(StaleSignature):
        case.read(case.sign(case.body, at_s=NOW_S + off_s))


def test_an_old_forgery_is_a_forgery(case: Case) -> None:
    with pytest.raises(BadSignature):
        case.read(case.sign(case.body, at_s=1, secret=FOREIGN))


def test_a_signature_says_nothing_about_another_body(case: Case) -> None:
    headers = case.sign(case.body)

    for at in range(0, len(case.body), 7):
        tampered = case.body[:at] + bytes([case.body[at] ^ 1]) + case.body[at + 1 :]
        with pytest.raises(BadSignature):
            case.read(headers, body=tampered)
    for other in (b"", case.body + b" ", case.body[:-1], b"\xff" + case.body):
        with pytest.raises(BadSignature):
            case.read(headers, body=other)


def test_a_moved_timestamp_breaks_the_signature(case: Case) -> None:
    headers = {name: value.replace(str(NOW_S), str(NOW_S + 1)) for name, value in case.sign(case.body).items()}

    with pytest.raises(BadSignature):
        case.read(headers)


def test_a_missing_header_is_no_signature(case: Case) -> None:
    headers = case.sign(case.body)

    for missing in headers:
        with pytest.raises(BadSignature):
            case.read({name: value for name, value in headers.items() if name != missing})
        with pytest.raises(BadSignature):
            case.read(headers | {missing: ""})


JUNK = [
    "x",
    ",",
    "v1",
    "v1,",
    "v1,%",
    "t=",
    "t=x,v1=y",
    "t=1",
    "v1=1",
    "t=1,v1=",
    "=",
    "t=٣,v1=a",
    "é",
    "\x00",
    "1" * 9_999,
]


@pytest.mark.parametrize("junk", JUNK)
def test_junk_in_a_header_is_no_signature(case: Case, junk: str) -> None:
    headers = case.sign(case.body)

    for name in headers:
        with pytest.raises(BadSignature):
            case.read(headers | {name: junk})


NO_EVENTS = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"{",
    b"hello",
    b'{"id":1,"type":2}',
    b"[" * 10_000,
    b'{"id":"evt_1","type":null}',
]


@pytest.mark.parametrize("body", NO_EVENTS)
def test_what_is_signed_and_no_event_is_malformed(case: Case, body: bytes) -> None:
    with pytest.raises(Malformed) as refusal:
        case.read(case.sign(body), body=body)

    assert "webhook" in refusal.value.message.lower()


def test_an_event_nobody_uses_is_other(case: Case) -> None:
    for thing in ({"id": "x"}, {}, {"id": None, "object": 7}):
        body = json.dumps({"id": "evt_1", "type": "moon.rose", "data": {"object": thing}}).encode()
        hint = case.provider.read_hint(body, case.sign(body), now_ms=NOW_MS)
        assert (hint.subject, hint.reference, hint.kind) == (Subject.OTHER, "", "moon.rose")


def test_a_replayed_webhook_gives_the_same_hint(case: Case) -> None:
    headers = case.sign(case.body)

    first, again = [case.provider.read_hint(case.body, headers, now_ms=NOW_MS) for _ in range(2)]

    assert again == first
    assert first.event_id == "evt_1"


def test_a_sandbox_webhook_names_one_event() -> None:
    case = _sandbox()
    body = case.body.replace(b"evt_1", b"evt_2")

    with pytest.raises(Malformed):
        case.read(case.sign(body), body=body)


def test_a_sandbox_webhook_says_what_it_is_about() -> None:
    case = _sandbox()
    body = case.body.replace(b'"payment"', b'"payout"')

    with pytest.raises(Malformed):
        case.read(case.sign(body), body=body)


def test_no_error_of_a_webhook_leaks_a_secret(case: Case) -> None:
    for headers in ({}, case.sign(case.body, secret=FOREIGN), case.sign(case.body, at_s=1)):
        with pytest.raises(GiftwaveError) as refusal:
            case.read(headers)
        assert "whsec" not in refusal.value.message
