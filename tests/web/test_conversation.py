"""The order of a conversation and its limits: who does not keep them is told so, and closed in the end."""

import pytest

from server.errors import (
    AlreadyGreeted,
    HelloFirst,
    RateLimited,
)
from tests.helpers.line import call, gift_fields, talk
from tests.helpers.names import fresh
from tests.helpers.rawsocket import TEXT, RawSocket, frame
from tests.helpers.server import ServerProcess
from tests.helpers.waiting import eventually
from tests.web.conftest import COINS, ENCODINGS

pytestmark = pytest.mark.usefixtures("nothing_left")


# Hello


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


# Too fast, too many


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
