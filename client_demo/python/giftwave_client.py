"""The Giftwave SDK for Python: one file for asyncio; needs websockets, and uses orjson and msgpack where installed.

    async with GiftwaveClient("https://gifts.example", token) as client:
        await client.join("lounge")
        receipt = await client.send_gift(room="lounge", gift="rose", max_coins=1)
        async for event in client.events("lounge"):
            print(event)

It reconnects, resumes where it stopped, and never lets a retry charge twice: a send keeps its intent however often it
is repeated. What goes over the wire is docs/reference/protocol.md.

It is longer than our files may be, so that it can be copied into a bot as it is. In order: errors, records, the client
(what you call), the link (one connection after the other), a room's rules, the journal of unfinished sends, codecs.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
import urllib.error
import urllib.request
import uuid
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from http.client import HTTPException
from importlib import import_module
from pathlib import Path
from random import Random, SystemRandom
from typing import Any, Self, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

CLIENT_NAME = "giftwave-python/1"
BACKOFF_BASE_S = 0.25
BACKOFF_CAP_S = 15.0
# A connection must live this long before the next failure counts as the first: a server that greets and hangs up at
# once would otherwise be called several times a second.
STEADY_MS = 10_000
OPEN_TIMEOUT_S = 10.0  # one handshake, one greeting, one HTTP call
CLOSE_TIMEOUT_S = 2.0
RETRY_AFTER_MS = 1_000  # where a retryable error names no time
INTENT_WINDOW_MS = 900_000  # until `welcome` says otherwise: an older intent is refused as stale
QUEUED_EVENTS_MAX = 10_000  # for each reader of `events`
TOKEN_EXPIRED = 4002
ABNORMAL_CLOSE = 1006

Message = Mapping[str, Any]  # a decoded frame or HTTP body; most become one of the records below
TokenProvider = Callable[[], Awaitable[str]]
Record = TypeVar("Record")


class GiftwaveError(Exception):
    """The root of what this SDK raises."""


class ConnectionEnded(GiftwaveError):
    """The connection is over for good; `code` is the close code or HTTP status, 0 where this side ended it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"The connection to Giftwave ended ({code}): {reason}")
        self.code = code


class Unreachable(GiftwaveError):
    """An HTTP call got no answer; asking again may help."""


class FellBehind(GiftwaveError):
    """This reader of `events` left too many of them waiting."""


class Refused(GiftwaveError):
    """The server said no: a stable `code`, and a sentence for people."""

    def __init__(self, code: str, message: str, retryable: bool = False, intent_id: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.retryable, self.intent_id = code, message, retryable, intent_id


class GiftRefused(Refused):
    """This intent was decided: nothing was charged, and nothing ever will be."""


class OutcomeUnknown(GiftwaveError):
    """No answer before the deadline: the gift may or may not be paid. The same intent may safely be sent again."""

    def __init__(self, intent_id: str) -> None:
        super().__init__(f"No answer for {intent_id} yet; ask `receipt`, or send again with the same intent_id.")
        self.intent_id = intent_id


class ConnectionState(StrEnum):
    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Without `id`: an anonymous fan. `simulated`: one of a demo's crowd. `coins`: given, in a top-fans list."""

    name: str
    id: str | None = None
    role: str | None = None
    simulated: bool = False
    coins: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """The highest `rev` is the newest, in whatever order they arrive. `spent`: day, week, month; None if unchanged."""

    paid: int
    promo: int
    coins: int
    rev: int
    spent: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Combo:
    """The running combo a gift belongs to: what this gift added (`delta`) and what it came to."""

    id: str
    rev: int
    delta: int
    total: int
    coins: int
    ends_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What has its place in a room's history: offsets count 1, 2, 3 … within an epoch."""

    room: str
    epoch: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Placed):
    """The proof of a paid gift; `replayed` marks the stored answer to an intent decided before."""

    intent_id: str
    event_id: str
    gift: str
    count: int
    coins: int
    balance: Wallet
    ts_ms: int
    combo: Combo | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftEvent(Placed):
    """A gift as the room sees it. `fan_coins`: given here by this fan in this epoch, this gift included."""

    id: str
    ts_ms: int
    sender: Person
    gift: str
    count: int
    coins: int
    combo: Combo | None = None
    message: str | None = None
    fan_coins: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomClosed(Placed):
    id: str
    ts_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(Placed):
    """The server no longer has the events `from_offset` to `offset`: they will not come."""

    from_offset: int


