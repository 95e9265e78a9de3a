"""Statements of fans and creators, as JSON or CSV."""

import asyncio
import csv
import io
from collections.abc import Sequence

import msgspec

from server.clock import Clock
from server.domain.room import Role
from server.domain.statement import (
    LINES_MAX,
    CreatorLine,
    CreatorStatement,
    FanLine,
    FanStatement,
    creator_statement,
    fan_statement,
)
from server.errors import BadField
from server.record import statements as record
from server.record.database import Database
from server.service.identity import Identity
from server.service.roles import require

PERIOD_MS = 30 * 86_400_000
# Spreadsheets run a text that begins with one of these (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class Statements:
    """The use cases of statements."""

    def __init__(self, *, books: Database, clock: Clock) -> None:
        self._books = books
        self._clock = clock

    async def of_fan(self, by: Identity, *, from_ms: int | None, to_ms: int | None) -> FanStatement:
        """Return one's own statement for [from_ms, to_ms); the last 30 days where nothing is said.

        Raises:
            BadField: the period is empty, or has more than LINES_MAX lines.
        """
        start_ms, end_ms = self._period(from_ms, to_ms)
        async with self._books.read() as connection:
            opening = await record.fan_coins_before(connection, by.id, start_ms)
            lines = await record.fan_lines(connection, by.id, from_ms=start_ms, to_ms=end_ms, limit=LINES_MAX + 1)
        _check_length(lines)
        # Ten thousand lines take long enough to keep a room waiting.
        return await asyncio.to_thread(fan_statement, lines, opening=opening, from_ms=start_ms, to_ms=end_ms)

    async def of_creator(self, by: Identity, *, from_ms: int | None, to_ms: int | None) -> CreatorStatement:
        """Return one's own earnings for [from_ms, to_ms). Raises `Forbidden` and as `of_fan`."""
        require(by, Role.CREATOR)
        start_ms, end_ms = self._period(from_ms, to_ms)
        async with self._books.read() as connection:
            opening = await record.creator_units_before(connection, by.id, start_ms)
            lines = await record.creator_lines(connection, by.id, from_ms=start_ms, to_ms=end_ms, limit=LINES_MAX + 1)
        _check_length(lines)
        return await asyncio.to_thread(creator_statement, lines, opening=opening, from_ms=start_ms, to_ms=end_ms)

    def _period(self, from_ms: int | None, to_ms: int | None) -> tuple[int, int]:
        end_ms = self._clock.now_ms() + 1 if to_ms is None else to_ms
        start_ms = max(0, end_ms - PERIOD_MS) if from_ms is None else from_ms
        if start_ms >= end_ms:
            raise BadField("from_ms: comes before to_ms.")
        return start_ms, end_ms


def fan_csv(statement: FanStatement) -> str:
    """Return a fan's statement as CSV: a row for each line, between one for each balance."""
    return _csv(FanLine.__struct_fields__, statement.lines, statement.opening_coins, statement.closing_coins, statement)


def creator_csv(statement: CreatorStatement) -> str:
    """Return a creator's statement as CSV: a row for each line, between one for each balance."""
    return _csv(
        CreatorLine.__struct_fields__, statement.lines, statement.opening_units, statement.closing_units, statement
    )


def _csv(
    names: Sequence[str],
    lines: Sequence[FanLine] | Sequence[CreatorLine],
    opening: int,
    closing: int,
    period: FanStatement | CreatorStatement,
) -> str:
    balance = next(name for name in names if name.startswith("balance_"))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerow({"at_ms": period.from_ms, "kind": "opening", balance: opening})
    writer.writerows({name: _cell(value) for name, value in msgspec.structs.asdict(line).items()} for line in lines)
    writer.writerow({"at_ms": period.to_ms, "kind": "closing", balance: closing})
    return text.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _check_length(lines: Sequence[object]) -> None:
    if len(lines) > LINES_MAX:
        raise BadField(f"from_ms: this period has more than {LINES_MAX:,} lines; ask for a shorter one.")
