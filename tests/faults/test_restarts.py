"""What was written is there after a restart, and is charged no second time."""

from tests.helpers.books import assert_books_balance
from tests.helpers.line import gift_fields, talk
from tests.helpers.server import ServerProcess


async def test_a_server_starts_on_what_a_killed_one_left() -> None:
    server = ServerProcess("serve")
    try:
        server.start()
        server.open_room("lounge")
        await server.grant("u_ana", 10)
        server.kill()

        # At once: the store of the killed one may still be about to end.
        server.start()

        assert server.wallet("u_ana")["coins"] == 10
        server.stop()
    finally:
        server.end()
        server.forget()


async def test_data_survives_a_restart_of_the_server() -> None:
    with ServerProcess("serve") as server:
        server.open_room("lounge")
        await server.grant("u_ana", 100)
        wish, token = gift_fields("donut"), server.token("u_ana")
        first = server.post("/v1/rooms/lounge/gifts", wish, token=token).json()
        before = (server.wallet("u_ana"), server.room("lounge"))
        server.stop()

        server.start()

        assert (server.wallet("u_ana"), server.room("lounge")) == before
        assert server.post("/v1/rooms/lounge/gifts", wish, token=token).json() == first | {"replayed": True}
        async with talk(server, "u_ana") as line:
            joined = await line.join("lounge", epoch=first["epoch"], offset=1)
            assert [event["id"] for event in joined["events"]] == [first["event_id"]]
        assert_books_balance(server)
