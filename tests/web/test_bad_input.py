"""A message that cannot be read, or has a wrong field, gets its code and its sentence and moves no coin."""

import json

import msgpack
import pytest

from server.errors import UnknownType
from tests.helpers.line import Message, fresh_intent, gift_fields, talk
from tests.helpers.server import ServerProcess
from tests.web.conftest import ENCODINGS

pytestmark = pytest.mark.usefixtures("nothing_left")


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


# Fields that are wrong


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


# Too many of them


async def test_too_many_bad_messages_close_with_4000(server: ServerProcess, fan: str) -> None:
    async with talk(server, fan) as line:
        for _ in range(21):
            await line.say_raw(b"{")

        assert await line.expect_close() == 4000
