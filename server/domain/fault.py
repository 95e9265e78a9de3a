"""Faults of a catalogue file, and the check that every table of it shares: the right fields of the right types."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_WORDS: dict[type, str] = {str: "text in quotes", int: "a whole number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a catalogue: where (`gift[3].price_coins`) and what to do about it."""

    table: str
    index: int
    field: str
    message: str


def read_rows(
    document: Mapping[str, Any], table: str, fields: Mapping[str, type], faults: list[Fault], *, needed: bool = True
) -> list[dict[str, Any]]:
    """Return the rows of `table`, reporting missing, unknown and mistyped fields; only a `needed` one must be there."""
    if not needed and table not in document:
        return []
    rows = document.get(table)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        faults.append(Fault("file", 0, table, f"needs at least one [[{table}]]"))
        return []
    for index, row in enumerate(rows):
        for name, kind in fields.items():
            if name not in row:
                faults.append(Fault(table, index, name, "is missing"))
            elif type(row[name]) is not kind:
                faults.append(Fault(table, index, name, f"must be {_WORDS[kind]}, not {row[name]!r}"))
        faults.extend(
            Fault(table, index, name, f"is not a field of a {table}; known are {', '.join(fields)}")
            for name in row
            if name not in fields
        )
    return rows


def is_whole(row: Mapping[str, Any], fields: Mapping[str, type]) -> bool:
    """Whether a row has every field in its type, so that its values can be looked at."""
    return all(type(row.get(name)) is kind for name, kind in fields.items())
