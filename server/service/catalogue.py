"""Read a catalogue file and explain what is wrong with it."""

import re
import tomllib
from pathlib import Path

from server.domain.fault import Fault
from server.domain.gift import Catalogue, parse_catalogue
from server.errors import CatalogueInvalid

_TABLE = re.compile(r"^\s*\[\[\s*(\w+)\s*\]\]")
_FIELD = re.compile(r"^\s*([\w-]+)\s*=")


def load_catalogue(path: Path) -> Catalogue:
    """Read the catalogue at `path`.

    Raises:
        CatalogueInvalid: one line for each fault, with its place.
    """
    catalogue, faults = check_catalogue(path)
    if catalogue is None:
        raise CatalogueInvalid(f"{path} has {len(faults)} fault(s):\n" + "\n".join(faults))
    return catalogue


def check_catalogue(path: Path) -> tuple[Catalogue | None, list[str]]:
    """Return the catalogue, or every fault as `file:line: table[n].field what is wrong`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return None, [f"{path}: cannot be read: {error}"]
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, [f"{path}: is not TOML: {error}"]
    catalogue, faults = parse_catalogue(document)
    lines = _line_numbers(text)
    return catalogue, [_place(path, fault, document, lines) for fault in faults]


def _line_numbers(text: str) -> dict[tuple[str, int, str], int]:
    """Map (table, row, field) to its line; a table's own line has the field ""."""
    found: dict[tuple[str, int, str], int] = {}
    rows: dict[str, int] = {}
    table = "file"
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(line):
            table = header.group(1)
            rows[table] = rows.get(table, -1) + 1
            found[table, rows[table], ""] = number
        elif field := _FIELD.match(line):
            found[table, rows.get(table, 0), field.group(1)] = number
    return found


def _place(path: Path, fault: Fault, document: dict[str, object], lines: dict[tuple[str, int, str], int]) -> str:
    line = lines.get((fault.table, fault.index, fault.field)) or lines.get((fault.table, fault.index, "")) or 1
    if fault.table == "file":
        return f"{path}:{line}: {fault.field} {fault.message}"
    rows = document[fault.table]
    assert isinstance(rows, list)
    row = rows[fault.index]
    name = next((row[key] for key in ("id", "name", "currency") if row.get(key)), "")
    return f"{path}:{line}: {fault.table}[{fault.index}]{f' ({name})' if name else ''}.{fault.field} {fault.message}"
