"""The WebSocket endpoint: check the Origin and the subprotocol, accept, hand over."""

from starlette.responses import JSONResponse
from starlette.websockets import WebSocket

from server.errors import GiftwaveError, Malformed, OriginNotAllowed
from server.web.adopt import ADOPT, AdoptableProtocol
from server.web.problems import problem
from server.web.session import Session, SessionContext
from server.wire.codec import SUBPROTOCOLS


class SocketEndpoint:
    """`/v1/ws`."""

    def __init__(self, context: SessionContext) -> None:
        self._context = context

    async def accept(self, socket: WebSocket) -> None:
        """Accept a connection and return: from then on the session owns it."""
        origin = socket.headers.get("origin")
        if origin is not None and origin.rstrip("/") not in self._context.settings.allowed_origins:
            await _deny(socket, OriginNotAllowed())
            return
        offered = [name for name in socket.scope["subprotocols"] if name in SUBPROTOCOLS]
        if not offered:
            await _deny(socket, Malformed(f"Offer one of the subprotocols {', '.join(SUBPROTOCOLS)}."))
            return
        await socket.accept(subprotocol=offered[0])
        connection = socket.scope["extensions"][ADOPT]
        assert isinstance(connection, AdoptableProtocol)
        session = Session(self._context, connection, SUBPROTOCOLS[offered[0]])
        connection.adopt(session, self._context.settings)


async def _deny(socket: WebSocket, error: GiftwaveError) -> None:
    answer: JSONResponse = problem(error)
    await socket.send_denial_response(answer)
