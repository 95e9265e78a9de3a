"""Valkey's data is gone: `giftwave rebuild` makes it again, whether the server runs or not, however it is killed."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import redis

from server.settings import REPOSITORY
from tests.helpers.leftovers import assert_no_traceback
from tests.helpers.line import Message, gift_fields, talk
from tests.helpers.server import SECRET, ServerProcess, environment, giftwave, wait_until

FAN, ROOM = "u_ana", "lounge"


@pytest.fixture
def server() -> Iterator[ServerProcess]:
    with ServerProcess("serve", log_level="error") as process:
        yield process


async def test_data_lost_under_a_running_server_is_rebuilt_and_nobody_pays_twice(server: ServerProcess) -> None:
    wishes = await _give(server, 20)
    wallet = server.wallet(FAN)
    _lose_data_under_way(server)
    refused = await _send(server, [gift_fields("rose")])
    assert [answer["code"] for answer in refused] in (["gate_closed"], ["unknown_room"])

    answer = _run(server, "rebuild", "--json")

    assert answer.returncode == 0, answer.stderr
    server.open_room(ROOM)
    again = await _send(server, wishes)
    assert [(ack["type"], ack["replayed"]) for ack in again] == [("gift.ack", True)] * 20
    assert server.wallet(FAN)["coins"] == wallet["coins"]
    new = await _send(server, [gift_fields("rose")])
    assert new[0]["type"] == "gift.ack"
    assert server.wallet(FAN)["coins"] == wallet["coins"] - 1
    assert server.wallet(FAN)["rev"] > wallet["rev"]
    _assert_clean(server)
    assert_no_traceback(server)


async def test_data_lost_of_a_stopped_server_is_rebuilt(server: ServerProcess) -> None:
    wishes = await _give(server, 5)
    coins = server.wallet(FAN)["coins"]
    server.stop()
    shutil.rmtree(server.data / "valkey")

    missing = _run(server, "reconcile")
    rebuilt = _run(server, "rebuild", "--json")

    assert (missing.returncode, "giftwave rebuild" in missing.stderr) == (2, True)
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert json.loads(rebuilt.stdout)["rows"]["gift intents"] == 5
    _assert_clean(server)
    server.start()
    server.open_room(ROOM)
    again = await _send(server, wishes)
    assert [ack["replayed"] for ack in again] == [True] * 5
    assert server.wallet(FAN)["coins"] == coins
    _assert_clean(server)


async def test_what_a_stopped_server_had_not_copied_is_copied_by_a_reconcile(server: ServerProcess) -> None:
    await _give(server, 5)
    server.stop()

    _assert_clean(server)


@pytest.mark.parametrize("trials", [4, pytest.param(40, marks=pytest.mark.soak)])
async def test_a_killed_rebuild_leaves_no_open_gate(server: ServerProcess, trials: int) -> None:
    wishes = await _give(server, 5)
    coins = server.wallet(FAN)["coins"]
    killed = 0
    for _ in range(trials):
        killed += _kill_a_rebuild(server, after_s=random.uniform(0, 0.02))
        with server.store() as store:
            epoch, rebuilding = store.hmget("{s0}:shard", "epoch", "rebuilding")
        assert (epoch is None) == (rebuilding is not None)

    assert _run(server, "rebuild", "--replace").returncode == 0

    assert killed
    server.open_room(ROOM)
    assert [ack["replayed"] for ack in await _send(server, wishes)] == [True] * 5
    assert server.wallet(FAN)["coins"] == coins
    _assert_clean(server)


async def test_a_tampered_wallet_is_exit_code_3_with_evidence(server: ServerProcess) -> None:
    await _give(server, 3)
    with server.store() as store:
        store.hincrby(f"{{s0}}:wallet:{FAN}", "promo", 1)

    words, data = _run(server, "reconcile"), _run(server, "reconcile", "--json")

    assert (words.returncode, data.returncode) == (3, 3)
    assert f"fan_promo:{FAN}" in words.stdout
    (drift,) = json.loads(data.stdout)["drifts"]
    assert drift["says"] == {"store": "promo 98", "books": "promo 97"}
    assert len(drift["evidence"]) == 3
    assert _run(server, "rebuild", "--replace").returncode == 0
    _assert_clean(server)


async def _give(server: ServerProcess, gifts: int) -> list[Message]:
    """Send gifts of one coin, and return once the books have them."""
    server.open_room(ROOM)
    await server.grant(FAN, 100)
    wishes = [gift_fields("rose") for _ in range(gifts)]
    answers = await _send(server, wishes)
    assert [answer["type"] for answer in answers] == ["gift.ack"] * gifts
    wait_until(lambda: _is_recorded(server))
    return wishes


async def _send(server: ServerProcess, wishes: list[Message]) -> list[Message]:
    answers = []
    async with talk(server, FAN) as line:
        for wish in wishes:
            await line.say("gift.send", room=ROOM, **wish)
            answers.append(await line.answer_to(wish["intent_id"]))
    return answers


def _is_recorded(server: ServerProcess) -> bool:
    with server.store() as store:
        seq, recorded = store.hmget("{s0}:shard", "seq", "recorded")
    return bool(seq) and seq == recorded


def _lose_data_under_way(server: ServerProcess) -> None:
    victim = server.valkey_pid()
    assert victim is not None
    shutil.rmtree(server.data / "valkey" / "appendonlydir")
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: server.valkey_pid() not in (None, victim) and _answers(server))


def _answers(server: ServerProcess) -> bool:
    with suppress(redis.RedisError), server.store() as store:
        return bool(store.ping())
    return False


def _kill_a_rebuild(server: ServerProcess, *, after_s: float) -> bool:
    """Kill a rebuild a moment after it closed the gate; return whether it was still at work."""
    with server.store() as store:
        before = store.hgetall("{s0}:shard")
    process = subprocess.Popen(
        [sys.executable, "-m", "server", "rebuild", "--replace"],
        cwd=REPOSITORY,
        env=environment(data=server.data, token_secret=SECRET),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with server.store() as store:
        wait_until(lambda: process.poll() is not None or store.hgetall("{s0}:shard") != before)
    time.sleep(after_s)  # the moment itself is what varies
    process.kill()
    return process.wait() != 0


def _run(server: ServerProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    return giftwave(*arguments, data=server.data, port=server.port, token_secret=SECRET)


def _assert_clean(server: ServerProcess) -> None:
    answer = _run(server, "reconcile", "--json")
    assert answer.returncode == 0, (answer.stdout, answer.stderr)
    assert json.loads(answer.stdout)["clean"] is True
