"""Let the store follow what the books decided: right after a transaction, and again by the recorder."""

from server.record.commands import commands_after
from server.record.database import Database
from server.store.commands import COMMANDS_MAX, CommandStore


class Following:
    """Carries commands from the books to the store."""

    def __init__(self, database: Database, commands: CommandStore) -> None:
        self._database = database
        self._commands = commands

    async def catch_up(self) -> int:
        """Apply every command that the store has not followed yet; return how many were offered.

        Two that do this at once are harmless: the store takes each number once.

        Raises:
            BooksUnavailable, StoreUnavailable, GateClosed: some were not applied yet; the recorder comes back for them.
        """
        offered = 0
        after = await self._commands.cursor()
        while True:
            async with self._database.read() as connection:
                commands = await commands_after(connection, after, COMMANDS_MAX)
            if not commands:
                return offered
            after = await self._commands.apply(commands)
            offered += len(commands)
