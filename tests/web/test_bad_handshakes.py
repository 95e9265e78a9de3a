"""Handshakes from elsewhere, without a subprotocol, to another address or simply strange are answered over HTTP."""

import json
from collections.abc import Callable

import pytest

from server.errors import OriginNotAllowed
from tests.helpers.rawsocket import RawSocket
from tests.helpers.server import ServerProcess

pytestmark = pytest.mark.usefixtures("nothing_left")


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
