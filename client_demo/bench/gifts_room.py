"""The scenario `gifts-room`: one room, many viewers, a steady rain of gifts.

Open loop: gifts follow a fixed schedule whatever the server does, and a gift's time counts from when it was *due*. A
stalled server therefore shows every gift it delayed, not only the one it was asked for. Each gift has a slot of its own
and falls somewhere in it, by a fixed seed: evenly spaced gifts could march in step with the server's own tick.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import ceil
from random import Random

from client_demo.bench.lean import LeanSocket, open_socket
from client_demo.bench.parties import Batch, Ledger, Sender, Viewer
from client_demo.bench.server_process import stolen_cpu_s
from client_demo.python.demo_sessions import open_room, open_session
from client_demo.python.giftwave_client import GiftwaveError

# Less than half of what one connection may say by default (limits.messages_per_s is 20).
GIFTS_PER_SENDER_S = 8
ENTERING_AT_ONCE = 16
SETTLE_S = 5.0  # after the last gift, for what is still under way
COINS_LOW = 500
LAG_PROBE_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to do to the server."""

    viewers: int
    gifts_per_second: int
    seconds: int
    warmup: int


@dataclass(slots=True)
class Observed:
    """Everything that was seen, still in nanoseconds of one clock."""

    ledger: Ledger = field(default_factory=Ledger)
    batches: dict[bytes, Batch] = field(default_factory=dict)
    viewers: list[Viewer] = field(default_factory=list)
    senders: list[Sender] = field(default_factory=list)
    window_ns: tuple[int, int] = (0, 0)
    lag_ns: list[int] = field(default_factory=list)
    server_cpu_s: float | None = None
    stolen_s: float = 0.0  # CPU time that other guests of this host took from us
    generator_cpu_s: float = 0.0


async def run(
    url: str, options: Options, *, cpu_s: Callable[[], float] | None, tell: Callable[[str, float], None]
) -> Observed:
    """Play the scenario once.

    `cpu_s` reads the CPU time of the server so far; `tell` hears the phase and how much of it is done (0 to 1).

    Raises OSError, TimeoutError or GiftwaveError where not everybody could enter.
    """
    observed = Observed()
    try:
        await _enter(url, options, observed, tell)
        # The generator's own pauses would be taken for the server's.
        gc.collect()
        gc.freeze()
        gc.disable()
        await _rain(url, options, observed, cpu_s=cpu_s, tell=tell)
        await _settle(observed, tell)
    finally:
        gc.enable()
        gc.unfreeze()
        for party in (*observed.viewers, *observed.senders):
            party.hang_up()
    return observed


async def _enter(url: str, options: Options, observed: Observed, tell: Callable[[str, float], None]) -> None:
    room = (await open_room(url, title="Load test")).room
    senders = ceil(options.gifts_per_second / GIFTS_PER_SENDER_S)
    door = asyncio.Semaphore(ENTERING_AT_ONCE)

    async def enter_viewer() -> None:
        async with door:
            viewer = await open_socket(lambda host: Viewer(host, observed.batches), url)
            observed.viewers.append(viewer)
            await _greet(viewer, url)
            await viewer.ask("join", answer="joined", room=room)
        tell("entering", len(observed.viewers) / options.viewers)

    async def enter_sender() -> None:
        async with door:
            sender = await open_socket(lambda host: Sender(host, observed.ledger), url)
            observed.senders.append(sender)
            sender.token, sender.coins = await _greet(sender, url)
            sender.room = room

    try:
        async with asyncio.TaskGroup() as entering:
            for _ in range(options.viewers):
                entering.create_task(enter_viewer())
            for _ in range(senders):
                entering.create_task(enter_sender())
    except* (OSError, GiftwaveError) as group:
        raise group.exceptions[0] from None


async def _greet(party: LeanSocket, url: str) -> tuple[str, int]:
    """Say hello as a new demo fan; returns its token and coins."""
    session = await open_session(url)
    welcome = await party.ask("hello", answer="welcome", token=session.token, client="giftwave-bench/1")
    return session.token, welcome["wallet"]["coins"]


async def _rain(
    url: str,
    options: Options,
    observed: Observed,
    *,
    cpu_s: Callable[[], float] | None,
    tell: Callable[[str, float], None],
) -> None:
    """Warm up, then measure; both at the full rate, without a pause between."""
    first_ns = time.perf_counter_ns()
    start_ns = first_ns + options.warmup * 1_000_000_000
    end_ns = start_ns + options.seconds * 1_000_000_000
    observed.window_ns = (start_ns, end_ns)
    helpers = [
        asyncio.create_task(_keep_solvent(url, observed.senders)),
        asyncio.create_task(_probe_lag(observed.lag_ns)),
    ]
    try:
        await _tap_on_schedule(observed.senders, first_ns, start_ns, options.gifts_per_second, tell, "warming up")
        observed.lag_ns.clear()
        cpu_before = (cpu_s() if cpu_s else 0.0, time.process_time(), stolen_cpu_s())
        await _tap_on_schedule(observed.senders, start_ns, end_ns, options.gifts_per_second, tell, "measuring")
        observed.server_cpu_s = cpu_s() - cpu_before[0] if cpu_s else None
        observed.generator_cpu_s = time.process_time() - cpu_before[1]
        observed.stolen_s = stolen_cpu_s() - cpu_before[2]
    finally:
        for helper in helpers:
            helper.cancel()
        await asyncio.wait(helpers)


async def _tap_on_schedule(
    senders: Sequence[Sender], from_ns: int, to_ns: int, per_second: int, tell: Callable[[str, float], None], phase: str
) -> None:
    chance = Random(phase)
    taps = per_second * (to_ns - from_ns) // 1_000_000_000
    for number in range(taps):
        due_ns = from_ns + int((number + chance.random()) * 1e9 / per_second)
        wait_ns = due_ns - time.perf_counter_ns()
        if wait_ns > 0:
            await asyncio.sleep(wait_ns / 1e9)
        senders[number % len(senders)].tap(due_ns)
        if number % per_second == 0:
            tell(phase, number / taps)
    await asyncio.sleep(max(0, to_ns - time.perf_counter_ns()) / 1e9)


async def _settle(observed: Observed, tell: Callable[[str, float], None]) -> None:
    """Wait until every gift is answered and every viewer has every acknowledged one, or for five seconds."""
    tell("settling", 0.0)
    loop = asyncio.get_running_loop()
    last_s = loop.time() + SETTLE_S
    while loop.time() < last_s:
        acknowledged = observed.ledger.acknowledged()
        last_offset = max((tap.offset for tap in acknowledged), default=0)
        decided = len(acknowledged) + observed.ledger.refusals.total()
        if decided == len(observed.ledger.taps) and all(one.next_offset > last_offset for one in observed.viewers):
            break
        await asyncio.sleep(0.05)
    tell("settling", 1.0)


async def _keep_solvent(url: str, senders: Sequence[Sender]) -> None:
    """Have the demo fill wallets that run low."""
    while True:
        await asyncio.sleep(1)
        for sender in senders:
            if sender.coins < COINS_LOW:
                with suppress(GiftwaveError):  # a sender without coins shows up as refused gifts
                    await open_session(url, previous=sender.token)


async def _probe_lag(lag_ns: list[int]) -> None:
    """How late this loop itself is, every few milliseconds."""
    while True:
        due_ns = time.perf_counter_ns() + int(LAG_PROBE_S * 1e9)
        await asyncio.sleep(LAG_PROBE_S)
        lag_ns.append(max(0, time.perf_counter_ns() - due_ns))
