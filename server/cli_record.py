"""Commands about the record: prove it, make the store again from it, back it up, look at the installation."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from server.clock import SystemClock
from server.domain.drift import Drift
from server.errors import BooksMismatch, OperatorError
from server.settings import Settings, load_settings
from server.telemetry.logs import set_up_logs

if TYPE_CHECKING:
    # What a command works with is loaded when it runs: `giftwave --help` does not open a database.
    from server.service.backups import Copied
    from server.service.rebuilding import Rebuilt
    from server.service.reconciling import Reconciled
    from server.service.status import RecordStatus

DRIFT = 3  # exit code: it ran, and what it found is not right
_DRIFTS_SHOWN = 20

JsonOption = Annotated[bool, typer.Option("--json", help="Answer as one JSON object.")]
ProgressOption = Annotated[
    bool | None, typer.Option("--progress/--no-progress", help="Show how far it is.", show_default="on a terminal")
]
OnProgress = Callable[[str, int], None]

record_app = typer.Typer(no_args_is_help=True, help="Look at the books and at who keeps them.")


def mount(app: typer.Typer) -> None:
    """Add these commands to the `giftwave` command."""
    app.command(epilog="Example: giftwave reconcile --json")(reconcile)
    app.command(epilog="Example: giftwave rebuild --replace")(rebuild)
    app.command(epilog="Example: giftwave backup books-2026-03-01.sqlite")(backup)
    app.command(epilog="Example: giftwave restore books-2026-03-01.sqlite")(restore)
    app.command(epilog="Example: giftwave doctor --json")(doctor)
    record_app.command("status", epilog="Example: giftwave record status --json")(status)
    app.add_typer(record_app, name="record")


def reconcile(as_json: JsonOption = False, progress: ProgressOption = None) -> None:
    """Prove that the store and the books hold the same, while gifts go on.

    Exit code 0: they do. 3: they do not, and the evidence is printed. 2: it could not be found out.
    """
    settings = _begin()
    with _shown(progress, as_json=as_json) as on_progress:
        done = asyncio.run(_reconcile(settings, on_progress))
    if as_json:
        typer.echo(json.dumps({"clean": not done.drift_count, **asdict(done), "drifts": _as_rows(done.drifts)}))
    else:
        _print_reconciled(done)
    if done.drift_count:
        raise typer.Exit(DRIFT)


def rebuild(
    replace: Annotated[bool, typer.Option("--replace", help="Delete what the store holds first.")] = False,
    as_json: JsonOption = False,
    progress: ProgressOption = None,
) -> None:
    """Make an empty store again from the books: wallets, earnings, limits, and what was decided lately.

    Rooms are not in the books: their creators open them again. With --replace the store is closed, what it still has
    for the books is copied, and then it is deleted and made anew.
    """
    settings = _begin()
    with _shown(progress, as_json=as_json) as on_progress:
        done = asyncio.run(_rebuild(settings, on_progress, replace=replace))
    if as_json:
        typer.echo(json.dumps(asdict(done)))
    else:
        _print_rebuilt(done)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Copy the embedded books into one checked file, while the server runs.

    Exit code 3: the copy is made and whole, but the books in it do not add up. 2: there is no copy.
    """
    from server.service.backups import back_up

    done = asyncio.run(back_up(_begin(), file, force=force, clock=SystemClock()))
    words = (
        f"{done.file}: {done.bytes:,} bytes, {done.seq:,} records up to epoch {done.epoch or 'none'}, checked and on "
        f"the disk in {done.seconds:.1f} s."
    )
    _answer_copied(done, words, as_json=as_json)
    if done.drifts:
        raise typer.Exit(DRIFT)


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `giftwave backup` wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Take one that does not add up.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Put a backup in the place of the embedded books, of a server that is stopped. The old books are kept."""
    from server.service.backups import restore as put_back

    done = asyncio.run(put_back(_begin(), file, force=force, clock=SystemClock()))
    kept = f"The books that stood there are kept as {done.aside}. " if done.aside else ""
    words = (
        f"Restored {done.seq:,} records from {done.file}. {kept}Now run `giftwave rebuild --replace`, so that the "
        "store follows these books, and then `giftwave serve`."
    )
    _answer_copied(done, words, as_json=as_json)


def status(as_json: JsonOption = False) -> None:
    """Say how far the books are behind the store, who copies, and what keeps it from going on."""
    said = asyncio.run(_status(_begin()))
    if as_json:
        typer.echo(json.dumps(asdict(said)))
    else:
        _print_status(said)


def doctor(as_json: JsonOption = False) -> None:
    """Look for what can cost money: store, books, clocks, disk, secrets, payments.

    Exit code 3 when something fails.
    """
    from server.service.doctoring import check_all

    findings = asyncio.run(check_all(_begin(), SystemClock()))
    counts = {level: sum(finding.level == level for finding in findings) for level in ("ok", "warn", "fail")}
    if as_json:
        typer.echo(json.dumps({**counts, "findings": [asdict(finding) for finding in findings]}))
    else:
        colours = {"ok": "green", "warn": "yellow", "fail": "red"}
        table = _table("", "check", "finding")
        for one in findings:
            advice = f"\n{escape(one.advice)}" if one.advice else ""
            table.add_row(f"[{colours[one.level]}]{one.level}[/]", one.check, f"{escape(one.said)}[dim]{advice}[/]")
        console = Console()
        console.print(table)
        console.print(f"{counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} failed.")
    if counts["fail"]:
        raise typer.Exit(DRIFT)


# What runs


async def _reconcile(settings: Settings, on_progress: OnProgress) -> "Reconciled":
    from server.service.offline import copy_all, open_books, open_store
    from server.service.reconciling import BOOKS_WAIT_S, Reconciling
    from server.store.audit import StoreAudit
    from server.store.keys import Keys
    from server.store.log import LogStore

    keys, clock = Keys(shard_id=0), SystemClock()
    async with open_books(settings) as database, open_store(settings) as store:
        if store.is_alone:
            with suppress(BooksMismatch):  # the comparison says it with evidence
                await copy_all(database, store.client, keys, clock)
        wait_s = 0.0 if store.is_alone else BOOKS_WAIT_S
        audit, logs = StoreAudit(store.client, keys), LogStore(store.client, keys)
        return await Reconciling(database, audit, logs, clock, books_wait_s=wait_s).run(on_progress)


async def _rebuild(settings: Settings, on_progress: OnProgress, *, replace: bool) -> "Rebuilt":
    from server.service.offline import open_books, open_store
    from server.service.rebuilding import Rebuilding
    from server.store.keys import Keys

    async with open_books(settings) as database, open_store(settings) as store:
        await database.migrate()
        rebuilding = Rebuilding(database, store.client, Keys(shard_id=0), SystemClock())
        return await rebuilding.run(replace=replace, on_progress=on_progress)


async def _status(settings: Settings) -> "RecordStatus":
    from server.service.offline import open_books, open_store
    from server.service.status import record_status

    async with open_books(settings) as database:
        try:
            async with open_store(settings) as store:
                return await record_status(settings, database, store.client, SystemClock())
        except OperatorError:
            return await record_status(settings, database, None, SystemClock())


# What it looks like


def _begin() -> Settings:
    settings = load_settings()
    set_up_logs(level="error", as_json=settings.log_format == "json")
    return settings


@contextmanager
def _shown(progress: bool | None, *, as_json: bool) -> Iterator[OnProgress]:
    """Show progress on standard error: on a terminal unless told otherwise."""
    wanted = sys.stderr.isatty() and not as_json if progress is None else progress
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not wanted,
    )
    with bar:
        task = bar.add_task("begin", total=None)
        yield lambda what, count: bar.update(task, description=what, completed=count)


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=any(columns), header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _print_reconciled(done: "Reconciled") -> None:
    console = Console()
    table = _table("", "")
    table.add_row("epoch", done.epoch)
    table.add_row("log", f"{done.seq:,} records, {done.commands:,} commands")
    table.add_row("compared", f"{done.wallets:,} wallets, {done.creators:,} creators")
    table.add_row("books", ", ".join(done.checks))
    table.add_row("took", f"{done.seconds:.1f} s")
    console.print(table)
    if not done.drift_count:
        console.print("[green]No drift.[/] Every coin is explained.")
        return
    console.print(f"\n[red]{done.drift_count:,} drifts.[/]")
    _print_drifts(console, done.drifts)
    if done.drift_count > _DRIFTS_SHOWN:
        console.print(f"… and {done.drift_count - _DRIFTS_SHOWN:,} more; --json lists up to {len(done.drifts)}.")
    console.print(
        "The books are the record. If only the store is wrong, `giftwave rebuild --replace` makes it again; "
        "look at docs/concepts/what-can-go-wrong.md first.",
        soft_wrap=False,
    )


def _print_drifts(console: Console, drifts: list[Drift]) -> None:
    for drift in drifts[:_DRIFTS_SHOWN]:
        says = "; ".join(f"{side}: {value}" for side, value in drift.says)
        console.print(f"[red]✗[/] {escape(drift.account)}: {escape(says)} [dim]({drift.check})[/]", highlight=False)
        for line in drift.evidence:
            console.print(f"    [dim]{escape(line)}[/]", highlight=False)


def _print_rebuilt(done: "Rebuilt") -> None:
    console = Console()
    table = _table("", "")
    for name, count in done.rows.items():
        table.add_row(name, f"{count:,}")
    if done.deleted_keys:
        table.add_row("deleted keys", f"{done.deleted_keys:,}")
    if done.drained:
        table.add_row("copied to the books first", f"{done.drained:,} records")
    console.print(table)
    if done.lost:
        console.print(
            f"[red]{done.lost:,} records that the old store had counted are in no book and could not be read: "
            "they are lost.[/]"
        )
    console.print(
        f"The store lives again, in epoch {done.epoch}, from record {done.seq:,} on, after {done.seconds:.1f} s. "
        "Rooms are not in the books: their creators open them again. Run `giftwave reconcile` for the proof."
    )


def _print_status(said: "RecordStatus") -> None:
    unseen = "not seen"
    table = _table("", "")
    table.add_row(
        "books", f"epoch {said.books_epoch or 'none'}, {said.books_seq:,} records, {said.books_gifts:,} gifts"
    )
    table.add_row("", f"{said.recorded_coins:,} coins given, {said.books_bytes / 1e6:,.1f} MB")
    if said.store_seq is None:
        table.add_row("store", unseen)
    else:
        table.add_row("store", f"epoch {said.store_epoch or 'none'}, {said.store_seq:,} records")
        table.add_row("lag", f"{said.lag_records:,} records, {said.lag_ms:,} ms, {said.log_entries:,} log entries")
        allowed = f"of {said.undrained_coins_max:,} allowed"
        table.add_row("waiting", f"{said.undrained_coins:,} coins {allowed}")
        table.add_row("commands", f"{said.books_commands:,} given, {said.commands_pending:,} pending")
    holder = f"{said.lease_holder}, for {said.lease_ends_in_ms:,} ms" if said.lease_holder else "nobody"
    table.add_row("recorder", holder)
    for account, currency, amount in said.unexplained:
        table.add_row("unexplained", f"{account}: {amount:,} minor {currency} whose fee is not known yet")
    console = Console()
    console.print(table)
    for trouble in said.troubles:
        console.print(f"[yellow]![/] {escape(trouble)}", highlight=False)


def _answer_copied(done: "Copied", words: str, *, as_json: bool) -> None:
    if as_json:
        row = {**asdict(done), "file": str(done.file), "aside": str(done.aside) if done.aside else None}
        typer.echo(json.dumps({**row, "drifts": _as_rows(done.drifts)}))
        return
    console = Console()
    console.print(words, highlight=False)
    if done.drifts:
        console.print(f"[red]Its books do not add up: {len(done.drifts):,} drifts.[/]")
        _print_drifts(console, done.drifts)


def _as_rows(drifts: list[Drift]) -> list[dict[str, object]]:
    return [
        {"check": drift.check, "account": drift.account, "says": dict(drift.says), "evidence": list(drift.evidence)}
        for drift in drifts
    ]
