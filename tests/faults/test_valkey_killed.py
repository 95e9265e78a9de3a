"""Valkey dies under load, again and again: no acknowledged gift is lost, none is charged twice, and the books agree."""

import os
import signal
from collections.abc import Iterator

import pytest

from tests.helpers.books import assert_books_balance
from tests.helpers.giver import Giver, giving
from tests.helpers.server import ServerProcess, giftwave, wait_until
from tests.helpers.waiting import eventually
from tests.helpers.watcher import watching

FANS = [f"fan-{number}" for number in range(8)]
COINS = 1_000_000
# Between two deaths the givers get this many answers, so that each kill hits a running load.
ANSWERS_BETWEEN = 40


@pytest.fixture
def server() -> Iterator[ServerProcess]:
    with ServerProcess("serve", workers=2, messages_per_s=10_000, log_level="error") as process:
        yield process


@pytest.mark.parametrize("kills", [50, pytest.param(200, marks=pytest.mark.soak)])
async def test_kill_nine_loses_and_doubles_nothing(server: ServerProcess, kills: int) -> None:
    server.open_room("lounge")
    for fan in FANS:
        await server.grant(fan, COINS)

    async with watching(server, "lounge", users=["w-0", "w-1", "w-2", "w-3"]) as watchers:
        async with giving(server, "lounge", fans=FANS) as givers:
            for _ in range(kills):
                await _kill_under_load(server, givers)
            await _more_answers(givers)
        now = server.room("lounge")
        await eventually(lambda: all(watcher.at(now) for watcher in watchers))

        acknowledged = {(giver.fan, intent): ack for giver in givers for intent, ack in giver.acks.items()}
        log = assert_books_balance(server)
        assert sum(giver.doubts for giver in givers) >= kills
        # The givers had every order decided, so what was charged and what was acknowledged is the same.
        assert {(gift.fan, gift.intent) for gift in log.gifts} == set(acknowledged)
        for gift in log.gifts:
            ack = acknowledged[gift.fan, gift.intent]
            assert (ack["offset"], ack["coins"], ack["epoch"]) == (gift.offset, gift.coins, gift.epoch)
        proof = giftwave("reconcile", data=server.data)
        assert proof.returncode == 0, proof.stdout + proof.stderr
        _kill_newborn(server)
        await eventually(lambda: server.is_ready(), timeout_s=20)
        for watcher in watchers:
            assert not watcher.twice
            assert not watcher.missing()
            assert watcher.totals == now["totals"]


async def _kill_under_load(server: ServerProcess, givers: list[Giver]) -> None:
    await _more_answers(givers)
    victim = server.valkey_pid()
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    await eventually(lambda: server.valkey_pid() not in (None, victim))


def _kill_newborn(server: ServerProcess) -> None:
    """Kill the store, and its successor before it answers: many deaths are no reason to give up a server."""
    victim = server.valkey_pid()
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: server.valkey_pid() not in (None, victim))
    newborn = server.valkey_pid()
    assert newborn is not None
    os.kill(newborn, signal.SIGKILL)


async def _more_answers(givers: list[Giver]) -> None:
    wanted = sum(len(giver.acks) for giver in givers) + ANSWERS_BETWEEN

    await eventually(lambda: sum(len(giver.acks) for giver in givers) >= wanted, timeout_s=30)
