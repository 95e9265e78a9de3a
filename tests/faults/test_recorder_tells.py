"""`recorded` reaches sender and creator at whichever worker they are, and the recorder tells its troubles in words."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from server.domain.room import Role
from server.settings import Settings
from server.store.client import StoreClient
from tests.helpers.ledger import Ledger
from tests.helpers.line import talk
from tests.helpers.names import fresh
from tests.helpers.recording import Rig
from tests.helpers.server import ServerProcess, wait_until
from tests.helpers.shop import KEYS
from tests.helpers.valkey import ValkeyChild
from tests.helpers.waiting import eventually


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("serve", workers=2, messages_per_s=10_000) as process:
        yield process


@pytest.fixture
def room(server: ServerProcess) -> str:
    name = fresh("rec")
    server.open_room(name)
    return name


async def test_sender_and_creator_hear_that_a_gift_is_recorded_wherever_they_are(
    server: ServerProcess, room: str
) -> None:
    fan = fresh("fan")
    await server.grant(fan, 1_000)
    for _ in range(4):  # connections are spread: sender and creator meet on one worker, and on two
        async with talk(server, fan) as sender, talk(server, "c_mira", role=Role.CREATOR) as creator:
            ack = await sender.gift(room)

            mine = await sender.expect("recorded", intent_ids=[ack["intent_id"]])
            theirs = await creator.expect("recorded", offset=ack["offset"])

            assert mine.keys() == {"type", "intent_ids"}
            assert (theirs["room"], theirs["epoch"]) == (room, ack["epoch"])


async def test_nobody_else_hears_of_it(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 1_000)
    async with talk(server, fan) as sender, talk(server, fresh("u"), room=room) as other:
        ack = await sender.gift(room)
        await sender.expect("recorded", intent_ids=[ack["intent_id"]])
        await other.expect("batch")

        assert not [message for message in other.seen if message["type"] == "recorded"]


async def test_a_receipt_says_whether_the_books_hold_it(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 1_000)
    pid = _recorder_of(server)
    wait_until(lambda: _is_recorded(server))
    os.kill(pid, signal.SIGSTOP)
    try:
        async with talk(server, fan) as sender:
            ack = await sender.gift(room)
            before = _receipt(server, fan, ack["intent_id"])
    finally:
        os.kill(pid, signal.SIGCONT)
    await eventually(lambda: _receipt(server, fan, ack["intent_id"])["recorded"])

    assert before["recorded"] is False
    after = _receipt(server, fan, ack["intent_id"])
    assert after == before | {"recorded": True}


async def test_a_receipt_comes_from_the_books_once_the_store_has_forgotten(server: ServerProcess, room: str) -> None:
    fan = fresh("fan")
    await server.grant(fan, 1_000)
    async with talk(server, fan) as sender:
        ack = await sender.gift(room, "coffee")
        await sender.expect("recorded", intent_ids=[ack["intent_id"]])
    with server.store() as store:
        store.delete(*store.keys(f"{{s0}}:seen:{fan}:*"))

    receipt = _receipt(server, fan, ack["intent_id"])

    same = ("intent_id", "event_id", "room", "epoch", "offset", "gift", "count", "coins")
    assert {name: receipt[name] for name in same} == {name: ack[name] for name in same}
    assert receipt["recorded"] is True


async def test_a_mismatch_is_told_once_in_words_and_so_is_its_end(
    client: StoreClient, settings: Settings, ledger: Ledger, valkey: ValkeyChild
) -> None:
    rig = Rig(client, settings, ledger.books)
    await rig.open()
    recorder = ledger.recorder(valkey.url)
    await rig.give(5)
    await eventually(lambda: _rig_is_recorded(rig), timeout_s=20)
    with valkey.connect() as raw:
        raw.hset(KEYS.shard, "epoch", "otherlife")
        await eventually(lambda: "recorder.paused" in recorder.log())
        await asyncio.sleep(1.2)
        said = recorder.log()
        raw.hset(KEYS.shard, "epoch", "testlife")
    await eventually(lambda: "recorder.paused_over" in recorder.log())

    assert said.count("recorder.paused") == 1
    assert "code=books_mismatch" in said
    assert "The store lives in epoch otherlife and the books follow testlife" in said
    await rig.give(5)
    await eventually(lambda: _rig_is_recorded(rig))
    await rig.check()
    assert recorder.stop() == 0


def _recorder_of(server: ServerProcess) -> int:
    for pid in server.children():
        with open(f"/proc/{pid}/cmdline") as file:
            if "\0recorder\0" in file.read():
                return pid
    raise AssertionError("no recorder runs")


def _is_recorded(server: ServerProcess) -> bool:
    with server.store() as store:
        seq, recorded = store.hmget(KEYS.shard, "seq", "recorded")
    return seq == recorded


def _receipt(server: ServerProcess, fan: str, intent_id: str) -> dict[str, object]:
    answer = server.get(f"/v1/gifts/{intent_id}", token=server.token(fan))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def _rig_is_recorded(rig: Rig) -> bool:
    state = await rig.log.state()
    return state.recorded == state.seq
