"""Whatever is wrong with a message gets its code and its sentence, moves no coin, breaks nothing and hangs nothing."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import msgpack
import pytest

from server.clock import SystemClock
from server.domain.room import Role
from server.errors import (
    AlreadyGreeted,
    CountNotAllowed,
    GiftwaveError,
    HelloFirst,
    InsufficientCoins,
    OriginNotAllowed,
    OwnRoom,
    PriceChanged,
    RateLimited,
    RoomClosed,
    TokenExpired,
    UnknownGift,
    UnknownIntent,
    UnknownRoom,
    UnknownType,
)
from server.web.tokens import Tokens
from tests.helpers.leftovers import leaves_nothing
from tests.helpers.line import Message, call, fresh_intent, gift_fields, talk
from tests.helpers.rawsocket import TEXT, RawSocket, frame
from tests.helpers.server import SECRET, ServerProcess
from tests.helpers.waiting import eventually
from tests.web.conftest import fresh

ENCODINGS = ["json", "msgpack"]
COINS = 100


@pytest.fixture(autouse=True)
def nothing_left(server: ServerProcess) -> Iterator[None]:
    """No session, no member and no traceback is left by any bad input."""
    with leaves_nothing(server):
        yield


@pytest.fixture
async def fan(server: ServerProcess) -> AsyncIterator[str]:
    """A fan with coins; no bad input may change a byte of the wallet."""
    name = fresh("fan")
    await server.grant(name, COINS)
    before = server.get("/v1/wallet", token=server.token(name)).content
    yield name
    assert server.get("/v1/wallet", token=server.token(name)).content == before


# Messages that cannot be read


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param(b"", "malformed", id="nothing"),
        pytest.param(b"\x00", None, id="a zero byte"),
        pytest.param(b"\xff\xfe\xfd", None, id="not UTF-8"),
        pytest.param(b"\x91" * 4_096, None, id="4 KB of nested lists"),
        pytest.param(b"\x81\xa4type" * 600, None, id="nested maps"),
        pytest.param(b"[" * 4_096, None, id="4 KB of brackets"),
        pytest.param(b'{"type":' * 500, None, id="nested objects"),
        pytest.param(b"\xdd\xff\xff\xff\xff", None, id="list of 2^32-1"),
        pytest.param(b"\xdf\xff\xff\xff\xff", "malformed", id="map of 2^32-1"),
        pytest.param(b"\xdb\xff\xff\xff\xff", "malformed", id="text of 2^32-1 bytes"),
        pytest.param(b"\xc6\xff\xff\xff\xff", "malformed", id="binary of 2^32-1 bytes"),
        pytest.param(b"\xc9\xff\xff\xff\xff\x01", "malformed", id="extension of 2^32-1 bytes"),
        pytest.param(b"\xc1", "malformed", id="a byte MessagePack never uses"),
        pytest.param(b"[]", None, id="a list"),
        pytest.param(b"null", None, id="null"),
        pytest.param(b'{"type":"join","room":"lounge"}{"type":"leave"}', None, id="two messages in one"),
        pytest.param(b"\x80" + b"\x80", None, id="two maps in one"),
    ],
)
async def test_bytes_that_are_no_message_are_refused(
    server: ServerProcess, fan: str, encoding: str, raw: bytes, code: str | None
) -> None:
    async with talk(server, fan, encoding=encoding) as line:
        await line.socket.send(raw, text=False)

        error = await line.expect("error")

        assert error["code"] in ([code] if code else ["malformed", "bad_field", "unknown_type"])
        assert error["message"]
        assert error["retryable"] is False


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_a_frame_over_4_kib_closes_with_1009(server: ServerProcess, fan: str, encoding: str) -> None:
    async with talk(server, fan, encoding=encoding) as line:
        await line.say("leave", room="x" * 4_096)

        assert await line.expect_close() == 1009


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", ["", "welcome", "gift", "Hello", "hello ", "gift.send\n", None, 7, ["hello"]])
async def test_a_type_that_is_not_a_clients_is_unknown(
    server: ServerProcess, fan: str, encoding: str, kind: object
) -> None:
    async with talk(server, fan, encoding=encoding) as line:
        await line.say_raw(line.encode({"type": kind}))

        error = await line.expect("error")

        assert error["code"] == "unknown_type"
        assert error["message"].startswith(UnknownType.sentence)


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_a_message_without_a_type_is_unknown(server: ServerProcess, fan: str, encoding: str) -> None:
    async with talk(server, fan, encoding=encoding) as line:
        await line.say_raw(line.encode({"room": "lounge"}))

        assert (await line.expect("error"))["code"] == "unknown_type"


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("join", {}),
        ("join", {"room": 7}),
        ("join", {"room": None}),
        ("join", {"room": ""}),
        ("join", {"room": "UPPER"}),
        ("join", {"room": "a" * 33}),
        ("join", {"room": "-a"}),
        ("join", {"room": "a:b"}),
        ("join", {"room": "a{b}"}),
        ("join", {"room": "\uff4coung\uff45"}),
        ("join", {"room": "lounge\n"}),
        ("join", {"room": "lounge", "extra": 1}),
        ("join", {"room": "lounge", "epoch": "", "offset": 1}),
        ("join", {"room": "lounge", "epoch": "a" * 33, "offset": 1}),
        ("join", {"room": "lounge", "epoch": "abc", "offset": -1}),
        ("join", {"room": "lounge", "epoch": "abc", "offset": 1.5}),
        ("join", {"room": "lounge", "epoch": "abc", "offset": 2**53}),
        ("join", {"room": "lounge", "epoch": "abc"}),
        ("join", {"room": "lounge", "offset": 1}),
        ("leave", {}),
        ("leave", {"room": "lounge", "extra": 1}),
        ("leave", {"room": "lounge\n"}),
    ],
)
async def test_a_wrong_field_is_named(
    server: ServerProcess, fan: str, encoding: str, kind: str, fields: Message
) -> None:
    async with talk(server, fan, encoding=encoding) as line:
        await line.say(kind, **fields)

        error = await line.expect_that(lambda m: m["type"] != "batch")

        assert error.get("code") == "bad_field", error
        assert error["message"].endswith("see docs/reference/protocol.md.")


BAD_GIFTS: list[Message] = [
    {"count": -1},
    {"count": 0},
    {"count": 1.5},
    {"count": "2"},
    {"count": True},
    {"count": 2**53},
    {"count": 2**63},
    {"count": 10_000},
    {"count": [1]},
    {"max_coins": 0},
    {"max_coins": -1},
    {"max_coins": 2**53},
    {"max_coins": 1.5},
    {"max_coins": "1"},
    {"gift": ""},
    {"gift": 1},
    {"gift": "ROSE"},
    {"gift": "rose\n"},
    {"gift": "ro se"},
    {"intent_id": ""},
    {"intent_id": "019b1c3e-5d2a-4cc1-9b3e-0a1b2c3d4e5f"},
    {"intent_id": "019B1C3E-5D2A-7CC1-9B3E-0A1B2C3D4E5F"},
    {"intent_id": "019b1c3e5d2a7cc19b3e0a1b2c3d4e5f"},
    {"intent_id": "019b1c3e-5d2a-7cc1-7b3e-0a1b2c3d4e5f"},
    {"intent_id": "{fresh}\n"},
    {"intent_id": " {fresh}"},
    {"message": ""},
    {"message": "x" * 121},
    {"message": "🌹" * 121},
    {"message": "a\nb"},
    {"message": "bell\x07"},
    {"message": "\x00"},
    {"message": "\x7f"},
    {"message": "c1 \x85"},
    {"message": "ends in a new line\n"},
    {"message": 5},
    {"message": ["x"]},
    {"anonymous": 1},
    {"anonymous": "true"},
    {"anonymous": None},
    {"unknown": 1},
    {"coins": 1},
    {"fan": "somebody-else"},
]


def _bad_gift(wrong: Message) -> Message:
    wish = gift_fields() | wrong
    if isinstance(wish["intent_id"], str):
        wish["intent_id"] = wish["intent_id"].replace("{fresh}", fresh_intent())
    return wish


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_a_gift_with_a_wrong_field_is_refused_on_the_socket(
    server: ServerProcess, fan: str, room: str, encoding: str
) -> None:
    accepted = []
    for at in range(0, len(BAD_GIFTS), 15):
        async with talk(server, fan, encoding=encoding) as line:
            for wrong in BAD_GIFTS[at : at + 15]:
                await line.say("gift.send", room=room, **_bad_gift(wrong))
                answer = await line.expect_that(lambda m: m["type"] in ("error", "gift.ack"))
                if answer.get("code") != "bad_field":
                    accepted.append((wrong, answer))

    assert not accepted


async def test_a_gift_with_a_wrong_field_is_refused_over_http(server: ServerProcess, fan: str, room: str) -> None:
    accepted = []
    token = server.token(fan)

    for wrong in BAD_GIFTS:
        answer = server.post(f"/v1/rooms/{room}/gifts", _bad_gift(wrong), token=token)
        if (answer.status_code, answer.json().get("error", {}).get("code")) != (400, "bad_field"):
            accepted.append((wrong, answer.status_code, answer.text))

    assert not accepted


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("field", ["intent_id", "gift", "count", "max_coins", "room"])
async def test_a_gift_without_a_field_is_refused(
    server: ServerProcess, fan: str, room: str, encoding: str, field: str
) -> None:
    wish = gift_fields() | {"room": room}
    del wish[field]
    async with talk(server, fan, encoding=encoding) as line:
        await line.say("gift.send", **wish)

        error = await line.expect("error")

        assert error["code"] == "bad_field"
        assert field in error["message"]


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1.0", "1e0", "1e400", "1" * 400, "0x1", "01", "+1"]
)
async def test_a_count_that_is_no_whole_number_in_json_is_refused(
    server: ServerProcess, fan: str, room: str, number: str
) -> None:
    wish = json.dumps(gift_fields(count=7777) | {"type": "gift.send", "room": room}).replace("7777", number, 1)
    async with talk(server, fan) as line:
        await line.say_raw(wish)

        error = await line.expect_that(lambda m: m["type"] in ("error", "gift.ack"))

        assert error.get("code") in ("bad_field", "malformed"), error
    body = wish.replace('"type": "gift.send"', '"anonymous": false').replace(f', "room": "{room}"', "")
    headers = {"Content-Type": "application/json"}
    answer = server.post(f"/v1/rooms/{room}/gifts", token=server.token(fan), content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in ("bad_field", "malformed")


@pytest.mark.parametrize(
    "number", [1.0, float("nan"), float("inf"), b"1", msgpack.Timestamp(1, 0), msgpack.ExtType(1, b"1")]
)
async def test_a_count_that_is_no_whole_number_in_messagepack_is_refused(
    server: ServerProcess, fan: str, room: str, number: object
) -> None:
    async with talk(server, fan, encoding="msgpack") as line:
        await line.say("gift.send", room=room, **gift_fields(count=number, max_coins=1))

        error = await line.expect_that(lambda m: m["type"] in ("error", "gift.ack"))

        assert error.get("code") in ("bad_field", "malformed"), error


async def test_half_a_surrogate_pair_is_refused(server: ServerProcess, fan: str, room: str) -> None:
    wish = json.dumps(gift_fields(message="{}") | {"type": "gift.send", "room": room}).replace("{}", "\\ud800")
    async with talk(server, fan) as line:
        await line.say_raw(wish)

        assert (await line.expect("error"))["code"] in ("malformed", "bad_field")
    body = wish.replace('"type": "gift.send"', '"anonymous": false').replace(f', "room": "{room}"', "")
    headers = {"Content-Type": "application/json"}
    answer = server.post(f"/v1/rooms/{room}/gifts", token=server.token(fan), content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in ("malformed", "bad_field")


async def test_an_error_names_the_intent_it_is_about(server: ServerProcess, fan: str, room: str) -> None:
    wish = gift_fields(count=0, max_coins=1)
    async with talk(server, fan) as line:
        await line.say("gift.send", room=room, **wish)

        error = await line.answer_to(wish["intent_id"])

        assert error["code"] == "bad_field"


async def test_too_many_bad_messages_close_with_4000(server: ServerProcess, fan: str) -> None:
    async with talk(server, fan) as line:
        for _ in range(21):
            await line.say_raw(b"{")

        assert await line.expect_close() == 4000


# Orders that are understood and refused


Wish = tuple[type[GiftwaveError], int, Callable[[str], Message]]
REFUSED: dict[str, Wish] = {
    "unknown gift": (UnknownGift, 409, lambda room: {"room": room, **gift_fields("no-such-gift")}),
    "unknown room": (UnknownRoom, 404, lambda _: {"room": "no-such-room", **gift_fields()}),
    "price above max_coins": (PriceChanged, 409, lambda room: {"room": room, **gift_fields("donut", max_coins=9)}),
    "two of no combo": (CountNotAllowed, 409, lambda room: {"room": room, **gift_fields("confetti", count=2)}),
    "not enough coins": (InsufficientCoins, 409, lambda room: {"room": room, **gift_fields(count=COINS + 1)}),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("case", REFUSED)
async def test_a_refused_order_says_why_and_says_it_again(
    server: ServerProcess, fan: str, room: str, encoding: str, case: str
) -> None:
    kind, status, make = REFUSED[case]
    wish = make(room)
    async with talk(server, fan, encoding=encoding) as line:
        await line.say("gift.send", **wish)
        error = await line.answer_to(wish["intent_id"])
        await line.say("gift.send", **wish)
        again = await line.answer_to(wish["intent_id"])

    body = {name: value for name, value in wish.items() if name != "room"}
    over_http = server.post(f"/v1/rooms/{wish['room']}/gifts", body, token=server.token(fan))

    assert error["code"] == kind.code
    assert error["retryable"] is False
    assert error["message"] == kind.sentence or kind is InsufficientCoins
    assert again == error
    assert over_http.status_code == status
    assert over_http.json()["error"] == {name: value for name, value in error.items() if name not in ("type", "room")}


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_a_closed_room_takes_no_gift(server: ServerProcess, fan: str, room: str, encoding: str) -> None:
    server.close_room(room)
    async with talk(server, fan, encoding=encoding) as line:
        error = await line.gift(room)

        assert (error["code"], error["message"]) == ("room_closed", RoomClosed.sentence)
    over_http = server.post(f"/v1/rooms/{room}/gifts", gift_fields(), token=server.token(fan))
    assert (over_http.status_code, over_http.json()["error"]["code"]) == (409, "room_closed")


@pytest.mark.parametrize("role", [Role.CREATOR, Role.VIEWER])
async def test_a_creator_cannot_gift_their_own_room(server: ServerProcess, room: str, role: Role) -> None:
    await server.grant("c_mira", 100)
    async with talk(server, "c_mira", role=role) as line:
        error = await line.gift(room)

        assert (error["code"], error["message"]) == ("own_room", OwnRoom.sentence)


async def test_a_creator_may_gift_another_room(server: ServerProcess, room: str) -> None:
    await server.grant("c_other", 100)
    async with talk(server, "c_other", role=Role.CREATOR) as line:
        assert (await line.gift(room))["type"] == "gift.ack"


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.OPERATOR])
async def test_moderators_and_operators_send_no_gifts(server: ServerProcess, fan: str, room: str, role: Role) -> None:
    async with talk(server, fan, role=role) as line:
        error = await line.gift(room)

        assert error["code"] == "forbidden"
    answer = server.post(f"/v1/rooms/{room}/gifts", gift_fields(), token=server.token(fan, role=role))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


@pytest.mark.parametrize(("age_ms", "code"), [(3_600_000, "stale_intent"), (-3_600_000, "future_intent")])
async def test_an_intent_of_another_time_is_refused(
    server: ServerProcess, fan: str, room: str, age_ms: int, code: str
) -> None:
    async with talk(server, fan) as line:
        error = await line.gift(room, intent_id=fresh_intent(age_ms=age_ms))

        assert error["code"] == code


async def test_an_intent_at_the_end_of_time_is_from_the_future(server: ServerProcess, fan: str, room: str) -> None:
    async with talk(server, fan) as line:
        error = await line.gift(room, intent_id="ffffffff-ffff-7fff-bfff-ffffffffffff")

        assert error["code"] == "future_intent"


async def test_a_used_intent_with_another_content_is_a_conflict(server: ServerProcess, room: str) -> None:
    ana = fresh("fan")
    await server.grant(ana, 10)
    wish = gift_fields()
    async with talk(server, ana) as line:
        await line.say("gift.send", room=room, **wish)
        await line.answer_to(wish["intent_id"])

        await line.say("gift.send", room=room, **wish | {"count": 2, "max_coins": 2})
        error = await line.answer_to(wish["intent_id"])

        assert error["code"] == "intent_conflict"
        assert server.wallet(ana)["coins"] == 9


# Another fan's intent


async def test_another_fans_intent_is_unknown(server: ServerProcess, fan: str, room: str) -> None:
    ben = fresh("fan")
    await server.grant(ben, 10)
    intent = fresh_intent()
    async with talk(server, ben) as line:
        await line.gift(room, intent_id=intent)

    answer = server.get(f"/v1/gifts/{intent}", token=server.token(fan))

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_intent")
    assert answer.json()["error"]["message"] == UnknownIntent.sentence
    assert server.get(f"/v1/gifts/{intent}", token=server.token(ben)).json()["intent_id"] == intent


async def test_one_intent_id_of_two_fans_is_two_orders(server: ServerProcess, room: str) -> None:
    ana, ben, intent = fresh("fan"), fresh("fan"), fresh_intent()
    await server.grant(ana, 10)
    await server.grant(ben, 10)
    async with talk(server, ana) as first, talk(server, ben) as second:
        of_ana = await first.gift(room, intent_id=intent)
        of_ben = await second.gift(room, intent_id=intent)

    assert of_ana["event_id"] != of_ben["event_id"]
    assert "replayed" not in of_ben
    assert (server.wallet(ana)["coins"], server.wallet(ben)["coins"]) == (9, 9)


# Tokens


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


# The conversation's order


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", ["join", "leave", "gift.send", "nonsense"])
async def test_messages_before_hello_are_refused_and_close_with_4000(
    server: ServerProcess, room: str, encoding: str, kind: str
) -> None:
    async with call(server, encoding=encoding) as line:
        await line.say(kind, room=room, **(gift_fields() if kind == "gift.send" else {}))

        error = await line.expect("error")

        assert error["code"] == ("unknown_type" if kind == "nonsense" else "hello_first")
        assert kind == "nonsense" or error["message"] == HelloFirst.sentence
        assert await line.expect_close() == 4000


async def test_a_second_hello_is_refused_and_changes_nobody(server: ServerProcess, fan: str, room: str) -> None:
    async with talk(server, fan) as line:
        await line.say("hello", token=server.token("somebody-else"))

        error = await line.expect("error")

        assert (error["code"], error["message"]) == ("already_greeted", AlreadyGreeted.sentence)
        assert (await line.gift(room, count=COINS + 1))["code"] == "insufficient_coins"


async def test_a_connection_that_says_no_hello_closes_with_4003(hasty: ServerProcess) -> None:
    async with call(hasty) as line:
        assert await line.expect_close() == 4003


@pytest.mark.parametrize(
    ("field", "value"), [("client", "x" * 65), ("client", 5), ("token", ""), ("token", "x" * 2_049), ("x", 1)]
)
async def test_a_hello_with_a_wrong_field_is_refused(server: ServerProcess, field: str, value: object) -> None:
    async with call(server) as line:
        await line.say("hello", **{"token": server.token("u_ana"), field: value})

        assert (await line.expect("error"))["code"] == "bad_field"
        assert await line.expect_close() == 4000


async def test_a_flood_is_slowed_down_and_then_closed_with_4004(server: ServerProcess, fan: str) -> None:
    with RawSocket(server) as raw:
        raw.upgrade()
        raw.hello(server.token(fan))
        raw.send(frame(TEXT, b'{"type":"leave","room":"a"}') * 400)

        messages, code = raw.read_messages_to_close()

        refused = [message for message in messages if message["type"] == "error"]
        assert code == 4004
        assert {message["code"] for message in refused} == {"rate_limited"}
        assert {message["message"] for message in refused} == {RateLimited.sentence}
        assert all(message["retryable"] and message["retry_after_ms"] >= 1 for message in refused)


async def test_a_gift_that_came_too_fast_is_taken_when_sent_again_after_the_wait(
    server: ServerProcess, room: str
) -> None:
    ana, wish = fresh("fan"), gift_fields()
    await server.grant(ana, 10)
    async with talk(server, ana) as line:
        for _ in range(45):
            await line.say("leave", room="a")
        await line.say("gift.send", room=room, **wish)
        error = await line.answer_to(wish["intent_id"])
        assert (error["code"], error["retryable"]) == ("rate_limited", True)

        async def is_taken() -> bool:
            await line.say("gift.send", room=room, **wish)
            return bool((await line.answer_to(wish["intent_id"]))["type"] == "gift.ack")

        await eventually(is_taken)

    assert server.wallet(ana)["coins"] == 9


async def test_a_connection_watches_at_most_16_rooms(server: ServerProcess, fan: str) -> None:
    rooms = [fresh("many") for _ in range(17)]
    for name in rooms:
        server.open_room(name)
    async with talk(server, fan) as line:
        for name in rooms[:16]:
            await line.join(name)

        await line.say("join", room=rooms[16])
        error = await line.expect("error")
        await line.say("leave", room=rooms[0])
        await line.expect("left")

        assert (error["code"], error["room"]) == ("rate_limited", rooms[16])
        assert (await line.join(rooms[16]))["room"] == rooms[16]


async def test_rooms_that_do_not_exist_do_not_count_towards_the_16(server: ServerProcess, fan: str, room: str) -> None:
    async with talk(server, fan) as line:
        for number in range(17):
            await line.say("join", room=f"no-such-room-{number}")
            error = await line.expect("error")
            assert (error["code"], error["room"]) == ("unknown_room", f"no-such-room-{number}")

        assert (await line.join(room))["room"] == room


# What people write


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "x" * 120,
        "🌹" * 120,
        "שלום \u202e مرحبا",
        '"\\/ \\u0041 {{ }} ${x} %s |:,{s0}',
        "\u2028\u2029\ufeff",
        " ",
        "👩‍👩‍👧‍👦",
    ],
)
@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_a_message_comes_back_as_it_was_written(
    server: ServerProcess, room: str, encoding: str, text: str
) -> None:
    ana = fresh("fan")
    await server.grant(ana, 10)
    async with talk(server, ana, room=room, encoding=encoding) as line, talk(server, "u_ben", room=room) as other:
        await line.gift(room, message=text)

        assert (await line.expect("batch"))["events"][0]["message"] == text
        assert (await other.expect("batch"))["events"][0]["message"] == text
        assert (await other.join(room))["snapshot"]["recent"][-1]["message"] == text


@pytest.mark.parametrize("name", ["Ana <b>", "アナ", "A" * 32, '"quoted|name"', "🌹🌹🌹", "Zoë O'Brien"])
async def test_a_name_comes_back_as_it_is(server: ServerProcess, room: str, name: str) -> None:
    ana = fresh("fan")
    await server.grant(ana, 10)
    async with talk(server, ana, name=name, room=room) as line:
        await line.gift(room)

        batch = await line.expect("batch")

        assert batch["events"][0]["sender"] == {"id": ana, "name": name}
        assert server.room(room)["top_fans"] == [{"id": ana, "name": name, "coins": 1, "simulated": False}]


# The handshake


@pytest.mark.parametrize(
    "origin",
    ["null", "https://evil.example", "http://localhost.evil.example", "", "file://", "http://127.0.0.1", "é"],
)
async def test_a_foreign_origin_is_refused_before_the_upgrade(server: ServerProcess, origin: str) -> None:
    with RawSocket(server) as raw:
        raw.send(raw.upgrade_request(extra=f"Origin: {origin}\r\n"))

        head, body = raw.read_head(), raw.read_to_end()

        assert head.startswith("HTTP/1.1 403")
        assert json.loads(body)["error"]["code"] == "origin_not_allowed"
        assert json.loads(body)["error"]["message"] == OriginNotAllowed.sentence


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_the_servers_own_origin_may_connect(server: ServerProcess, host: str) -> None:
    with RawSocket(server) as raw:
        raw.send(raw.upgrade_request(extra=f"Origin: http://{host}:{server.port}\r\n"))

        assert raw.read_head().startswith("HTTP/1.1 101")


async def test_two_origins_are_refused_when_one_is_foreign(server: ServerProcess) -> None:
    own = f"Origin: http://localhost:{server.port}\r\n"
    for extra in (own + "Origin: https://evil.example\r\n", "Origin: https://evil.example\r\n" + own):
        with RawSocket(server) as raw:
            raw.send(raw.upgrade_request(extra=extra))

            assert raw.read_head().startswith("HTTP/1.1 4")


@pytest.mark.parametrize("subprotocol", ["", "chat", "giftwave.v2.json", "GIFTWAVE.V1.JSON", "giftwave.v1.json2"])
async def test_a_missing_subprotocol_is_http_400(server: ServerProcess, subprotocol: str) -> None:
    with RawSocket(server) as raw:
        request = raw.upgrade_request(subprotocol=subprotocol)
        if not subprotocol:
            request = request.replace(b"Sec-WebSocket-Protocol: \r\n", b"")
        raw.send(request)

        head, body = raw.read_head(), raw.read_to_end()

        assert head.startswith("HTTP/1.1 400")
        assert json.loads(body)["error"]["code"] == "malformed"
        assert "giftwave.v1.json" in json.loads(body)["error"]["message"]


async def test_the_first_known_subprotocol_is_taken(server: ServerProcess) -> None:
    with RawSocket(server) as raw:
        raw.send(raw.upgrade_request(subprotocol="chat, giftwave.v1.msgpack, giftwave.v1.json"))

        assert "sec-websocket-protocol: giftwave.v1.msgpack" in raw.read_head().lower()


@pytest.mark.parametrize(
    "path", ["/", "/v1/nothing", "/v1/catalogue", "/assets/x.js", "/gifts/rose.svg", "/watch/lounge"]
)
async def test_a_websocket_to_another_address_is_refused(server: ServerProcess, path: str) -> None:
    with RawSocket(server) as raw:
        raw.send(raw.upgrade_request(path=path))

        status = raw.read_head().splitlines()[0]

        assert status.split()[1] in ("403", "404"), status


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(
            lambda head: head.replace(b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 8"), id="version"
        ),
        pytest.param(lambda head: head.replace(b"Sec-WebSocket-Key: ", b"Sec-WebSocket-Key: x"), id="bad key"),
        pytest.param(lambda head: head.replace(b"Sec-WebSocket-Key", b"X-Key"), id="no key"),
        pytest.param(lambda head: head.replace(b"GET ", b"POST "), id="POST"),
        pytest.param(lambda head: head[:-2] + b"X: y\r\n" * 200 + b"\r\n", id="200 headers"),
        pytest.param(lambda head: head[:-2] + b"X: " + b"y" * 9_000 + b"\r\n\r\n", id="long header"),
        pytest.param(lambda head: head[:-2] + b"Content-Length: 5\r\n\r\nhello", id="body"),
        pytest.param(lambda head: head[:-2] + b"X: \xe9\r\n\r\n", id="latin-1 header"),
    ],
)
async def test_a_strange_handshake_gets_an_answer(server: ServerProcess, spoil: Callable[[bytes], bytes]) -> None:
    with RawSocket(server) as raw:
        raw.send(spoil(raw.upgrade_request()))

        assert raw.read_head().startswith("HTTP/1.1 ")


# HTTP


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"count":' + b"9" * 5_000 + b"}", b"\x00"],
    ids=["nothing", "half", "list", "null", "text", "not UTF-8", "nested", "huge number", "zero byte"],
)
async def test_a_body_that_is_no_object_is_refused_in_the_one_shape(
    server: ServerProcess, fan: str, room: str, content: bytes
) -> None:
    headers = {"Content-Type": "application/json"}

    answer = server.post(f"/v1/rooms/{room}/gifts", token=server.token(fan), content=content, headers=headers)

    assert answer.status_code in (400, 413)
    assert_one_shape(answer.json())
    assert answer.json()["error"]["code"] in ("malformed", "bad_field", "body_too_large"), answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/msgpack", ""])
async def test_a_body_of_another_content_type_is_refused(server: ServerProcess, fan: str, room: str, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}

    answer = server.post(
        f"/v1/rooms/{room}/gifts",
        token=server.token(fan),
        content=json.dumps(gift_fields(count=COINS + 1)),
        headers=headers,
    )

    assert answer.status_code in (400, 409, 415)
    assert_one_shape(answer.json())


async def test_a_body_of_a_megabyte_is_refused(server: ServerProcess, fan: str, room: str) -> None:
    body = gift_fields(message="x" * 1_000_000)

    answer = server.post(f"/v1/rooms/{room}/gifts", body, token=server.token(fan))

    assert answer.status_code in (400, 413)
    assert_one_shape(answer.json())
    assert len(answer.content) < 2_000, "a refusal does not repeat what it refuses"


async def test_a_body_announced_as_a_gigabyte_is_refused_before_it_is_sent(server: ServerProcess, room: str) -> None:
    with RawSocket(server) as raw:
        head = f"POST /v1/rooms/{room}/gifts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        raw.send(f"{head}Content-Length: 1000000000\r\n\r\n".encode() + b"x" * 100_000)

        assert raw.read_head().startswith("HTTP/1.1 4")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/v1",
        "/v1/",
        "/v1/nothing",
        "/v1/ws",
        "/v1/rooms",
        "/assets/../../etc/passwd",
        "/v1/rooms/a/b/c",
        "/%00",
        "/v1/gifts/",
    ],
)
async def test_an_unknown_path_is_404_in_the_one_shape(server: ServerProcess, path: str) -> None:
    answer = server.get(path)

    assert answer.status_code in (404, 405), path
    assert_one_shape(answer.json())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/catalogue"),
        ("POST", "/v1/wallet"),
        ("GET", "/v1/rooms"),
        ("PUT", "/v1/rooms/a"),
        ("POST", "/metrics"),
    ],
)
async def test_a_wrong_method_is_405_in_the_one_shape(server: ServerProcess, method: str, path: str) -> None:
    answer = server.request(method, path)

    assert answer.status_code == 405
    assert_one_shape(answer.json())
    assert answer.json()["error"]["code"] != "not_found", "there is something at this address"


@pytest.mark.parametrize("room", ["UPPER", "a" * 33, "-a", "a%0A", "a%20b", "a%3Ab", "%F0%9F%8C%B9", "%FF"])
async def test_a_room_id_that_cannot_be_is_400(server: ServerProcess, room: str) -> None:
    answer = server.get(f"/v1/rooms/{room}")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_field"


@pytest.mark.parametrize(
    "intent", ["x", "019b1c3e-5d2a-4cc1-9b3e-0a1b2c3d4e5f", "019b1c3e-5d2a-7cc1-9b3e-0a1b2c3d4e5f%0A"]
)
async def test_an_intent_id_that_cannot_be_is_400(server: ServerProcess, fan: str, intent: str) -> None:
    answer = server.get(f"/v1/gifts/{intent}", token=server.token(fan))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_field")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"room": "ok"},
        {"room": "ok", "title": ""},
        {"room": "ok", "title": "x" * 81},
        {"room": "ok", "title": 5},
        {"room": "ok", "title": "two\nlines"},
        {"room": "ok", "title": "bell\x07"},
        {"room": "UPPER", "title": "x"},
        {"room": "ok\n", "title": "x"},
        {"room": "ok", "title": "x", "extra": 1},
    ],
)
async def test_a_room_that_cannot_be_opened_is_400(server: ServerProcess, body: Message) -> None:
    answer = server.post("/v1/rooms", body, token=server.token("c_wrong", role=Role.CREATOR))

    assert (answer.status_code, answer.json().get("error", {}).get("code")) == (400, "bad_field")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"role": "operator"},
        {"role": "moderator"},
        {"role": "viewer", "name": ""},
        {"role": "viewer", "name": "   "},
        {"role": "viewer", "name": "x" * 33},
        {"role": "viewer", "name": "a\nb"},
        {"role": "viewer", "name": "\u202e"},
        {"role": "viewer", "simulated": "yes"},
        {"role": "viewer", "extra": 1},
    ],
)
async def test_a_demo_session_that_cannot_be_is_400(demo: ServerProcess, body: Message) -> None:
    answer = demo.post("/v1/demo/session", body)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == "bad_field"


@pytest.mark.parametrize("case", BAD_TOKENS)
async def test_a_demo_session_after_a_bad_token_is_401(demo: ServerProcess, case: str) -> None:
    answer = demo.post("/v1/demo/session", {"role": "viewer", "previous_token": BAD_TOKENS[case]})

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "bad_token")


def assert_one_shape(body: dict[str, Any]) -> None:
    """Check that an error looks like every other."""
    assert set(body) == {"error"}
    assert {"code", "message", "retryable"} <= set(body["error"])
    assert body["error"]["message"]
