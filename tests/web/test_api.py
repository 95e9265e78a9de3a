"""The HTTP API: the same use cases as the socket, the pages' headers, and the health of the server."""

import asyncio
from typing import Any

import pytest

from server.clock import SystemClock
from server.domain.room import Role
from server.web.tokens import Tokens
from tests.helpers.leftovers import assert_no_traceback
from tests.helpers.line import call, fresh_intent, gift_fields, talk
from tests.helpers.names import fresh
from tests.helpers.rawsocket import RawSocket
from tests.helpers.server import SECRET, ServerProcess


async def test_the_catalogue_names_its_revision_and_is_not_sent_twice(server: ServerProcess) -> None:
    first = server.get("/v1/catalogue")

    again = server.get("/v1/catalogue", headers={"If-None-Match": first.headers["ETag"]})
    changed = server.get("/v1/catalogue", headers={"If-None-Match": '"another"'})

    assert first.headers["ETag"] == f'"{first.json()["revision"]}"'
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert (changed.status_code, changed.json()) == (200, first.json())


@pytest.mark.parametrize("said", ["W/{}", '"other", {}', "*"])
async def test_a_proxys_way_to_ask_for_a_revision_is_understood(server: ServerProcess, said: str) -> None:
    etag = server.get("/v1/catalogue").headers["ETag"]

    answer = server.get("/v1/catalogue", headers={"If-None-Match": said.format(etag)})

    assert answer.status_code == 304


async def test_every_gift_of_the_catalogue_can_be_drawn_and_priced(server: ServerProcess) -> None:
    catalogue = server.get("/v1/catalogue").json()

    assert {gift["tier"] for gift in catalogue["gifts"]} <= {tier["tier"] for tier in catalogue["tiers"]}
    assert all(
        set(gift) == {"id", "name", "price_coins", "tier", "combo", "effect", "still"} for gift in catalogue["gifts"]
    )
    async with call(server) as line:
        welcome = await line.hello(server.token(fresh("u")))
    assert welcome["catalogue_revision"] == catalogue["revision"]


async def test_a_wallet_that_was_never_filled_is_empty(server: ServerProcess) -> None:
    assert server.wallet(fresh("u")) == {
        "paid": 0,
        "promo": 0,
        "coins": 0,
        "rev": 0,
        "spent": {"day": 0, "week": 0, "month": 0},
    }


async def test_a_wallet_adds_up_and_its_rev_counts_its_changes(server: ServerProcess, room: str) -> None:
    fan = fresh("u")
    await server.grant(fan, 5, bucket="promo")
    await server.grant(fan, 7, bucket="paid")

    server.post(f"/v1/rooms/{room}/gifts", gift_fields("coffee", count=3), token=server.token(fan))

    assert server.wallet(fan) == {
        "paid": 6,
        "promo": 0,
        "coins": 6,
        "rev": 3,
        "spent": {"day": 6, "week": 6, "month": 6},
    }


async def test_opening_an_open_room_again_changes_nothing(server: ServerProcess) -> None:
    name = fresh("room")
    first = server.open_room(name)

    again = server.open_room(name)

    assert again == first
    assert (first["state"], first["offset"], first["totals"]) == ("open", 1, {"coins": 0, "gifts": 0, "fans": 0})


async def test_a_room_that_opens_again_begins_a_new_epoch(server: ServerProcess, room: str) -> None:
    before = server.room(room)
    server.close_room(room)

    after = server.open_room(room)

    assert after["epoch"] != before["epoch"]
    assert (after["state"], after["offset"]) == ("open", 1)


async def test_closing_a_closed_room_changes_nothing(server: ServerProcess, room: str) -> None:
    server.close_room(room)
    closed = server.room(room)

    server.close_room(room)

    assert server.room(room) == closed
    assert (closed["state"], closed["offset"]) == ("closed", 2)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MODERATOR, Role.OPERATOR])
