"""`python -m client_demo.crowd`: bring a simulated crowd to a demo."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

import typer

from client_demo.crowd.fans import Fan, play
from client_demo.crowd.model import plan
from client_demo.crowd.people import name_of
from client_demo.python.demo_sessions import gift_prices, open_room
from client_demo.python.giftwave_client import GiftwaveError, Refused, Unreachable

TITLE = "Late night piano"
PATIENCE_S = 30.0  # without any server, at the start or after it went away
RETRY_S = 1.0

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Who comes, and how they give."""

    url: str
    fans: int
    rate_per_s: float
    seed: int


@app.command(epilog="Example: python -m client_demo.crowd --url http://127.0.0.1:8080 --fans 12 --rate 1.2")
def main(
    url: Annotated[str, typer.Option(help="A server in demo mode.")] = "http://127.0.0.1:8080",
    fans: Annotated[int, typer.Option(help="How many come.", min=1, max=200)] = 12,
    rate: Annotated[float, typer.Option(help="Gifts a second, all together.", min=0.1, max=100)] = 1.2,
    seed: Annotated[int, typer.Option(help="The same seed plays the same evening.")] = 7,
    seconds: Annotated[float | None, typer.Option(help="Go home after so long; else play on.", min=0)] = None,
) -> None:
    """Bring a simulated crowd to a demo: its gifts go the whole real way and are marked as simulated."""
    company = Company(url=url.rstrip("/"), fans=fans, rate_per_s=rate, seed=seed)
    farewell = asyncio.run(_until_stopped(company, seconds))
    if farewell is not None:
        sys.stderr.write(f"{farewell}\n")
        raise typer.Exit(1)


async def _until_stopped(company: Company, seconds: float | None) -> str | None:
    """Run until a signal, the time or the end of the server; returns a sentence where there was nothing to do."""
    loop = asyncio.get_running_loop()
    show = asyncio.create_task(_evening(company), name="crowd")
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, show.cancel)
    with suppress(asyncio.CancelledError, TimeoutError):
        async with asyncio.timeout(seconds):
            return await show
    return None


async def _evening(company: Company) -> str | None:
    """Play, and come again when the server was away, until it stays away."""
    has_played = False
    while True:
        try:
            room, tiers = await _arrive(company.url)
        except (Unreachable, Refused) as error:
            return None if has_played else f"No crowd tonight. {error}"
        has_played = True
        fans = [Fan(company.url, name_of(number), room) for number in range(company.fans)]
        prices = {gift: price for gifts in tiers.values() for gift, price in gifts.items()}
        shelf = {tier: sorted(gifts) for tier, gifts in tiers.items()}
        taps = plan(shelf, seed=company.seed, fans=company.fans, rate_per_s=company.rate_per_s)
        try:
            await play(taps, fans, prices)
        except* GiftwaveError as group:
            sys.stderr.write(f"The crowd lost its stage. {group.exceptions[0]}\n")


async def _arrive(url: str) -> tuple[str, dict[int, dict[str, int]]]:
    """Open the room and read the catalogue; waits for a server that is starting. Returns the room, and the prices."""
    loop = asyncio.get_running_loop()
    last_try_s = loop.time() + PATIENCE_S
    while True:
        try:
            creator = await open_room(url, title=TITLE)
            return creator.room, await gift_prices(url)
        except (Unreachable, Refused) as error:
            is_worth_waiting = isinstance(error, Unreachable) or error.retryable
            if not is_worth_waiting or loop.time() > last_try_s:
                raise
        await asyncio.sleep(RETRY_S)


if __name__ == "__main__":
    app()
