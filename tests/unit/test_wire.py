"""Messages in both encodings, and the frames around them."""

import json
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame
from websockets.streams import StreamReader

from server.errors import BadField, BadInput, Malformed, UnknownType
from server.wire.close import Close
from server.wire.codec import Encoding, decode, encode, subject_of
from server.wire.frames import SharedFrame, server_frame
from server.wire.messages import Left, ServerMessage
from tests.examples import CLIENT_EXAMPLES, INTENT, SERVER_EXAMPLES

VECTORS = sorted((Path(__file__).parents[1] / "golden").glob("*.json"))
GIFT: dict[str, Any] = {
    "type": "gift.send",
    "intent_id": INTENT,
    "room": "lounge",
    "gift": "rose",
    "count": 1,
    "max_coins": 1,
}
BAD_COUNTS = [-1, 0, 1.5, 1.0, "1", True, None, 10_000, 2**53, 2**63, 2**64 - 1, [], {}, float("inf"), float("nan")]


def packed(message: object, encoding: Encoding) -> bytes:
    return json.dumps(message).encode() if encoding is Encoding.JSON else msgpack.packb(message)


def test_every_message_has_a_golden_vector() -> None:
    assert {path.stem for path in VECTORS} == {*CLIENT_EXAMPLES, *SERVER_EXAMPLES}


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_a_golden_vector_is_what_is_sent_and_read(path: Path) -> None:
    vector = json.loads(path.read_text(encoding="utf-8"))
    raw_json, raw_msgpack = vector["json"].encode(), bytes.fromhex(vector["msgpack_hex"])

    assert json.loads(raw_json) == msgpack.unpackb(raw_msgpack) == vector["message"]
    if vector["direction"] == "client":
        assert decode(raw_json, Encoding.JSON) == decode(raw_msgpack, Encoding.MSGPACK) == CLIENT_EXAMPLES[path.stem]
    else:
        assert encode(SERVER_EXAMPLES[path.stem], Encoding.JSON) == raw_json
        assert encode(SERVER_EXAMPLES[path.stem], Encoding.MSGPACK) == raw_msgpack


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize("count", BAD_COUNTS, ids=repr)
def test_a_count_that_is_not_a_whole_number_in_range_is_refused(count: object, encoding: Encoding) -> None:
    if encoding is Encoding.MSGPACK and isinstance(count, int) and count > 2**64 - 1:
        return

    with pytest.raises(BadInput):
        decode(packed({**GIFT, "count": count}, encoding), encoding)


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"type": "gift.steal"}, UnknownType),
        ({"type": 7}, UnknownType),
        ({"room": "lounge"}, UnknownType),
        ({**GIFT, "discount": 1}, BadField),
        ({**GIFT, "intent_id": INTENT.upper()}, BadField),
        ({**GIFT, "room": "lounge\n"}, BadField),
        ({**GIFT, "message": ""}, BadField),
        ({**GIFT, "message": "a\nb"}, BadField),
        ({**GIFT, "message": "x" * 121}, BadField),
        ({**GIFT, "anonymous": 1}, BadField),
        ({"type": "join", "room": "lounge", "offset": -1}, BadField),
        ([], BadField),
        ("hello", BadField),
        (None, BadField),
    ],
    ids=repr,
)
def test_a_wrong_field_or_type_is_named(message: object, error: type[BadInput], encoding: Encoding) -> None:
    with pytest.raises(error) as caught:
        decode(packed(message, encoding), encoding)

    assert type(caught.value) is error
    assert caught.value.message


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (b"", Encoding.JSON),
        (b"{", Encoding.JSON),
        (b"\xff\xfe", Encoding.JSON),
        (b'{"type":"join","room":"\xff"}', Encoding.JSON),
        (b'{"type":"gift.send","count":NaN}', Encoding.JSON),
        (b"[" * 4_000, Encoding.JSON),
        (b"", Encoding.MSGPACK),
        (b"\xc1", Encoding.MSGPACK),
        (b"\x91" * 4_000, Encoding.MSGPACK),
        (b"\xdf\xff\xff\xff\xff", Encoding.MSGPACK),
        (b"\x81\xa4type\xdb\xff\xff\xff\xff", Encoding.MSGPACK),
        (b"\x82\xa4type\xa4join\xa4room\xa1\xff", Encoding.MSGPACK),
    ],
)
def test_bytes_that_are_no_message_are_refused(raw: bytes, encoding: Encoding) -> None:
    with pytest.raises(BadInput):
        decode(raw, encoding)


@given(raw=st.binary(max_size=200))
def test_random_bytes_never_raise_anything_else(raw: bytes) -> None:
    for encoding in Encoding:
        with pytest.raises(BadInput):
            decode(raw, encoding)
        assert subject_of(raw, encoding) == (None, None)


def test_the_intent_of_a_broken_order_is_found() -> None:
    raw = packed({**GIFT, "count": -1}, Encoding.JSON)

    assert subject_of(raw, Encoding.JSON) == (INTENT, None)


def test_the_room_of_a_join_that_was_not_taken_is_found() -> None:
    assert subject_of(packed({"type": "join", "room": "lounge"}, Encoding.MSGPACK), Encoding.MSGPACK) == (
        None,
        "lounge",
    )


def test_malformed_is_said_for_what_is_not_the_encoding_at_all() -> None:
    with pytest.raises(Malformed):
        decode(b"\xc1", Encoding.MSGPACK)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
@pytest.mark.parametrize("text", [True, False])
def test_a_frame_is_read_by_an_independent_parser(length: int, text: bool) -> None:
    payload = b"x" * length
    reader = StreamReader()
    reader.feed_data(server_frame(payload, text=text))

    parsed = _parse(reader)

    assert parsed.data == payload
    assert parsed.opcode == (1 if text else 2)
    assert parsed.fin


def test_a_shared_frame_is_encoded_once_an_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Encoding] = []

    def counted(message: ServerMessage, how: Encoding) -> bytes:
        calls.append(how)
        return encode(message, how)

    monkeypatch.setattr("server.wire.frames.encode", counted)
    frame = SharedFrame(Left(room="lounge"))

    frames = {frame.variant(encoding) for _ in range(3) for encoding in Encoding}

    assert len(frames) == 2
    assert calls == [Encoding.JSON, Encoding.MSGPACK]


def test_close_codes_say_by_their_range_whether_to_come_back() -> None:
    assert [close for close in Close if close.is_final] == [
        Close.PROTOCOL_ERROR,
        Close.BAD_TOKEN,
        Close.TOKEN_EXPIRED,
        Close.HELLO_TIMEOUT,
        Close.FLOOD,
    ]


def _parse(reader: StreamReader) -> Frame:
    parsing = Frame.parse(reader.read_exact, mask=False)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    assert isinstance(done.value.value, Frame)
    return done.value.value
