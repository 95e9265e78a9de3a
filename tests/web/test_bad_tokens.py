"""Tokens that are forged, damaged or expired let nobody in, on the socket and over HTTP."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from server.clock import SystemClock
from server.domain.room import Role
from server.errors import TokenExpired
from server.web.tokens import Tokens
from tests.helpers.line import call
from tests.helpers.server import SECRET, ServerProcess
from tests.helpers.waiting import eventually
from tests.web.conftest import COINS

pytestmark = pytest.mark.usefixtures("nothing_left")


def _forged(header: object, claims: object, *, key: str = SECRET, digest: str = "sha256", sign: bool = True) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signed = b".".join(parts)
    signature = hmac.new(key.encode(), signed, getattr(hashlib, digest)).digest() if sign else b""
    return b".".join((signed, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()


def _claims(**wrong: object) -> dict[str, Any]:
    claims = {"sub": "u_ana", "name": "Ana", "role": "viewer", "aud": "giftwave", "exp": int(time.time()) + 900}
    return {name: value for name, value in (claims | wrong).items() if value is not ...}


HS256 = {"alg": "HS256", "typ": "JWT"}
_DEEP = base64.urlsafe_b64encode(b"[" * 1_400).rstrip(b"=").decode()
BAD_TOKENS = {
    "noise": "noise",
    "dots": "..",
    "four parts": "a.b.c.d",
    "not ASCII": "é.é.é",
    "wrong signature": _forged(HS256, _claims(), key="another-secret-that-is-long-enough-for-hs256"),
    "no signature": _forged(HS256, _claims(), sign=False),
    "alg none": _forged({"alg": "none"}, _claims(), sign=False),
    "alg None": _forged({"alg": "None"}, _claims(), sign=False),
    "alg none, signed": _forged({"alg": "none"}, _claims()),
    "alg HS512": _forged({"alg": "HS512"}, _claims(), digest="sha512"),
    "alg HS384": _forged({"alg": "HS384"}, _claims(), digest="sha384"),
    "alg RS256": _forged({"alg": "RS256"}, _claims()),
    "no alg": _forged({"typ": "JWT"}, _claims()),
    "alg is a number": _forged({"alg": 5}, _claims()),
    "alg is a list": _forged({"alg": ["HS256"]}, _claims()),
    "alg is an object": _forged({"alg": {}}, _claims()),
    "header is a list": _forged([], _claims()),
    "header is text": _forged("alg", _claims()),
    "header is null": _forged(None, _claims()),
    "header is a number": _forged(7, _claims()),
    "header is deep": f"{_DEEP}.e30.e30",
    "critical header": _forged(HS256 | {"crit": ["exp"]}, _claims()),
    "critical header of the wrong type": _forged(HS256 | {"crit": 1}, _claims()),
    "payload not encoded": _forged(HS256 | {"b64": False, "crit": ["b64"]}, _claims()),
    "another audience": _forged(HS256, _claims(aud="other")),
    "a list of audiences": _forged(HS256, _claims(aud=["giftwave"])),
    "no audience": _forged(HS256, _claims(aud=...)),
    "unknown role": _forged(HS256, _claims(role="admin")),
    "role of the wrong type": _forged(HS256, _claims(role=["viewer"])),
    "no role": _forged(HS256, _claims(role=...)),
    "no subject": _forged(HS256, _claims(sub=...)),
    "subject with a new line": _forged(HS256, _claims(sub="u_ana\n")),
    "subject with a separator": _forged(HS256, _claims(sub="u:ana")),
    "subject is a number": _forged(HS256, _claims(sub=7)),
    "name is a number": _forged(HS256, _claims(name=7)),
    "name is half a surrogate pair": _forged(HS256, _claims(name="\ud800")),
    "no expiry": _forged(HS256, _claims(exp=...)),
    "expiry is text": _forged(HS256, _claims(exp="9999999999")),
    "expiry is true": _forged(HS256, _claims(exp=True)),
    "expiry is a fraction": _forged(HS256, _claims(exp=time.time() + 900)),
    "payload is a list": _forged(HS256, [1]),
    "payload is text": _forged(HS256, "x"),
    "payload is null": _forged(HS256, None),
}


@pytest.mark.parametrize("case", BAD_TOKENS)
async def test_a_bad_token_closes_with_4001(server: ServerProcess, case: str) -> None:
    async with call(server) as line:
        await line.say("hello", token=BAD_TOKENS[case])

        error = await line.expect_that(lambda _: True)

        assert error.get("code") == "bad_token", error
        assert error["message"]
        assert await line.expect_close() == 4001


async def test_a_bad_token_is_401_over_http(server: ServerProcess) -> None:
    let_in = []

    for case, token in BAD_TOKENS.items():
        answer = server.get("/v1/wallet", headers={"Authorization": f"Bearer {token}".encode()})
        if answer.status_code != 401 or answer.json()["error"]["code"] != "bad_token":
            let_in.append((case, answer.status_code, answer.text))

    assert not let_in


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic dTpw", "bearer", "Token x"])
async def test_a_request_without_a_token_is_401(server: ServerProcess, header: str | None) -> None:
    answer = server.get("/v1/wallet", headers={} if header is None else {"Authorization": header})

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "bad_token")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("expiry", [0, -1, 1, -(10**18)])
async def test_an_expired_token_closes_with_4002(server: ServerProcess, expiry: int) -> None:
    token = _forged(HS256, _claims(exp=expiry))
    async with call(server) as line:
        await line.say("hello", token=token)

        error = await line.expect("error")

        assert (error["code"], error["message"]) == ("token_expired", TokenExpired.sentence)
        assert await line.expect_close() == 4002
    answer = server.get("/v1/wallet", token=token)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_expired")


async def test_a_token_that_expires_on_an_open_socket_sends_no_more_gifts(
    server: ServerProcess, fan: str, room: str
) -> None:
    async with call(server) as line:
        await line.hello(Tokens(SECRET, SystemClock()).mint(fan, name="Ana", role=Role.VIEWER, ttl_s=1))

        async def is_refused() -> bool:
            # More than the wallet holds: refused before and after, but not in the same words.
            answer = await line.gift(room, count=COINS + 1)
            return bool(answer["code"] == "token_expired" and answer["message"] == TokenExpired.sentence)

        await eventually(is_refused, timeout_s=1.9)


@pytest.mark.parametrize("case", BAD_TOKENS)
async def test_a_demo_session_after_a_bad_token_is_401(demo: ServerProcess, case: str) -> None:
    answer = demo.post("/v1/demo/session", {"role": "viewer", "previous_token": BAD_TOKENS[case]})

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "bad_token")