RoomEvent = GiftEvent | RoomClosed | Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    coins: int
    gifts: int
    fans: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomState(Placed):
    """A room up to `offset`. `top_fans` and `recent` are as of the last join; `recent` is not to be added up."""

    title: str
    creator: Person
    state: str
    totals: Totals
    top_fans: tuple[Person, ...]
    recent: tuple[GiftEvent | RoomClosed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Earnings:
    room: str
    units: int
    diamonds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The books hold these gifts of one's own; for a creator: every gift of `room` up to `offset` in `epoch`."""

    intent_ids: Sequence[str] = ()
    room: str | None = None
    epoch: str | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Topup:
    """A purchase of coins as it stands; while it is `pending`, the fan can pay at `checkout_url`."""

    topup_id: str
    pack: str
    coins: int
    price_minor: int
    currency: str
    provider: str
    state: str
    checkout_url: str | None
    created_at_ms: int
    updated_at_ms: int


@dataclass(frozen=True, slots=True)
class Intent:
    """A send without a known outcome: the arguments of `send_gift`, so `send_gift(**asdict(intent))` tries again."""

    intent_id: str
    room: str
    gift: str
    max_coins: int
    count: int = 1
    message: str | None = None
    anonymous: bool = False

    @property
    def made_at_ms(self) -> int:
        return uuid.UUID(self.intent_id).int >> 80


@dataclass(frozen=True, slots=True)
class World:
    """Time and chance, for tests to replace."""

    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Random = field(default_factory=SystemRandom)


class GiftwaveClient:
    """One person's connection. `state`, `user`, `wallet` and `limits` may be read at any time.

    Args:
        url: the server, `http(s)://HOST` or `ws(s)://HOST`.
        token: a signed token, or an async function that fetches one (asked again, once, when it has expired).
        codec: "json", or "msgpack" where that package is installed.
        storage: a file, for this client alone, that keeps unfinished sends over a crash.
        deadline_s: how long `send_gift` and `join` go on trying.
        give_up_s: close after so long without a connection; None tries for ever.
    """

    def __init__(
        self,
        url: str,
        token: str | TokenProvider,
        *,
        codec: str = "json",
        storage: str | os.PathLike[str] | None = None,
        deadline_s: float = 60.0,
        give_up_s: float | None = None,
        world: World | None = None,
    ) -> None:
        self._http_url, ws_url = _addresses(url)
        self._world = world or World()
        self._tokens = _Tokens(token)
        self._link = _Link(self, ws_url, make_codec(codec), self._tokens, give_up_s, self._world)
        self._journal = _Journal(None if storage is None else Path(storage))
        self._deadline_s = deadline_s
        self._clock_skew_ms = 0
        self.state = ConnectionState.CONNECTING
        self.user: Person | None = None
        self.wallet: Wallet | None = None
        self.limits: Mapping[str, int] = {}
        self._rooms: dict[str, _Room] = {}
        self._answers: dict[str, asyncio.Future[Message | None]] = {}  # None: the connection broke, ask again
        self._callbacks: dict[str, list[Callable[[Any], None]]] = defaultdict(list)
        self._readers: list[_Reader] = []

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Return once the server has welcomed us; try again with backoff until it does.

        Raises ConnectionEnded after a final refusal or `give_up_s`. Cancellation closes the client.
        """
        try:
            await self._link.open()
        except asyncio.CancelledError:
            await self.close()
            raise

    async def close(self) -> None:
        """End everything, for good, and leave no task behind; sends in flight raise OutcomeUnknown."""
        await self._link.close()

    async def join(self, room: str) -> RoomState:
        """Enter `room` and stay in it over every reconnect, until `leave`.

        Raises Refused, or TimeoutError after `deadline_s`, though the client then goes on trying.
        """
        self._link.check_open()
        entry = self._rooms.get(room)
        if entry is None:
            entry = self._rooms[room] = _Room(room, asyncio.get_running_loop().create_future())
            if self._link.is_live:
                self._ask_join(entry)
        async with asyncio.timeout(self._deadline_s):
            await asyncio.shield(entry.joined)
        assert entry.state is not None
        return entry.state

    async def leave(self, room: str) -> None:
        """Leave `room`; readers of its events come to their end."""
        if room in self._rooms:
            self._forget(self._rooms[room], GiftwaveError(f"{room} was left before it was joined"))
            await self._link.write({"type": "leave", "room": room})

    def room_state(self, room: str) -> RoomState | None:
        """The room as this client knows it now; None before `join` was answered."""
        return self._rooms[room].state if room in self._rooms else None

    async def send_gift(
        self,
        *,
        room: str,
        gift: str,
        max_coins: int,
        count: int = 1,
        message: str | None = None,
        anonymous: bool = False,
        intent_id: str | None = None,
    ) -> Receipt:
        """Send `count` of `gift` for `max_coins` at most; charged once, however often this intent is retried.

        Raises:
            GiftRefused: decided; nothing was charged.
            OutcomeUnknown: no answer within `deadline_s`; send again with this intent_id, or ask `receipt`.
            OSError: `storage` could not be written; nothing was sent.

        Cancellation: safe. The gift may still be paid; it stays in `unfinished()`.
        """
        self._link.check_open()
        key = intent_id or self.new_id()
        if key in self._answers:
            raise ValueError(f"{key} is being sent already; wait for that call.")
        intent = Intent(key, room, gift, max_coins, count=count, message=message, anonymous=anonymous)
        await self._journal.add(intent)
        try:
            async with asyncio.timeout(self._deadline_s):
                answer = await self._ask(intent)
        except (TimeoutError, ConnectionEnded) as error:
            raise OutcomeUnknown(key) from error
        self._journal.remove(key)
        if answer["type"] == "error":
            raise _build(GiftRefused, answer)
        return _build(Receipt, answer)

    async def receipt(self, intent_id: str) -> Receipt | None:
        """The stored outcome of one's own intent; None where it was never decided.

        Raises:
            GiftRefused: that is the outcome.
            Refused: the question itself was refused.
            Unreachable: no answer; ask again.
        """
        status, body = await self._call(f"/v1/gifts/{intent_id}")
        error = body.get("error", body)
        if status == 200 and body["type"] == "gift.ack":
            self._keep_wallet(body["balance"])
            return _build(Receipt, body)
        if error["code"] == "unknown_intent":
            return None
        raise _build(GiftRefused if error.get("intent_id") == intent_id else Refused, error)

    async def call(self, path: str, *, method: str = "GET", body: Message | None = None) -> Message:
        """One JSON call of the HTTP interface as this person: `await client.call("/v1/limits")`.

        What moves money takes an id of yours (`new_id`); keep it for a retry. Raises Refused or Unreachable.
        """
        status, answer = await self._call(path, method, body)
        if status >= 400:
            raise _build(Refused, answer.get("error", answer))
        return answer

    def new_id(self) -> str:
        """A UUIDv7 dated by the server's clock."""
        return make_intent_id(self._server_now_ms(), self._world.random)

    def unfinished(self) -> list[Intent]:
        """Sends without a known outcome, oldest first; those still being tried are among them."""
        return list(self._journal.unfinished.values())

    async def recover(self) -> dict[str, Receipt | GiftRefused | None]:
        """Ask for the outcome of every unfinished send, as after a crash.

        None means: nothing was charged so far. Such an intent stays in `unfinished()`, to be sent again, until it is
        so old that the server would refuse it.
        """
        outcomes: dict[str, Receipt | GiftRefused | None] = {}
        oldest_ms = self._server_now_ms() - self.limits.get("intent_window_ms", INTENT_WINDOW_MS)
        for intent in self.unfinished():
            if intent.intent_id in self._answers:
                continue
            try:
                outcome: Receipt | GiftRefused | None = await self.receipt(intent.intent_id)
            except GiftRefused as refusal:
                outcome = refusal
            outcomes[intent.intent_id] = outcome
            if outcome is not None or intent.made_at_ms < oldest_ms:
                self._journal.remove(intent.intent_id)
        return outcomes

    def on(self, kind: str, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Have `callback` called for every `kind`, in order; returns the function that stops it.

        Kinds and their argument: state (ConnectionState), joined and totals (RoomState), gift (GiftEvent), room.closed
        (RoomClosed), gap (Gap), wallet (Wallet), earnings (Earnings), recorded (Recorded), topup (Topup), limits and
        payout (the message itself), error (Refused, where no waiting call takes it).
        """
        self._callbacks[kind].append(callback)
        return lambda: self._callbacks[kind].remove(callback)

    async def events(self, room: str) -> AsyncGenerator[RoomEvent]:
        """The room's events from the first step on, in offset order, each once; ends when left or closed.

        Raises Refused or ConnectionEnded where that is why it ended, and FellBehind.
        """
        self._link.check_open()
        reader = _Reader(room)
        self._readers.append(reader)
        try:
            while (event := await reader.queue.get()) is not None:
                yield event
            if reader.error is not None:
                raise reader.error
        finally:
            self._readers.remove(reader)

    # ── What we say ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _call(self, path: str, method: str = "GET", body: Message | None = None) -> tuple[int, Message]:
        url = self._http_url + path
        status, answer = await call_http(method, url, body=body, token=await self._tokens.current())
        if answer.get("error", answer).get("code") == "token_expired" and self._tokens.renew():
            status, answer = await call_http(method, url, body=body, token=await self._tokens.current())
        return status, answer

    async def _ask(self, intent: Intent) -> Message:
        """Send until decided; returns the ack, or the error that no retry can change."""
        while True:
            await self._link.until_live()
            answer = await self._ask_once(intent)
            if answer is not None and not answer.get("retryable"):
                return answer
            if answer is not None:
                await self._world.sleep(answer.get("retry_after_ms", RETRY_AFTER_MS) / 1000)

    async def _ask_once(self, intent: Intent) -> Message | None:
        given = {name: value for name, value in asdict(intent).items() if value not in (None, False)}
        answer = self._answers[intent.intent_id] = asyncio.get_running_loop().create_future()
        try:
            return await answer if await self._link.write({"type": "gift.send", **given}) else None
        finally:
            del self._answers[intent.intent_id]

    def _ask_join(self, room: _Room, delay_s: float = 0.0) -> None:
        room.is_joining = True
        self._link.spawn(self._send_join(room, delay_s))

    async def _send_join(self, room: _Room, delay_s: float) -> None:
        if delay_s > 0:
            await self._world.sleep(delay_s)
        position = {} if room.state is None else {"epoch": room.state.epoch, "offset": room.state.offset}
        await self._link.write({"type": "join", "room": room.name, **position})

    # ── What the server says (called by the link) ───────────────────────────────────────────────────────────────────

    def _go_live(self, welcome: Message) -> None:
        self._clock_skew_ms = welcome["server_time_ms"] - self._world.now_ms()
        self.user, self.limits = _build(Person, welcome["user"]), welcome["limits"]
        self._keep_wallet(welcome["wallet"])
        self._set_state(ConnectionState.LIVE)
        for room in self._rooms.values():
            self._ask_join(room)

    def _go_down(self) -> None:
        for answer in self._answers.values():
            _settle(answer, None)

    def _retry(self) -> None:
        if self.state is ConnectionState.LIVE:
            self._set_state(ConnectionState.RECONNECTING)

    def _end(self, ended: ConnectionEnded, reader_error: ConnectionEnded | None) -> None:
        for room in list(self._rooms.values()):
            self._forget(room, ended, reader_error)
        self._set_state(ConnectionState.CLOSED)

    def _receive(self, message: Message) -> None:
        match message["type"]:
            case "gift.ack":
                self._keep_wallet(message["balance"])
                self._answer(message)
            case "error":
                self._on_error(message)
            case "wallet":
                self._keep_wallet(message)
            case "earnings":
                self._emit("earnings", _build(Earnings, message))
            case "recorded":
                self._emit("recorded", _build(Recorded, message))
            case "topup":
                self._emit("topup", _build(Topup, message))
            case "limits" | "payout" as kind:
                self._emit(kind, message)
            case "batch" | "joined" | "gap" as kind if message["room"] in self._rooms:
                self._on_room_message(kind, message, self._rooms[message["room"]])

    def _on_room_message(self, kind: str, message: Message, room: _Room) -> None:
        if kind == "gap":
            self._deliver(room.take_gap(message))
        elif kind == "joined":
            self._deliver(*room.take_joined(message))
            self._emit("joined", room.state)
        elif room.misses_before(message):
            self._ask_join(room)
        elif not room.is_joining:  # else `joined` will bring what this batch holds
            self._deliver(*room.take_batch(message))
            self._emit("totals", room.state)

    def _on_error(self, error: Message) -> None:
        if self._answer(error):
            return
        refused = _build(Refused, error)
        room = self._rooms.get(error.get("room", ""))
        if room is None or not room.is_joining or refused.intent_id is not None:
            self._emit("error", refused)
        elif refused.retryable:
            self._ask_join(room, error.get("retry_after_ms", RETRY_AFTER_MS) / 1000)
        else:
            self._forget(room, refused, refused)

    def _answer(self, message: Message) -> bool:
        """Whether a send was waiting for this."""
        answer = self._answers.get(message.get("intent_id", ""))
        if answer is not None:
            _settle(answer, message)
        return answer is not None

    def _keep_wallet(self, message: Message) -> None:
        wallet = _build(Wallet, message)
        if self.wallet is None or wallet.rev > self.wallet.rev:
            self.wallet = wallet
            self._emit("wallet", wallet)

    def _forget(self, room: _Room, error: GiftwaveError, reader_error: GiftwaveError | None = None) -> None:
        """Be in `room` no more: `error` for who waits to join it, `reader_error` (or a quiet end) for its readers."""
        del self._rooms[room.name]
        _fail(room.joined, error)
        for reader in self._readers:
            if reader.room == room.name:
                reader.end(reader_error)

    def _deliver(self, *events: RoomEvent) -> None:
        for event in events:
            self._emit(EVENT_KINDS[type(event)], event)
            for reader in self._readers:
                if reader.room == event.room:
                    reader.put(event)

    def _emit(self, kind: str, value: object) -> None:
        # Through the loop: a callback that fails is reported there and harms neither the connection nor its neighbours.
        for callback in self._callbacks[kind]:
            asyncio.get_running_loop().call_soon(callback, value)

    def _set_state(self, state: ConnectionState) -> None:
        self.state = state
        self._emit("state", state)

    def _server_now_ms(self) -> int:
        # An intent's age is judged by the server's clock, so a wrong clock here must not make it stale.
        return self._world.now_ms() + self._clock_skew_ms


@dataclass(slots=True)
class _Link:
    """One connection after the other, until the server says a final no, patience ends, or `close`."""

    client: GiftwaveClient
    url: str
    codec: Codec
    tokens: _Tokens
    give_up_s: float | None
    world: World
    _runner: asyncio.Task[None] | None = None
    _up: asyncio.Future[None] | None = None  # done while live; fails when no connection will come any more
    _socket: ClientConnection | None = None  # set while live
    _tasks: asyncio.TaskGroup | None = None  # of the connection that is being read
    _live_at_ms: int = 0  # since when live, or until when it was
    _attempt: int = 0
    _bye_retry_ms: int | None = None
    _last_words: str = ""

    @property
    def is_live(self) -> bool:
        return self._socket is not None

    async def open(self) -> None:
        if self._runner is None:
            self._up = asyncio.get_running_loop().create_future()
            self._live_at_ms = self.world.now_ms()
            self._runner = asyncio.create_task(self._run(), name=CLIENT_NAME)
            self._runner.add_done_callback(self._end)
        await self.until_live()

    async def close(self) -> None:
        if self._runner is not None and not self._runner.done():
            self._runner.cancel()
            await asyncio.wait([self._runner])

    def check_open(self) -> None:
        if self._runner is None or self._runner.done():
            raise ConnectionEnded(0, "not connected; call connect(), on a new client after close()")

    async def until_live(self) -> None:
        assert self._up is not None
        await asyncio.shield(self._up)

    def spawn(self, job: Coroutine[Any, Any, None]) -> None:
        """Run `job` for as long as this connection lives."""
        assert self._tasks is not None
        self._tasks.create_task(job)

    async def write(self, message: Message) -> bool:
        """Whether it was written; what was not is said again after the reconnect."""
        socket = self._socket
        if socket is None:
            return False
        try:
            await socket.send(self.codec.encode(message), text=self.codec.is_text)
        except ConnectionClosed:
            # The reader will notice too, but a send that tries again must not find the dead socket before that.
            if self._socket is socket:
                self._go_down()
            return False
        return True

    async def _run(self) -> None:
        while True:
            code, reason = await self._connection()
            is_renewed = code == TOKEN_EXPIRED and self.tokens.renew()
            silent_ms = self.world.now_ms() - self._live_at_ms
            gives_up = self.give_up_s is not None and silent_ms > self.give_up_s * 1000
            if gives_up or (_is_final(code) and not is_renewed):
                raise ConnectionEnded(code, reason)
            self.client._retry()
            if not is_renewed:
                await self.world.sleep(self._reconnect_delay_s())

    async def _connection(self) -> tuple[int, str]:
        """Open, greet and read until it closes; returns the close code (or HTTP status) and the reason."""
        self._last_words = ""
        try:
            token = await self.tokens.current()
            async with connect(
                self.url,
                subprotocols=[self.codec.subprotocol],
                user_agent_header=CLIENT_NAME,
                open_timeout=OPEN_TIMEOUT_S,
                close_timeout=CLOSE_TIMEOUT_S,
            ) as socket:
                with suppress(ConnectionClosed):  # its code is returned below
                    await self._read(socket, await self._greet(socket, token))
        except InvalidStatus as error:
            return error.response.status_code, str(error)
        except (OSError, InvalidHandshake, Unreachable) as error:  # TimeoutError is an OSError
            return ABNORMAL_CLOSE, str(error) or type(error).__name__
        return socket.close_code or ABNORMAL_CLOSE, socket.close_reason or self._last_words or "no reason given"

    async def _greet(self, socket: ClientConnection, token: str) -> Message:
        if socket.subprotocol != self.codec.subprotocol:
            raise ConnectionEnded(0, f"{self.url} does not speak {self.codec.subprotocol}")
        hello = {"type": "hello", "token": token, "client": CLIENT_NAME}
        await socket.send(self.codec.encode(hello), text=self.codec.is_text)
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            while (message := self.codec.decode(await socket.recv(decode=False)))["type"] != "welcome":
                self._last_words = message.get("message", "")
        return message

    async def _read(self, socket: ClientConnection, welcome: Message) -> None:
        try:
            async with asyncio.TaskGroup() as self._tasks:
                try:
                    self._go_live(socket, welcome)
                    while True:
                        message = self.codec.decode(await socket.recv(decode=False))
                        if message["type"] == "bye":
                            self._bye_retry_ms, self._last_words = message.get("retry_after_ms"), message["reason"]
                        self.client._receive(message)
                finally:
                    self._go_down()
        except* ConnectionClosed:
            pass

    def _go_live(self, socket: ClientConnection, welcome: Message) -> None:
        assert self._up is not None
        self._socket, self._live_at_ms = socket, self.world.now_ms()
        self.tokens.accepted()
        self._up.set_result(None)
        self.client._go_live(welcome)

    def _go_down(self) -> None:
        if self._socket is None:
            return
        live_since_ms, self._live_at_ms = self._live_at_ms, self.world.now_ms()
        if self._live_at_ms - live_since_ms >= STEADY_MS:
            self._attempt = 0
        self._socket = None
        self._up = asyncio.get_running_loop().create_future()
        self.client._go_down()

    def _end(self, runner: asyncio.Task[None]) -> None:
        """No more connections: tell everybody who waits."""
        cause = None if runner.cancelled() else runner.exception()
        ended = cause if isinstance(cause, ConnectionEnded) else ConnectionEnded(0, "the client was closed")
        if cause is not ended:
            ended.__cause__ = cause
        if self._up is None or self._up.done():
            self._up = runner.get_loop().create_future()
        _fail(self._up, ended)
        self.client._end(ended, None if cause is None else ended)

    def _reconnect_delay_s(self) -> float:
        """The server's wish, else full jitter: anything up to a ceiling that doubles until the cap."""
        if self._bye_retry_ms is not None:
            retry_after_ms, self._bye_retry_ms = self._bye_retry_ms, None
            return retry_after_ms / 1000
        ceiling_s = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2 ** min(self._attempt, 16))
        self._attempt += 1
        return self.world.random.uniform(0, ceiling_s)


class _Tokens:
    """The token in use, and one renewal between two welcomes where there is somebody to ask."""

    def __init__(self, source: str | TokenProvider) -> None:
        self._provider: TokenProvider | None = None if isinstance(source, str) else source
        self._token: str | None = source if isinstance(source, str) else None
        self._is_renewed = False

    async def current(self) -> str:
        if self._token is None:
            assert self._provider is not None
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                self._token = await self._provider()
        return self._token

    def renew(self) -> bool:
        """Whether `current` will bring a new token for the expired one."""
        if self._provider is None or self._is_renewed:
            return False
        self._token, self._is_renewed = None, True
        return True

    def accepted(self) -> None:
        self._is_renewed = False


@dataclass(slots=True)
class _Room:
    """A room to be in: the rule for applying what the server says of it, each event once and in offset order."""

    name: str
    joined: asyncio.Future[None]
    state: RoomState | None = None
    is_joining: bool = False

    def misses_before(self, batch: Message) -> bool:
        """Whether there is a hole between what was applied and this batch, which only a `join` can fill."""
        if self.state is None or self.is_joining:
            return False
        return bool(batch["epoch"] != self.state.epoch or batch["from"] > self.state.offset + 1)

    def take_batch(self, batch: Message) -> list[RoomEvent]:
        assert self.state is not None
        events = self._new(batch["events"], after=self.state.offset, epoch=self.state.epoch)
        offset = max(self.state.offset, batch["to"])
        self.state = replace(self.state, offset=offset, totals=_build(Totals, batch["totals"]))
        return events

    def take_joined(self, joined: Message) -> list[RoomEvent]:
        after = self.state.offset if joined["recovered"] and self.state is not None else joined["offset"]
        events = self._new(joined["events"], after=after, epoch=joined["epoch"])
        snapshot = joined["snapshot"]
        recent = self._new(snapshot["recent"], after=0, epoch=joined["epoch"])
        top_fans = tuple(_build(Person, fan) for fan in snapshot["top_fans"])
        self.state = _build(RoomState, {**joined, **snapshot, "top_fans": top_fans, "recent": tuple(recent)})
        self.is_joining = False
        _settle(self.joined, None)
        return events

    def take_gap(self, gap: Message) -> RoomEvent:
        if self.state is not None and gap["epoch"] == self.state.epoch:
            self.state = replace(self.state, offset=max(self.state.offset, gap["to"]))
        return _build(Gap, {**gap, "from_offset": gap["from"], "offset": gap["to"]})

    def _new(self, events: list[Message], *, after: int, epoch: str) -> list[RoomEvent]:
        """Those after the offset `after` that this version knows, in order, none twice."""
        fresh = {event["offset"]: event for event in events if event["offset"] > after and event["type"] in EVENT_TYPES}
        place = {"room": self.name, "epoch": epoch}
        return [_build(EVENT_TYPES[event["type"]], {**event, **place}) for _, event in sorted(fresh.items())]


EVENT_TYPES: dict[str, Callable[..., GiftEvent | RoomClosed]] = {"gift": GiftEvent, "room.closed": RoomClosed}
EVENT_KINDS: dict[type, str] = {GiftEvent: "gift", RoomClosed: "room.closed", Gap: "gap"}


@dataclass(slots=True, eq=False)
class _Reader:
    """One `async for` over a room's events; None in the queue ends it."""

    room: str
    queue: asyncio.Queue[RoomEvent | None] = field(default_factory=asyncio.Queue)
    error: GiftwaveError | None = None

    def put(self, event: RoomEvent) -> None:
        if self.queue.qsize() < QUEUED_EVENTS_MAX:
            self.queue.put_nowait(event)
        elif self.error is None:
            self.end(FellBehind(f"More than {QUEUED_EVENTS_MAX} events of {self.room} were waiting to be read."))

    def end(self, error: GiftwaveError | None) -> None:
        self.error = self.error or error
        self.queue.put_nowait(None)


@dataclass(slots=True)
class _Journal:
    """Unfinished intents; where there is a path, also in an append-only file of JSON lines, compacted when opened.

    An intent is on the disk before it is sent. That it is finished need not be: asked again, the server says so.
    """

    path: Path | None
    unfinished: dict[str, Intent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path is None or not self.path.exists():
            return
        for line in self.path.read_bytes().splitlines():
            with suppress(ValueError):  # a crash tore the last line, so that one was not sent yet
                entry = json.loads(line)
                if "done" in entry:
                    self.unfinished.pop(entry["done"], None)
                else:
                    self.unfinished[entry["intent_id"]] = Intent(**entry)
        draft = self.path.with_name(self.path.name + ".new")
        draft.write_bytes(b"")
        for intent in self.unfinished.values():
            _append(draft, asdict(intent), sync=True)
        draft.replace(self.path)

    async def add(self, intent: Intent) -> None:
        if self.path is not None:
            await asyncio.to_thread(_append, self.path, asdict(intent), sync=True)
        self.unfinished[intent.intent_id] = intent

    def remove(self, intent_id: str) -> None:
        if self.unfinished.pop(intent_id, None) is not None and self.path is not None:
            _append(self.path, {"done": intent_id}, sync=False)


def _append(path: Path, entry: Message, *, sync: bool) -> None:
    # One write of one whole line with O_APPEND: threads need no lock between them.
    with path.open("ab", buffering=0) as file:
        file.write(json.dumps(entry).encode() + b"\n")
        if sync:
            os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class Codec:
    """Messages ↔ bytes for one subprotocol."""

    subprotocol: Subprotocol
    is_text: bool
    encode: Callable[[Message], bytes]
    decode: Callable[[bytes], Message]


def make_codec(name: str) -> Codec:
    """Raises ValueError for a name that is neither "json" nor "msgpack", ImportError where msgpack is missing."""
    if name == "msgpack":
        msgpack = import_module("msgpack")
        return Codec(Subprotocol("giftwave.v1.msgpack"), False, msgpack.packb, msgpack.unpackb)
    if name != "json":
        raise ValueError(f"There is no codec {name!r}; use 'json' or 'msgpack'.")
    with suppress(ImportError):
        orjson = import_module("orjson")
        return Codec(Subprotocol("giftwave.v1.json"), True, orjson.dumps, orjson.loads)
    return Codec(Subprotocol("giftwave.v1.json"), True, lambda message: json.dumps(message).encode(), json.loads)


def make_intent_id(now_ms: int, random: Random) -> str:
    """A UUIDv7: 48 bits of milliseconds, then version, variant and 74 random bits."""
    value = (now_ms & (1 << 48) - 1) << 80 | 0x7 << 76 | random.getrandbits(12) << 64
    return str(uuid.UUID(int=value | 0b10 << 62 | random.getrandbits(62)))


async def call_http(
    method: str, url: str, *, body: Message | None = None, token: str | None = None
) -> tuple[int, Message]:
    """One JSON request; returns the status and the decoded body. Raises Unreachable where no JSON came back."""
    headers = {"User-Agent": CLIENT_NAME, "Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    return await asyncio.to_thread(_call_http, urllib.request.Request(url, data, headers, method=method))


def _call_http(request: urllib.request.Request) -> tuple[int, Message]:
    try:
        try:
            with urllib.request.urlopen(request, timeout=OPEN_TIMEOUT_S) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
    except (OSError, HTTPException, ValueError) as error:
        raise Unreachable(f"{request.method} {request.full_url}: {error}") from error


def _addresses(url: str) -> tuple[str, str]:
    scheme, _, host = url.rstrip("/").partition("://")
    if not host or scheme not in {"http", "https", "ws", "wss"}:
        raise ValueError(f"{url!r} is no address of a Giftwave server; give one like https://gifts.example")
    secure = "s" if scheme in {"https", "wss"} else ""
    return f"http{secure}://{host}", f"ws{secure}://{host}/v1/ws"


def _is_final(code: int) -> bool:
    """Close codes 4000–4499, and HTTP refusals that another try would meet again."""
    return 4000 <= code < 4500 or (400 <= code < 500 and code not in {408, 425, 429})


def _settle(future: asyncio.Future[Record], value: Record) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[None], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # seen, even where nobody waits for it


def _build(cls: Callable[..., Record], message: Message) -> Record:
    """`cls` from those fields of the message that it knows, as the protocol asks; nested maps go by their name."""
    nested = {"balance": Wallet, "combo": Combo, "sender": Person, "creator": Person, "totals": Totals}
    known = (cls.__init__.__annotations__.keys() - {"return"}) & message.keys()
    return cls(**{name: _build(nested[name], message[name]) if name in nested else message[name] for name in known})
