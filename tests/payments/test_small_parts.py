"""The parts without a network: currencies, ways back, secrets, and which provider the settings build."""

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.domain.currency import format_minor, is_currency, minor_digits
from server.errors import ProviderRefused, ProviderUnavailable, SettingInvalid
from server.payments.factory import build_provider, sandbox_public_url, sandbox_url
from server.payments.return_url import origin_of, with_result
from server.payments.sandbox import SandboxProvider
from server.payments.signing import sandbox_secret
from server.payments.stripe import StripeProvider
from server.settings import Settings
from tests.helpers.stripe_stand_in import ServedApp

TOKEN_SECRET = "a token secret of at least 32 characters"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (129, "EUR", "€1.29"),
        (5, "USD", "$0.05"),
        (129, "JPY", "¥129"),
        (1_290, "KWD", "KWD\xa01.290"),
        (123_456_789, "USD", "$1,234,567.89"),
        (-100, "EUR", "-€1.00"),
        (1_234, "RSD", "RSD\xa012.34"),
    ],
)
def test_an_amount_is_written_for_people(amount: int, currency: str, text: str) -> None:
    assert format_minor(amount, currency) == text


def test_currencies_in_use_are_known_with_their_digits() -> None:
    assert [minor_digits(code) for code in ("JPY", "USD", "KWD", "EUR", "ISK")] == [0, 2, 3, 2, 0]
    assert all(is_currency(code) for code in ("JPY", "USD", "KWD", "EUR"))
    assert not any(is_currency(code) for code in ("DEM", "XAU", "XTS", "usd", "", "EUR\n"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("http://x", "http://x?topup=t&result=paid"),
        ("http://x/a?b=1&c", "http://x/a?b=1&c&topup=t&result=paid"),
        ("http://x/?topup=old&b=%20&result=declined", "http://x/?b=%20&topup=t&result=paid"),
        ("http://x/?topups=7#token=abc", "http://x/?topups=7&topup=t&result=paid#token=abc"),
    ],
)
def test_a_way_back_keeps_what_is_not_ours(before: str, after: str) -> None:
    assert with_result(before, topup_id="t", result="paid") == after


def test_an_origin_is_scheme_host_and_port() -> None:
    assert origin_of("https://a.example:8443/b?c#d") == "https://a.example:8443"
    assert origin_of("http://[::1]:8080/") == "http://[::1]:8080"


def test_both_processes_derive_the_same_secret_and_nobody_else_does() -> None:
    assert sandbox_secret(TOKEN_SECRET) == sandbox_secret(TOKEN_SECRET)
    assert sandbox_secret(TOKEN_SECRET) != sandbox_secret(TOKEN_SECRET + "x")
    assert sandbox_secret(TOKEN_SECRET).startswith("whsec_")
    assert TOKEN_SECRET not in sandbox_secret(TOKEN_SECRET)


async def test_the_sandbox_is_the_default_provider() -> None:
    provider = build_provider(Settings(), secret=TOKEN_SECRET)

    assert isinstance(provider, SandboxProvider)
    await provider.close()


async def test_stripe_is_built_from_its_settings() -> None:
    settings = Settings(
        payments="stripe", stripe_secret_key=SecretStr("sk_1"), stripe_webhook_secrets=SecretStr("whsec_a, whsec_b,")
    )

    provider = build_provider(settings, secret=TOKEN_SECRET)

    assert isinstance(provider, StripeProvider)
    await provider.close()


@pytest.mark.parametrize(
    "missing", [{}, {"stripe_secret_key": SecretStr("sk_1")}, {"stripe_webhook_secrets": SecretStr("whsec_a")}]
)
def test_stripe_without_its_keys_says_which_settings(missing: dict[str, SecretStr]) -> None:
    with pytest.raises(SettingInvalid, match="GIFTWAVE_STRIPE_SECRET_KEY"):
        build_provider(Settings(payments="stripe", **missing), secret=TOKEN_SECRET)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "inside", "outside"),
    [
        (Settings(), "http://127.0.0.1:9080", "http://localhost:9080"),
        (Settings(host="0.0.0.0", sandbox_port=9_000), "http://127.0.0.1:9000", "http://localhost:9000"),
        (Settings(host="::"), "http://[::1]:9080", "http://localhost:9080"),
        (Settings(public_url="https://gifts.example/"), "http://127.0.0.1:9080", "http://gifts.example:9080"),
    ],
)
def test_the_sandbox_is_reached_from_inside_and_outside(settings: Settings, inside: str, outside: str) -> None:
    assert (sandbox_url(settings), sandbox_public_url(settings)) == (inside, outside)


@pytest.mark.parametrize(
    ("status", "body", "error", "sentence"),
    [
        (500, b"", ProviderUnavailable, "does not answer"),
        (503, b'{"error":{"code":"x","message":"Later."}}', ProviderUnavailable, "does not answer"),
        (302, b"", ProviderUnavailable, "does not answer"),
        (401, b'{"error":{"code":"unauthorized","message":"No."}}', ProviderUnavailable, "does not answer"),
        (400, b'{"error":{"code":"x","message":"Not today."}}', ProviderRefused, "Not today."),
        (409, b"<html>", ProviderRefused, "refused"),
        (200, b"<html>", ProviderUnavailable, "does not answer"),
        (200, b'{"reference":"sp_1"}', ProviderUnavailable, "does not answer"),
        (200, b'{"reference":"sp_1","status":"odd"}', ProviderUnavailable, "does not answer"),
    ],
)
async def test_every_answer_of_the_sandbox_has_a_meaning(
    status: int, body: bytes, error: type[Exception], sentence: str
) -> None:
    async def answer(_: Request) -> Response:
        return Response(body, status, {"location": "/elsewhere"})

    with ServedApp(Starlette(routes=[Route("/{path:path}", answer)])) as served:
        provider = SandboxProvider(served.url, sandbox_secret(TOKEN_SECRET), httpx.AsyncClient(trust_env=False))
        with pytest.raises(error, match=sentence):
            await provider.read_payment("sp_1")
        await provider.close()


async def test_a_sandbox_that_is_not_there_is_an_outage() -> None:
    provider = SandboxProvider("http://127.0.0.1:9", sandbox_secret(TOKEN_SECRET), httpx.AsyncClient(trust_env=False))

    with pytest.raises(ProviderUnavailable):
        await provider.read_payout("p")

    await provider.close()
