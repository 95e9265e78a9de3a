"""Who is connected to this worker, by person: for what concerns one person and no room."""

from typing import Protocol

from server.domain.event import Balance
from server.domain.ids import FanId
from server.wire.messages import ServerMessage, wallet_message
from server.wire.money import MoneyMessage


class Personal(Protocol):
    """A connection that can be told something."""

    def tell(self, message: ServerMessage) -> None:
        """Write a message to this connection."""
        ...


class People:
    """The connections of each person here."""

    def __init__(self) -> None:
        self._connections: dict[str, set[Personal]] = {}

    def add(self, user_id: str, connection: Personal) -> None:
        """Remember a connection."""
        self._connections.setdefault(user_id, set()).add(connection)

    def remove(self, user_id: str, connection: Personal) -> None:
        """Forget a connection; an unknown one is ignored."""
        mine = self._connections.get(user_id, set())
        mine.discard(connection)
        if not mine:
            self._connections.pop(user_id, None)

    def push(self, user_id: str, message: MoneyMessage) -> None:
        """Tell a person's connections something."""
        for connection in self._connections.get(user_id, ()):
            connection.tell(message)

    def push_balances(self, balances: list[tuple[FanId, Balance]]) -> None:
        """Tell each fan's connections, in whatever room or none, about their wallet."""
        for fan, balance in balances:
            for connection in self._connections.get(fan, ()):
                connection.tell(wallet_message(balance))
