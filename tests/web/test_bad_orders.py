"""Orders that are understood and refused: each says why, and says it again."""

from collections.abc import Callable

import pytest

from server.domain.room import Role
from server.errors import (
    CountNotAllowed,
    GiftwaveError,
    InsufficientCoins,
    OwnRoom,
    PriceChanged,
    RoomClosed,
    UnknownGift,
    UnknownIntent,
    UnknownRoom,
)
from tests.helpers.line import Message, fresh_intent, gift_fields, talk
from tests.helpers.names import fresh
from tests.helpers.server import ServerProcess
from tests.web.conftest import COINS, ENCODINGS

pytestmark = pytest.mark.usefixtures("nothing_left")

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
