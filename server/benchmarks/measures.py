"""The four measurements of the drain. Each leaves the store as it found it."""

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack

from server.benchmarks.ground import BURST, FANS, KEYS, Books, Store, recorder_process, recording
from server.clock import SystemClock
from server.domain.ids import new_intent_id
from server.domain.limits import period_at
from server.store.outcome import Receipt
from server.store.personal import read_personal
from server.tasks import TaskOwner
from server.wire.money import RecordedGifts

Tell = Callable[[str, float], None]
LAG_GIFTS_PER_S = 2_000
_TICK_S = 0.005
_READY_S, _SETTLE_S, _DRAIN_S = 20.0, 10.0, 600.0
_ENTRY_GIFTS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """From the store's acceptance of a gift to `recorded` on the channel, over one run."""

    samples: int
    unrecorded: int
    p50_ms: float
    p99_ms: float
    max_ms: float


async def prepare(store: Store, books: list[Books]) -> dict[str, Any]:
    """Make each book's template, which holds every grant; return the store's state at that point: an empty log."""
    grants = store.snapshot()
    for book in books:
        store.restore(grants)
        async with recording(store, await book.fresh()) as work:
            while await work.step():
                pass
        await book.keep()
    return store.snapshot()


async def drain_rate(store: Store, book: Books, log: dict[str, Any], *, gifts: int) -> float:
    """Copy a log of `gifts` gifts into fresh books; return gifts per second."""
    store.restore(log)
    copied = 0
    async with recording(store, await book.fresh()) as work:
        began = time.perf_counter()
        while copied < gifts:
            copied += await work.step()
        took_s = time.perf_counter() - began
    assert copied == gifts, (copied, gifts)
    return gifts / took_s


async def drain_lag(store: Store, book: Books, *, seconds: float, warmup_s: float, tell: Tell) -> Lag:
    """Give on a fixed schedule while a real recorder runs; return how far behind it is."""
    heard: dict[str, int] = {}
    orders: list[asyncio.Future[Receipt]] = []
    async with recorder_process(store, await book.fresh()):
        listener = TaskOwner("bench")
        listener.spawn(_hear(store, heard), name="hear")
        await _wait_for_recorder(store, heard)
        began, warm = time.perf_counter(), 0
        while (at_s := time.perf_counter() - began) < warmup_s + seconds:
            due = int(at_s * LAG_GIFTS_PER_S) - len(orders)
            period = period_at(SystemClock().now_ms(), "UTC")
            orders += [store.engine.submit(store.order(period)) for _ in range(due)]
            warm = len(orders) if at_s < warmup_s else warm
            tell(f"lag, {book.name}", at_s / (warmup_s + seconds))
            await asyncio.sleep(_TICK_S)
        accepted = {receipt.intent_id: receipt.ts_ms for receipt in (await asyncio.gather(*orders))[warm:]}
        deadline = time.monotonic() + _SETTLE_S
        while time.monotonic() < deadline and not heard.keys() >= accepted.keys():  # noqa: ASYNC110  # two dicts to compare
            await asyncio.sleep(0.02)
        await listener.close()
    lags = sorted(heard[intent] - ts_ms for intent, ts_ms in accepted.items() if intent in heard) or [0]
    return Lag(
        samples=len(lags),
        unrecorded=len(accepted.keys() - heard.keys()),
        p50_ms=statistics.median(lags),
        p99_ms=lags[int(len(lags) * 0.99)],
        max_ms=lags[-1],
    )


async def backlog_memory(store: Store, book: Books, *, gifts: int, tell: Tell) -> float:
    """Let a real recorder meet `gifts` undrained gifts; return the most memory it took, in MB (10^6 bytes)."""
    tell(f"backlog, {book.name}", 0.0)
    last = await _pile_up(store, gifts)
    async with recorder_process(store, await book.fresh()) as pid:
        deadline = time.monotonic() + _DRAIN_S
        while (recorded := (await store.log.state()).recorded) < last and time.monotonic() < deadline:
            tell(f"backlog, {book.name}", 1 - (last - recorded) / gifts)
            await asyncio.sleep(0.25)
        assert recorded == last, f"the recorder stopped at {recorded:,} of {last:,}"
        return _peak_rss_mb(pid)


async def gift_rate(store: Store, book: Books, *, seconds: float, with_recorder: bool) -> float:
    """Give as fast as the store takes it; return gifts per second."""
    if not with_recorder:
        return await _give_for(store, seconds)
    async with recorder_process(store, await book.fresh()):
        await _wait_for_recorder(store, {})
        return await _give_for(store, seconds)


async def _give_for(store: Store, seconds: float) -> float:
    await store.give(BURST)
    gifts, began = 0, time.perf_counter()
    # Two bursts under way, so that the next call is ready when the last one ends, as it is in a busy worker.
    while time.perf_counter() - began < seconds:
        await asyncio.gather(store.give(BURST * 4), store.give(BURST * 4))
        gifts += BURST * 8
    return gifts / (time.perf_counter() - began)


async def _wait_for_recorder(store: Store, heard: dict[str, int]) -> None:
    await store.give(1)
    deadline = time.monotonic() + _READY_S
    while True:
        state = await store.log.state()
        if state.recorded == state.seq:
            heard.clear()
            return
        assert time.monotonic() < deadline, "the recorder did not begin"
        await asyncio.sleep(0.02)


async def _hear(store: Store, heard: dict[str, int]) -> None:
    push = store.client.push_connection()
    try:
        await push.ssubscribe(KEYS.people_channel)
        while True:
            message = await push.get_message(ignore_subscribe_messages=True, timeout=1.0)
            if message is None:
                continue
            now_ms = SystemClock().now_ms()
            for _, told in read_personal(message["data"]):
                if isinstance(told, RecordedGifts) and told.intent_ids:
                    heard.update(dict.fromkeys(told.intent_ids, now_ms))
    finally:
        await push.aclose()  # type: ignore[no-untyped-call]


async def _pile_up(store: Store, gifts: int) -> int:
    """Repeat the records that the atomic step has just written, under new numbers and intents, up to `gifts`."""
    await store.give(FANS)
    state = await store.log.state()
    entries: Any = store.raw.xrange(KEYS.log)
    models = [record for _, fields in entries for record in msgpack.unpackb(fields[b"records"])]
    seq, now_ms = state.seq, SystemClock().now_ms()
    pipe = store.raw.pipeline(transaction=False)
    for made in range(len(models), gifts, _ENTRY_GIFTS):
        records = []
        for number in range(made, min(made + _ENTRY_GIFTS, gifts)):
            seq += 1
            model = models[number % len(models)]
            records.append([model[0], str(seq), model[2], new_intent_id(now_ms), *model[4:]])
        pipe.xadd(KEYS.log, {"first": records[0][1], "records": msgpack.packb(records)}, id=f"{seq}-1")
        if len(pipe) >= 256:
            pipe.execute()
    pipe.hincrby(KEYS.shard, "seq", seq - state.seq)
    pipe.hincrby(KEYS.shard, "logged", seq - state.seq)
    pipe.execute()
    return seq


def _peak_rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1_024 / 1e6
