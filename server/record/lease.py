"""A lease: what only one process does at a time, and any may take over when its holder falls silent.

It keeps two recorders from working in vain. It does not have to keep them from doing harm: the cursor does that.
"""

from sqlalchemy import or_, update

from server.record import tables
from server.record.database import Database, insert_into

LEASE_MS = 5_000


class Lease:
    """One process's claim on a name."""

    def __init__(self, database: Database, name: str, holder: str) -> None:
        self._database = database
        self._name = name
        self._holder = holder

    async def take(self, *, now_ms: int) -> bool:
        """Take or prolong the lease for LEASE_MS; False while another holder's runs. Raises `BooksUnavailable`."""
        lease = tables.lease
        row = {"name": self._name, "holder": self._holder, "until_ms": now_ms + LEASE_MS}
        async with self._database.write() as connection:
            insert = insert_into(connection, lease).values(row).on_conflict_do_nothing()
            if (await connection.execute(insert)).rowcount == 1:
                return True
            free = or_(lease.c.holder == self._holder, lease.c.until_ms < now_ms)
            taken = await connection.execute(
                update(lease)
                .where(lease.c.name == self._name, free)
                .values(holder=self._holder, until_ms=row["until_ms"])
            )
            return taken.rowcount == 1

    async def give_back(self) -> None:
        """End the lease early, if it is ours."""
        lease = tables.lease
        mine = (lease.c.name == self._name) & (lease.c.holder == self._holder)
        async with self._database.write() as connection:
            await connection.execute(update(lease).where(mine).values(until_ms=0))
