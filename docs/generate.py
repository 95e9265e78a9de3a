"""Make the pages and vectors that come from the code: `make docs`. A tidy test fails when a committed one is stale."""

import json
import sys
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from server.domain.accounts import CHART  # noqa: E402
from server.errors import GiftwaveError, OperatorError, all_errors  # noqa: E402
from server.settings import Settings  # noqa: E402
from server.store import keys  # noqa: E402
from server.web.problems import status_of  # noqa: E402
from server.wire.close import Close  # noqa: E402
from tests.examples import CLIENT_EXAMPLES, SERVER_EXAMPLES  # noqa: E402

_LEDGER = "docs/concepts/the-ledger.md"
_CHART_BEGIN = "<!-- chart of accounts: made from server/domain/accounts.py by `make docs` -->"
_CHART_END = "<!-- end of chart -->"
_NOTE = "<!-- Made from the code by `make docs`; change it there. -->"
# Parents in the tree of errors: nothing is ever answered with these.
_GROUPS = {"bad_input", "access_denied", "refused", "unavailable"}


def golden_vectors() -> dict[str, str]:
    """Return the text of each golden vector by its path."""
    made: dict[str, str] = {}
    directions: tuple[tuple[str, dict[str, msgspec.Struct]], ...] = (
        ("client", dict(CLIENT_EXAMPLES)),
        ("server", dict(SERVER_EXAMPLES)),
    )
    for direction, examples in directions:
        for name, message in examples.items():
            vector = {
                "name": name,
                "direction": direction,
                "message": msgspec.to_builtins(message),
                "json": msgspec.json.encode(message).decode(),
                "msgpack_hex": msgspec.msgpack.encode(message).hex(),
            }
            made[f"tests/golden/{name}.json"] = json.dumps(vector, ensure_ascii=False, indent=1) + "\n"
    return made


def errors_page() -> str:
    """Return the reference of error codes and close codes."""
    rows = [
        f"| `{error.code}` | {status_of(error())} | {'yes' if error.retryable else 'no'} | {error.sentence} |"
        for error in all_errors(GiftwaveError)
        if not issubclass(error, OperatorError) and error.code not in _GROUPS
    ]
    return _page(
        "Error codes",
        "The same codes on the socket (`error.code`) and over HTTP (`error.code` in the body). A code never changes",
        "its meaning. A refusal of an order moves no coins and is remembered: the same intent gets the same answer.",
        "",
        "| code | HTTP | retryable | in words |",
        "| --- | --- | --- | --- |",
        *rows,
        "",
        "## Close codes",
        "",
        "4000 to 4499 are final; 4500 and above, and every other code, mean reconnect with backoff.",
        "",
        "| code | name | when | come back |",
        "| --- | --- | --- | --- |",
        *(
            f"| {close.value} | `{close.name.lower()}` | {close.meaning} | {'no' if close.is_final else 'yes'} |"
            for close in Close
        ),
    )


def settings_page() -> str:
    """Return the reference of settings."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else str(field.default).replace(f"{ROOT}/", "")
        rows.append(f"| `GIFTWAVE_{name.upper()}` | {f'`{default}`' if default else ''} | {field.description} |")
    return _page(
        "Settings",
        "Read from the environment when a process starts; options of the command line win over them.",
        "",
        "| variable | default | |",
        "| --- | --- | --- |",
        *rows,
    )


def keys_page() -> str:
    """Return the reference of the store's keys."""
    assert keys.__doc__ is not None
    return _page("Keys in Valkey", keys.__doc__.strip())


def ledger_page() -> str:
    """Return the concept page with its table of accounts as the code has it; the text around it is written by hand."""
    text = (ROOT / _LEDGER).read_text(encoding="utf-8")
    head, _, rest = text.partition(_CHART_BEGIN)
    _, end, tail = rest.partition(_CHART_END)
    rows = [
        f"| `{kind.value}{f':<{rule.owner}>' if rule.owner else ''}` | {rule.asset} | {rule.meaning} | "
        f"{'yes' if rule.may_be_negative else 'no'} |"
        for kind, rule in CHART.items()
    ]
    table = ["| account | asset | what it holds | below zero |", "| --- | --- | --- | --- |", *rows]
    return "\n".join([head + _CHART_BEGIN, "", *table, "", end + tail])


def everything() -> dict[str, str]:
    """Return every generated file by its path in the repository."""
    return {
        **golden_vectors(),
        "docs/reference/errors.md": errors_page(),
        "docs/reference/settings.md": settings_page(),
        "docs/reference/keys.md": keys_page(),
        _LEDGER: ledger_page(),
    }


def _page(title: str, *lines: str) -> str:
    return "\n".join([f"# {title}", "", _NOTE, "", *lines, ""])


if __name__ == "__main__":
    for path, text in everything().items():
        (ROOT / path).write_text(text, encoding="utf-8")
    print(f"{len(everything())} files are up to date")
