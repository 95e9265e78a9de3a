"""Real recorder processes that die, freeze, or run two at once: rows = events, no duplicate, no gap."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from server.record.lease import LEASE_MS
from server.settings import Settings
from server.store.client import StoreClient
from tests.helpers.ledger import Ledger
from tests.helpers.recorder_process import RecorderProcess
from tests.helpers.recording import Rig
from tests.helpers.valkey import ValkeyChild
from tests.helpers.waiting import eventually

# A recorder takes about a second to come up; it dies in its first moments, or while it works.
_LIFE_S = (0.6, 1.6)


@pytest.fixture
def rig(client: StoreClient, settings: Settings, ledger: Ledger) -> Rig:
    return Rig(client, settings, ledger.books)


@pytest.mark.parametrize("kills", [12, pytest.param(150, marks=pytest.mark.soak)])
async def test_kill_nine_of_the_recorder_at_random_moments_loses_and_doubles_nothing(
    rig: Rig, ledger: Ledger, valkey: ValkeyChild, kills: int
) -> None:
    await rig.open()
    async with _load(rig):
        for number in range(kills):
            recorder, before = ledger.recorder(valkey.url), (await rig.cursor()).seq
            if number % 2:  # a busy machine may not let the others live long enough to do anything
                await eventually(lambda before=before: _has_moved(rig, before))  # type: ignore[misc]
                await asyncio.sleep(random.uniform(0, 0.3))
            else:
                await asyncio.sleep(random.uniform(*_LIFE_S))
            recorder.kill()
            await ledger.free_lease()
    assert (await rig.cursor()).seq > 2, "no recorder lived long enough to record anything"

    await _finish(rig, ledger, valkey)


async def test_another_takes_over_when_the_holder_falls_silent(rig: Rig, ledger: Ledger, valkey: ValkeyChild) -> None:
    await rig.open()
    first = ledger.recorder(valkey.url)
    await rig.give(10)
    await eventually(lambda: _is_recorded(rig), timeout_s=20)
    second = ledger.recorder(valkey.url)
    await asyncio.sleep(1.5)  # it comes up, and finds the lease taken
    first.kill()
    await rig.give(10)

    # Half of the lease again for the time between two looks at it.
    await eventually(lambda: _is_recorded(rig), timeout_s=LEASE_MS / 1_000 * 1.5 + 5)

    await rig.check()
    assert second.stop() == 0


async def test_a_recorder_that_ends_well_gives_its_lease_back_at_once(
    rig: Rig, ledger: Ledger, valkey: ValkeyChild
) -> None:
    await rig.open()
    first = ledger.recorder(valkey.url)
    await rig.give(10)
    await eventually(lambda: _is_recorded(rig), timeout_s=20)

    assert first.stop() == 0

    assert await rig.rows("SELECT until_ms FROM lease WHERE name = 'recorder'") == [(0,)]


async def test_two_recorders_with_a_stolen_lease_are_harmless(rig: Rig, ledger: Ledger, valkey: ValkeyChild) -> None:
    await rig.open()
    pair = [ledger.recorder(valkey.url) for _ in range(2)]
    async with _load(rig):
        for turn in range(600):  # each finds the lease free whenever it looks: both work all the time
            await ledger.free_lease()
            await asyncio.sleep(0.1)
            if turn >= 40 and pair[0].log().count("ours=True") >= 2:
                break

    await eventually(lambda: _is_recorded(rig), timeout_s=20)
    assert [one.is_alive for one in pair] == [True, True]
    assert [one.stop() for one in pair] == [0, 0]
    assert pair[0].log().count("ours=True") >= 2, "only one of them ever worked"
    _said_no_nonsense(pair[0])
    await rig.check()


async def test_a_recorder_that_froze_and_wakes_up_after_its_lease_is_harmless(
    rig: Rig, ledger: Ledger, valkey: ValkeyChild
) -> None:
    await rig.open()
    sleeper = ledger.recorder(valkey.url)
    async with _load(rig):
        await eventually(lambda: _has_recorded_a_gift(rig), timeout_s=20)
        # Perhaps in the middle of a transaction: then the other one has to wait for its lock, and does.
        os.kill(sleeper.pid, signal.SIGSTOP)
        other = ledger.recorder(valkey.url)
        await asyncio.sleep(LEASE_MS / 1_000 + 2)
        os.kill(sleeper.pid, signal.SIGCONT)
        await asyncio.sleep(0.5)

    await eventually(lambda: _is_recorded(rig), timeout_s=20)
    assert (sleeper.stop(), other.stop()) == (0, 0)
    _said_no_nonsense(other)
    await rig.check()


@asynccontextmanager
async def _load(rig: Rig) -> AsyncIterator[None]:
    """Gifts all the time; on leaving, every one is answered."""
    done = asyncio.Event()

    async def give() -> None:
        while not done.is_set():
            await rig.give(6, count=1)
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(give())
        try:
            yield
        finally:
            done.set()


async def _finish(rig: Rig, ledger: Ledger, valkey: ValkeyChild) -> None:
    """Let one more recorder do the rest, and check."""
    last = ledger.recorder(valkey.url)
    await eventually(lambda: _is_recorded(rig), timeout_s=30)
    assert last.stop() == 0
    _said_no_nonsense(last)
    await rig.check()


async def _is_recorded(rig: Rig) -> bool:
    state = await rig.log.state()
    return state.recorded == state.seq


async def _has_recorded_a_gift(rig: Rig) -> bool:
    return (await rig.cursor()).seq > 10


def _said_no_nonsense(recorder: RecorderProcess) -> None:
    assert "Traceback" not in recorder.log()
    assert "intent_charged_twice" not in recorder.log()
    assert "refuse" not in recorder.log()


async def _has_moved(rig: Rig, seq: int) -> bool:
    return (await rig.cursor()).seq > seq
