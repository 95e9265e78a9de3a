"""The command `giftwave bench`, also `python -m client_demo.bench`."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from client_demo.bench.figures import Figures, figures_of
from client_demo.bench.gifts_room import Options, run
from client_demo.bench.report import as_json, print_report
from client_demo.bench.server_process import ServerFailed, running_server, tree_cpu_s
from client_demo.python.giftwave_client import GiftwaveError, Unreachable

EXIT_FAILED, EXIT_LOSSES, EXIT_STOPPED = 1, 3, 130
EXAMPLES = (
    "Examples: giftwave bench gifts-room  ·  "
    "giftwave bench gifts-room --viewers 500 --gifts-per-second 200 --json result.json  ·  "
    "giftwave bench gifts-room --url http://127.0.0.1:8080 --seconds 60. "
    "Exit codes: 1 it could not run, 2 bad options, 3 a viewer missed or repeated an acknowledged gift."
)

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def bench() -> None:
    """Put a measured load on a server and print what it did."""


@app.command("gifts-room", epilog=EXAMPLES)
def gifts_room(
    viewers: Annotated[int, typer.Option(help="Connections that watch the room.", min=1, max=5_000)] = 200,
    gifts_per_second: Annotated[int, typer.Option(help="Gifts on a fixed schedule.", min=1, max=2_000)] = 100,
    seconds: Annotated[int, typer.Option(help="How long to measure.", min=1, max=3_600)] = 20,
    warmup: Annotated[int, typer.Option(help="Seconds at full load before measuring.", min=0, max=600)] = 5,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures there too.")] = None,
    url: Annotated[str | None, typer.Option(help="A running server in demo mode.")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Start an own server; so it is without --url.")] = False,
) -> None:
    """One room, many viewers, a steady rain of gifts: how fast, how many, how much CPU, and was anything lost."""
    if url is not None and serve:
        raise typer.BadParameter("give --url to measure that server, or --serve to start one, not both.")
    if url is not None and not url.startswith("http://"):
        raise typer.BadParameter(f"{url!r} is no plain http:// address, like http://127.0.0.1:8080.")
    if json_file is not None and not json_file.parent.is_dir():
        raise typer.BadParameter(f"--json: there is no folder {json_file.parent}.")
    options = Options(viewers=viewers, gifts_per_second=gifts_per_second, seconds=seconds, warmup=warmup)
    console = Console(stderr=True)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            figures = runner.run(_measure(url, options, console))
    except asyncio.CancelledError:
        console.print("Stopped.")
        raise typer.Exit(EXIT_STOPPED) from None
    except Unreachable as error:
        console.print(f"No server answers at {url}; start one with `giftwave demo`, or leave --url out.", markup=False)
        raise typer.Exit(EXIT_FAILED) from error
    except (OSError, GiftwaveError, ServerFailed) as error:
        console.print(f"It could not run. {error}", markup=False)
        raise typer.Exit(EXIT_FAILED) from error
    print_report(figures, options, Console())
    if json_file is not None:
        json_file.write_text(json.dumps(as_json(figures, options), indent=2, ensure_ascii=False) + "\n")
    if figures.losses.is_mismatch:
        raise typer.Exit(EXIT_LOSSES)


async def _measure(url: str | None, options: Options, console: Console) -> Figures:
    task = asyncio.current_task()
    assert task is not None
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    with _progress(console) as progress:
        tell = _teller(progress)
        tell("starting", 0.0)
        async with _server(url) as (address, cpu_s):
            observed = await run(address, options, cpu_s=cpu_s, tell=tell)
    return figures_of(observed, options)


@asynccontextmanager
async def _server(url: str | None) -> AsyncIterator[tuple[str, Callable[[], float] | None]]:
    """The server to measure, and how to read its CPU time where it is ours."""
    if url is not None:
        yield url.rstrip("/"), None
        return
    async with running_server() as (address, pid):
        yield address, partial(tree_cpu_s, pid)


def _progress(console: Console) -> Progress:
    # No refreshing thread: it would take the interpreter lock from the generator ten times a second.
    columns = (TextColumn("{task.description:>10}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, auto_refresh=False, transient=True)


def _teller(progress: Progress) -> Callable[[str, float], None]:
    bar = progress.add_task("", total=1.0)

    def tell(phase: str, done: float) -> None:
        progress.update(bar, description=phase, completed=done, refresh=True)

    return tell