async def test_only_creators_open_rooms(server: ServerProcess, role: Role) -> None:
    answer = server.post("/v1/rooms", {"room": fresh("room"), "title": "x"}, token=server.token("u_x", role=role))

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


async def test_another_creators_room_is_taken(server: ServerProcess, room: str) -> None:
    token = server.token("c_other", role=Role.CREATOR)

    answer = server.post("/v1/rooms", {"room": room, "title": "mine"}, token=token)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "room_taken")
    assert server.room(room)["creator"]["id"] == "c_mira"


@pytest.mark.parametrize(
    ("user", "role", "status"),
    [
        ("c_mira", Role.CREATOR, 200),
        ("u_op", Role.OPERATOR, 200),
        ("c_other", Role.CREATOR, 403),
        ("c_mira", Role.VIEWER, 403),
        ("u_mod", Role.MODERATOR, 403),
        ("u_ana", Role.VIEWER, 403),
    ],
)
async def test_a_room_is_closed_by_its_creator_or_an_operator(
    server: ServerProcess, room: str, user: str, role: Role, status: int
) -> None:
    answer = server.post(f"/v1/rooms/{room}/close", token=server.token(user, role=role))

    assert answer.status_code == status
    assert server.room(room)["state"] == ("closed" if status == 200 else "open")


async def test_a_room_that_nobody_opened_is_unknown(server: ServerProcess) -> None:
    reading = server.get("/v1/rooms/no-such-room")
    closing = server.post("/v1/rooms/no-such-room/close", token=server.token("u_op", role=Role.OPERATOR))

    for answer in (reading, closing):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_room")


async def test_a_gift_over_http_is_the_gift_over_the_socket(server: ServerProcess, room: str) -> None:
    fan, wish = fresh("u"), gift_fields("coffee", count=3, message="bravo")
    await server.grant(fan, 100)
    async with talk(server, fan, room=room) as line:
        await line.say("gift.send", room=room, **wish)
        ack = await line.answer_to(wish["intent_id"])

        again = server.post(f"/v1/rooms/{room}/gifts", wish, token=server.token(fan))
        stored = server.get(f"/v1/gifts/{wish['intent_id']}", token=server.token(fan))

        assert (again.status_code, again.json()) == (200, ack | {"replayed": True})
        assert {name: value for name, value in stored.json().items() if name != "recorded"} == again.json()
        assert stored.json()["recorded"] in (True, False)
        assert server.wallet(fan)["coins"] == 94


async def test_a_gift_of_http_is_replayed_on_the_socket(server: ServerProcess, room: str) -> None:
    fan, wish = fresh("u"), gift_fields()
    await server.grant(fan, 100)
    first = server.post(f"/v1/rooms/{room}/gifts", wish, token=server.token(fan)).json()

    async with talk(server, fan, encoding="msgpack") as line:
        await line.say("gift.send", room=room, **wish)
        ack = await line.answer_to(wish["intent_id"])

    assert ack == first | {"replayed": True}


async def test_a_gift_over_http_reaches_the_room(server: ServerProcess, room: str) -> None:
    fan = fresh("u")
    await server.grant(fan, 100)
    async with talk(server, "u_ben", room=room) as watcher:
        ack = server.post(f"/v1/rooms/{room}/gifts", gift_fields(), token=server.token(fan)).json()

        batch = await watcher.expect("batch")

        assert batch["events"][0]["id"] == ack["event_id"]
        assert batch["totals"] == server.room(room)["totals"] == {"coins": 1, "gifts": 1, "fans": 1}


async def test_what_became_of_an_intent_can_be_asked(server: ServerProcess, room: str) -> None:
    fan, refused = fresh("u"), gift_fields(count=9_999)
    await server.grant(fan, 1)
    token = server.token(fan)
    refusal = server.post(f"/v1/rooms/{room}/gifts", refused, token=token)

    stored = server.get(f"/v1/gifts/{refused['intent_id']}", token=token)
    never = server.get(f"/v1/gifts/{fresh_intent()}", token=token)

    assert (stored.status_code, stored.json()) == (409, refusal.json())
    assert stored.json()["error"]["code"] == "insufficient_coins"
    assert (never.status_code, never.json()["error"]["code"]) == (404, "unknown_intent")


