"""Look at the state of the books: how full they are, who keeps them, and whether they promise what we need."""

from dataclasses import dataclass

from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from server.record import tables
from server.record.database import migrations
from server.record.drain import Cursor, read_cursor

# Beyond its own fsync, PostgreSQL can be told not to wait for the disk; then a commit is only a promise.
_POSTGRESQL_PROMISES = {"fsync": ("on",), "full_page_writes": ("on",)}
_COMMITS = ("on", "remote_write", "remote_apply", "local")


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """How far the books are, who copies into them, and how large they are."""

    cursor: Cursor | None
    holder: str
    lease_until_ms: int
    bytes: int
    clearing: tuple[tuple[str, str, int], ...]  # account, currency and amount whose fee is not known


async def describe(connection: AsyncConnection) -> Books:
    """Return the state of the books."""
    lease, balance = tables.lease, tables.balance
    held = (await connection.execute(select(lease).where(lease.c.name == "recorder"))).mappings().one_or_none()
    clearing = await connection.execute(
        select(balance.c.account, balance.c.asset, balance.c.amount)
        .where(balance.c.kind == "provider_clearing", balance.c.amount != 0)
        .order_by(balance.c.account, balance.c.asset)
    )
    if connection.dialect.name == "postgresql":
        size = "SELECT pg_database_size(current_database())"
    else:
        size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    return Books(
        cursor=await read_cursor(connection),
        holder=held["holder"] if held is not None and held["until_ms"] else "",
        lease_until_ms=held["until_ms"] if held is not None else 0,
        bytes=int((await connection.execute(text(size))).scalar_one()),
        clearing=tuple((account, asset, int(amount)) for account, asset, amount in clearing),
    )


async def version_of(connection: AsyncConnection) -> str:
    """Return the name of the database program."""
    query = "SHOW server_version" if connection.dialect.name == "postgresql" else "SELECT sqlite_version()"
    return str((await connection.execute(text(query))).scalar_one())


async def clock_ms(connection: AsyncConnection) -> int | None:
    """Return the database server's time; embedded books have none of their own."""
    if connection.dialect.name != "postgresql":
        return None
    query = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
    return int((await connection.execute(text(query))).scalar_one())


async def missing_rules(connection: AsyncConnection) -> list[str]:
    """Return which constraints and triggers of the schema are not in place."""
    missing: list[str] = await connection.run_sync(_missing_constraints)
    if connection.dialect.name == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
        expected = {f"{table}_no_change" for table in tables.POSTED}
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        expected = {f"{table}_no_{verb}" for table in tables.POSTED for verb in ("update", "delete")}
    found = {str(name) for (name,) in await connection.execute(text(query))}
    return sorted([*missing, *(expected - found)])


async def is_migrated(connection: AsyncConnection) -> bool:
    """Whether the schema is that of this release."""
    found = {str(version) for (version,) in await connection.execute(text("SELECT version_num FROM alembic_version"))}
    return found == set(ScriptDirectory.from_config(migrations()).get_heads())


async def broken_promises(connection: AsyncConnection) -> list[str]:
    """Return the settings of the database that let a commit be lost."""
    if connection.dialect.name == "postgresql":
        names = {**_POSTGRESQL_PROMISES, "synchronous_commit": _COMMITS}
        found = {name: str((await connection.execute(text(f"SHOW {name}"))).scalar_one()) for name in names}
        return [f"{name} is {found[name]}" for name, good in names.items() if found[name] not in good]
    journal = (await connection.execute(text("PRAGMA journal_mode"))).scalar_one()
    synchronous = int((await connection.execute(text("PRAGMA synchronous"))).scalar_one())
    broken = [] if journal == "wal" else [f"journal_mode is {journal}"]
    # 2 is FULL, 3 is EXTRA.
    return broken if synchronous >= 2 else [*broken, f"synchronous is {synchronous}"]


async def count_gifts(connection: AsyncConnection) -> int:
    """Return how many gifts the books hold."""
    return int((await connection.execute(select(func.count()).select_from(tables.gift))).scalar_one())


def _missing_constraints(connection: Connection) -> list[str]:
    inspector = inspect(connection)
    known = set(inspector.get_table_names())
    missing = []
    for name, table in tables.metadata.tables.items():
        if name not in known:
            missing.append(f"table {name}")
            continue
        found = {str(check["name"]) for check in inspector.get_check_constraints(name)}
        # The names that the convention of the metadata gives, as the migration wrote them.
        said = (str(one.name) for one in table.constraints if isinstance(one, CheckConstraint))
        expected = {one if one.startswith("ck_") else f"ck_{name}_{one}" for one in said}
        missing += [f"{name}.{one}" for one in sorted(expected - found)]
    return missing
