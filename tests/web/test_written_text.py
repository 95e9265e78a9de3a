"""What people write, in messages and names, comes back as it was written."""

import pytest

from tests.helpers.line import talk
from tests.helpers.names import fresh
from tests.helpers.server import ServerProcess
from tests.web.conftest import ENCODINGS

pytestmark = pytest.mark.usefixtures("nothing_left")


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