async def test_http_is_limited_like_the_socket(server: ServerProcess, room: str) -> None:
    fan = fresh("u")
    await server.grant(fan, 100)
    token = server.token(fan)

    answers = await asyncio.gather(
        *(
            asyncio.to_thread(server.post, f"/v1/rooms/{room}/gifts", gift_fields("no-such"), token=token)
            for _ in range(120)
        )
    )

    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited
    assert {answer.json()["error"]["code"] for answer in limited} == {"rate_limited"}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in limited)


# The demo


async def test_serve_has_no_demo_sessions(server: ServerProcess) -> None:
    answer = server.post("/v1/demo/session", {"role": "viewer"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_a_demo_session_gives_a_token_and_coins(demo: ServerProcess) -> None:
    session = demo.post("/v1/demo/session", {"role": "viewer", "name": "Ana"}).json()

    wallet = demo.get("/v1/wallet", token=session["token"]).json()

    assert (session["user"]["name"], session["user"]["role"], session["room"]) == ("Ana", "viewer", "lounge")
    assert wallet["coins"] == 50_000


async def test_a_demo_session_keeps_who_one_was_and_fills_up_what_was_spent(demo: ServerProcess) -> None:
    demo.open_room("lounge")
    first = demo.post("/v1/demo/session", {"role": "viewer", "name": "Ana"}).json()
    demo.post("/v1/rooms/lounge/gifts", gift_fields("confetti"), token=first["token"])

    again = demo.post("/v1/demo/session", {"role": "viewer", "previous_token": first["token"]}).json()

    assert again["user"] == first["user"]
    assert demo.get("/v1/wallet", token=again["token"]).json()["coins"] == 50_000


async def test_an_expired_token_keeps_its_identity_and_a_viewers_makes_no_creator(demo: ServerProcess) -> None:
    expired = Tokens(SECRET, SystemClock()).mint("u_old", name="Old", role=Role.VIEWER, ttl_s=-10)

    same = demo.post("/v1/demo/session", {"role": "viewer", "previous_token": expired})
    other = demo.post("/v1/demo/session", {"role": "creator", "previous_token": expired})

    assert same.json()["user"] == {"id": "u_old", "name": "Old", "role": "viewer"}
    assert (other.status_code, other.json()["error"]["code"]) == (403, "forbidden")


@pytest.mark.parametrize("name", ["Zoë", "アナ", "Ana María", "O'Brien", "🌹", "👩‍👩‍👧", "नमस्ते", "<b>"])
async def test_names_of_people_are_taken_as_they_are(demo: ServerProcess, name: str) -> None:
    answer = demo.post("/v1/demo/session", {"role": "viewer", "name": name})

    assert answer.status_code == 200, answer.text
    assert answer.json()["user"]["name"] == name


# Health, headers, documentation


async def test_a_healthy_server_says_so(server: ServerProcess) -> None:
    assert server.get("/healthz").json() == {"status": "alive"}
    assert server.get("/readyz").json() == {"status": "ready"}


async def test_metrics_count_gifts_and_coins(server: ServerProcess, room: str) -> None:
    fan = fresh("u")
    await server.grant(fan, 100)
    gifts, coins = server.gauge("giftwave_gifts_total"), server.gauge("giftwave_coins_total")

    server.post(f"/v1/rooms/{room}/gifts", gift_fields("donut"), token=server.token(fan))

    assert server.gauge("giftwave_gifts_total") == gifts + 1
    assert server.gauge("giftwave_coins_total") == coins + 10
    assert server.get("/metrics").headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/healthz", "/v1/catalogue", "/v1/wallet", "/nothing", "/watch/lounge", "/metrics"])
async def test_every_answer_carries_the_security_headers(server: ServerProcess, path: str) -> None:
    headers = server.get(path).headers

    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Server" not in headers


async def test_a_token_is_never_logged(server: ServerProcess, room: str) -> None:
    token = server.token(fresh("u"))

    server.get(f"/v1/wallet?token={token}", token=token)
    async with talk(server, fresh("u"), room=room):
        pass

    assert token not in server.log()
    assert SECRET not in server.log()


async def test_the_openapi_document_lists_every_route(demo: ServerProcess) -> None:
    document: dict[str, Any] = demo.get("/v1/openapi.json").json()

    listed = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}

    assert listed == {
        "GET /v1/catalogue",
        "GET /v1/wallet",
        "GET /v1/limits",
        "PUT /v1/limits",
        "POST /v1/limits/lock",
        "POST /v1/rooms",
        "GET /v1/rooms/{room}",
        "POST /v1/rooms/{room}/close",
        "POST /v1/rooms/{room}/gifts",
        "GET /v1/gifts/{intent_id}",
        "POST /v1/demo/session",
        "GET /v1/packs",
        "POST /v1/topups",
        "GET /v1/topups",
        "GET /v1/topups/{topup_id}",
        "POST /v1/webhooks/{provider}",
        "GET /v1/statement",
        "GET /v1/creator/statement",
        "GET /v1/earnings",
        "PUT /v1/payouts/destination",
        "POST /v1/payouts/quote",
        "POST /v1/payouts",
        "GET /v1/payouts",
        "GET /v1/payouts/{payout_id}",
        "POST /v1/operator/gifts/{event_id}/refund",
        "POST /v1/operator/topups/{topup_id}/refund",
        "POST /v1/operator/holds",
        "POST /v1/operator/holds/{hold_id}/release",
        "GET /v1/operator/payouts",
        "POST /v1/operator/payouts/{payout_id}/approve",
        "POST /v1/operator/payouts/{payout_id}/reject",
    }


async def test_requests_in_one_segment_are_answered_in_order(server: ServerProcess) -> None:
    head = " HTTP/1.1\r\nHost: x\r\n"
    with RawSocket(server) as raw:
        raw.send(f"GET /healthz{head}\r\nGET /nothing{head}\r\nGET /readyz{head}Connection: close\r\n\r\n".encode())

        answers = raw.read_to_end().decode()

    assert [
        at for at in (answers.find("alive"), answers.find("not_found"), answers.find("ready")) if at >= 0
    ] == sorted([answers.find("alive"), answers.find("not_found"), answers.find("ready")])
    assert answers.count("HTTP/1.1 ") == 3


async def test_an_upgrade_behind_a_request_in_one_segment_is_done_or_refused(server: ServerProcess) -> None:
    with RawSocket(server) as raw:
        raw.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + raw.upgrade_request())

        first, rest = raw.read_head(), raw.read_head()

    assert first.startswith("HTTP/1.1 200")
    assert "HTTP/1.1 101" in rest or "HTTP/1.1 4" in rest
    assert_no_traceback(server)


async def test_connections_that_say_nothing_keep_nobody_out(server: ServerProcess, room: str) -> None:
    silent = [RawSocket(server) for _ in range(300)]
    for raw in silent[::2]:
        raw.send(b"GET /v1/ws HTTP/1.1\r\nHost:")

    async with talk(server, fresh("u"), room=room) as line:
        await line.say("leave", room=room)
        await line.expect("left")

    for raw in silent:
        raw.reset()


async def test_a_connection_that_never_sends_its_request_is_closed(hasty: ServerProcess) -> None:
    with RawSocket(hasty) as nothing, RawSocket(hasty) as half:
        half.send(b"GET /healthz HTTP/1.1\r\nHost:")

        assert nothing.read_to_end() == b""
        half.read_to_end()
