"""Who takes part: viewers who only count, and senders who give on the dot."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

import msgpack

from client_demo.bench.lean import LeanSocket, Message
from client_demo.python.giftwave_client import make_intent_id


@dataclass(slots=True)
class Batch:
    """One frame of gifts, as all viewers got it."""

    first_offset: int
    last_offset: int
    offsets: tuple[int, ...]
    first_ns: int  # when the first viewer had it
    last_ns: int = 0
    receivers: int = 0


class Viewer(LeanSocket):
    """Counts what arrives. All viewers get the same bytes, so only the first to see a frame decodes it."""

    def __init__(self, host: str, batches: dict[bytes, Batch]) -> None:
        super().__init__(host)
        self._batches = batches
        self.next_offset = 0
        self.frames = 0
        self.missed = 0
        self.repeated = 0

    def on_message(self, payload: bytes, now_ns: int) -> None:
        batch = self._batches.get(payload) or self._decode(payload, now_ns)
        if batch is None:
            return
        self.frames += 1
        batch.receivers += 1
        batch.last_ns = now_ns
        if batch.first_offset != self.next_offset:
            self.missed += max(0, batch.first_offset - self.next_offset)
            self.repeated += max(0, min(self.next_offset, batch.last_offset + 1) - batch.first_offset)
        self.next_offset = max(self.next_offset, batch.last_offset + 1)

    def _decode(self, payload: bytes, now_ns: int) -> Batch | None:
        message = msgpack.unpackb(payload)
        if message["type"] != "batch":
            if message["type"] == "joined":
                self.next_offset = message["offset"] + 1
            self.hear(message)
            return None
        offsets = tuple(event["offset"] for event in message["events"])
        batch = Batch(message["from"], message["to"], offsets, now_ns)
        self._batches[payload] = batch
        return batch


@dataclass(slots=True)
class Tap:
    """One gift: when it was due, and what became of it."""

    due_ns: int
    sent_ns: int
    acked_ns: int = 0
    offset: int = 0


@dataclass(slots=True)
class Ledger:
    """Every tap by its intent."""

    taps: dict[str, Tap] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)

    def acknowledged(self) -> list[Tap]:
        return [tap for tap in self.taps.values() if tap.acked_ns > 0]


class Sender(LeanSocket):
    """Gives one-coin gifts; never retries, for a retry would hide what it is here to find."""

    def __init__(self, host: str, ledger: Ledger) -> None:
        super().__init__(host)
        self._ledger = ledger
        self._random = Random()
        self.coins = 0
        self.room = ""
        self.token = ""

    def tap(self, due_ns: int) -> None:
        """Send one gift that was due at `due_ns`. One sent a little early counts from when it was sent."""
        intent_id = make_intent_id(time.time_ns() // 1_000_000, self._random)
        now_ns = time.perf_counter_ns()
        self._ledger.taps[intent_id] = Tap(min(due_ns, now_ns), now_ns)
        self.say("gift.send", intent_id=intent_id, room=self.room, gift="rose", count=1, max_coins=1)

    def on_message(self, payload: bytes, now_ns: int) -> None:
        message: Message = msgpack.unpackb(payload)
        if message["type"] == "gift.ack":
            tap = self._ledger.taps[message["intent_id"]]
            tap.acked_ns, tap.offset = now_ns, message["offset"]
            self.coins = message["balance"]["coins"]
        elif message["type"] == "error" and "intent_id" in message:
            self._ledger.refusals[message["code"]] += 1
        else:
            self.hear(message)
