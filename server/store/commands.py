"""Follow the commands of the books."""

from collections.abc import Sequence

from server.domain.command import Command
from server.domain.ids import CreatorId, FanId, RoomId
from server.errors import BooksMismatch, GateClosed
from server.store.client import StoreClient
from server.store.keys import Keys
from server.store.scripts import APPLY_COMMANDS

COMMANDS_MAX = 128


class CommandStore:
    """Applies commands to one shard, in their order and each once."""

    def __init__(self, client: StoreClient, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def cursor(self) -> int:
        """Return the number of the last command that was followed."""
        return int(await self._client.hget(self._keys.shard, "commands") or 0)

    async def apply(self, commands: Sequence[tuple[int, Command]]) -> int:
        """Follow up to COMMANDS_MAX numbered commands; ones from before are skipped. Return the last number followed.

        Raises:
            GateClosed: the shard is not ready; nothing was changed.
            BooksMismatch: a command before these is missing; nothing was changed.
        """
        assert 1 <= len(commands) <= COMMANDS_MAX, len(commands)
        call = _Call(self._keys)
        for number, command in commands:
            call.add(number, command)
        reply = await self._client.run(
            APPLY_COMMANDS,
            keys=[self._keys.shard, *call.keys],
            args=[self._keys.wallets_channel, str(len(commands)), *call.args],
        )
        match reply:
            case [b"gate_closed"]:
                raise GateClosed(retry_after_ms=1_000)
            case [b"gap", bytes(last)]:
                raise BooksMismatch(f"The store followed command {int(last)}; the books offer {commands[0][0]} next.")
            case [bytes(last)]:
                return int(last)
            case _:
                raise AssertionError(reply)


class _Call:
    def __init__(self, names: Keys) -> None:
        self._names = names
        self.keys: dict[str, int] = {}
        self.args: list[str] = []

    def add(self, number: int, command: Command) -> None:
        names = self._names
        fan, creator, room = FanId(command.fan), CreatorId(command.creator), RoomId(command.room)
        moves_wallet = bool(fan and (command.paid_coins or command.promo_coins))
        self.args += [
            str(number),
            fan,
            self._index(names.wallet(fan)) if moves_wallet else "0",
            str(command.paid_coins),
            str(command.promo_coins),
            self._index(names.creator(creator)) if creator and command.creator_units else "0",
            str(command.creator_units),
            self._index(names.room(room)) if room else "0",
            self._index(names.board(room)) if room else "0",
            command.room_epoch,
            str(command.room_coins),
            str(command.room_gifts),
            "0" if command.hidden else str(command.room_coins),
        ]

    def _index(self, key: str) -> str:
        # Lua counts from 1, and the shard comes first.
        return str(2 + self.keys.setdefault(key, len(self.keys)))
