"""A session: one adopted connection from `hello` to the end. Bytes become orders here; who speaks is settled here."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import structlog

from server.clock import Clock
from server.domain.ids import FanId, GiftId, IntentId, RoomId
from server.domain.order import COUNT_MAX, INTENT_WINDOW_MS, MESSAGE_CHARS_MAX, GiftOrder
from server.errors import (
    AccessDenied,
    AlreadyGreeted,
    BadInput,
    GiftwaveError,
    HelloFirst,
    RateLimited,
    TokenExpired,
)
from server.hub.member import Connection, Member
from server.hub.people import People
from server.service.gifting import Gifting
from server.service.identity import Identity
from server.service.limits import SpendingLimits
from server.service.watching import Watching
from server.settings import Settings
from server.store.outcome import Receipt
from server.tasks import TaskOwner
from server.telemetry import metrics
from server.web.flood import FloodGate, UserGates
from server.web.tokens import Tokens
from server.wire.close import Close
from server.wire.codec import Encoding, decode, subject_of
from server.wire.frames import frame_of
from server.wire.messages import (
    Bye,
    ErrorMessage,
    GiftAck,
    GiftBody,
    GiftSend,
    Hello,
    Join,
    Leave,
    Left,
    Limits,
    ServerMessage,
    User,
    Welcome,
    wallet_view,
)

log = structlog.get_logger(__name__)

# A program that sends this many unreadable messages is broken, not unlucky.
_BAD_MESSAGES_MAX = 20
_ROOMS_MAX = 16
_PAUSED_RETRY_MS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionContext:
    """What every session of a worker shares; built once in `app.py`."""

    settings: Settings
    clock: Clock
    tokens: Tokens
    gifting: Gifting
    watching: Watching
    limits: SpendingLimits
    people: People
    gates: UserGates
    catalogue_revision: str
    tasks: TaskOwner = field(default_factory=lambda: TaskOwner("session"))
    open: "set[Session]" = field(default_factory=set)


class Session:
    """One connection's conversation. `on_message` never waits; what must wait becomes a task of the worker."""

    def __init__(self, context: SessionContext, connection: Connection, encoding: Encoding) -> None:
        self._context = context
        self._connection = connection
        self._encoding = encoding
        self._identity: Identity | None = None
        self._members: dict[RoomId, Member] = {}
        self._gate = FloodGate(context.settings.messages_per_s, context.clock)
        self._bad_messages = 0
        self._paused_since_s: float | None = None
        context.open.add(self)
        loop = asyncio.get_running_loop()
        self._hello_timer: asyncio.TimerHandle | None = loop.call_later(
            context.settings.hello_timeout_s, self._close, Close.HELLO_TIMEOUT
        )

    # What the connection calls

    def on_message(self, data: bytes) -> None:
        """Answer one message; whatever is wrong with it becomes an `error`, never an exception."""
        try:
            self._handle(data)
        except BadInput as error:
            self._refuse_input(data, error)
        except GiftwaveError as error:
            self._tell_error_about(data, error)
        except Exception:
            log.exception("session.failed")
            self._tell_error(GiftwaveError())
            self._close(Close.INTERNAL)

    def on_pause(self) -> None:
        """The transport is full."""
        self._paused_since_s = self._context.clock.monotonic_s()
        for member in self._members.values():
            member.pause()

    def on_resume(self) -> None:
        """The transport drained."""
        self._paused_since_s = None
        for room_id, member in self._members.items():
            member.resume(room=room_id)

    def on_closed(self) -> None:
        """The connection is gone."""
        self._cancel_hello_timer()
        self._context.open.discard(self)
        if self._identity is not None:
            self._context.people.remove(self._identity.id, self)
        for room_id, member in self._members.items():
            member.has_left = True
            self._context.watching.leave(room_id, member)
        self._members.clear()

    def close_if_stalled(self, *, since_s: float) -> None:
        """Close when nothing could be written since before `since_s` (monotonic seconds)."""
        if self._paused_since_s is not None and self._paused_since_s < since_s:
            self._close(Close.SLOW_CONSUMER)

    def tell(self, message: ServerMessage) -> None:
        """Write a message to this connection."""
        self._connection.write(frame_of(message, self._encoding))

    # From here on: one method a message

    def _handle(self, data: bytes) -> None:
        if not self._gate.pass_one():
            metrics.INBOUND.labels(kind="rate_limited").inc()
            if self._gate.is_flood:
                self._close(Close.FLOOD)
                return
            raise RateLimited(retry_after_ms=self._gate.wait_ms)
        message = decode(data, self._encoding)
        metrics.INBOUND.labels(kind=type(message).__name__).inc()
        if self._identity is None and not isinstance(message, Hello):
            raise HelloFirst
        match message:
            case GiftSend():
                self._send_gift(message, self._known())
            case Join():
                self._join(message, self._known())
            case Leave():
                self._leave(message)
            case Hello():
                self._greet(message)

    def _known(self) -> Identity:
        assert self._identity is not None
        return self._identity

    def _greet(self, message: Hello) -> None:
        if self._identity is not None:
            raise AlreadyGreeted
        try:
            identity = self._context.tokens.check(message.token)
        except AccessDenied as error:
            self._tell_error(error)
            self._close(Close.TOKEN_EXPIRED if isinstance(error, TokenExpired) else Close.BAD_TOKEN)
            return
        self._identity = identity
        self._context.people.add(identity.id, self)
        self._cancel_hello_timer()
        self._spawn(self._welcome(identity), name="welcome")

    async def _welcome(self, identity: Identity) -> None:
        context, settings = self._context, self._context.settings
        try:
            balance = (await context.limits.wallet(FanId(identity.id))).balance
        except GiftwaveError as error:
            # Without its wallet a client cannot begin; it comes back with backoff.
            self._tell_error(error)
            self._close(Close.INTERNAL)
            return
        self.tell(
            Welcome(
                user=User(identity.id, identity.name, identity.role.value),
                server_time_ms=context.clock.now_ms(),
                wallet=wallet_view(balance),
                catalogue_revision=context.catalogue_revision,
                limits=Limits(
                    frame_bytes_max=settings.frame_bytes_max,
                    count_max=COUNT_MAX,
                    message_chars_max=MESSAGE_CHARS_MAX,
                    messages_per_s=settings.messages_per_s,
                    intent_window_ms=INTENT_WINDOW_MS,
                    combo_gap_ms=settings.combo_gap_ms,
                ),
            )
        )

    def _join(self, message: Join, identity: Identity) -> None:
        if self._paused_since_s is not None:
            raise RateLimited("Read what was sent before you ask for more.", retry_after_ms=_PAUSED_RETRY_MS)
        room_id = RoomId(message.room)
        member = self._members.get(room_id)
        if member is None:
            if len(self._members) >= _ROOMS_MAX:
                raise RateLimited(f"One connection watches at most {_ROOMS_MAX} rooms; leave one first.")
            member = self._members[room_id] = Member(self._connection, encoding=self._encoding)
        if member.is_joining:
            raise RateLimited("This room is being joined already; wait for `joined`.", retry_after_ms=_PAUSED_RETRY_MS)
        member.is_joining = True
        self._spawn(self._join_room(message, member, identity), name="join", room=room_id)

    async def _join_room(self, message: Join, member: Member, identity: Identity) -> None:
        room_id = RoomId(message.room)
        try:
            await self._context.watching.join(message, member, identity)
        finally:
            member.is_joining = False
            # A join that failed leaves no member behind, unless it was one before.
            is_stranger = not self._context.watching.is_member(room_id, member)
            if is_stranger and self._members.get(room_id) is member:
                del self._members[room_id]

    def _leave(self, message: Leave) -> None:
        room_id = RoomId(message.room)
        member = self._members.pop(room_id, None)
        if member is not None:
            member.has_left = True
            self._context.watching.leave(room_id, member)
        self.tell(Left(room=message.room))

    def _send_gift(self, message: GiftSend, identity: Identity) -> None:
        # Connections are cheap, so the limit on orders is the fan's, not the connection's.
        self._context.gates.pass_one(identity.id)
        order = order_of(message, RoomId(message.room), identity)
        if self._context.gifting.knows(order):
            future = self._context.gifting.send(order, identity)
            future.add_done_callback(self._gift_answerer(order.intent_id))
            return
        self._spawn(self._send_to_unknown_room(order, identity), name="gift", intent_id=order.intent_id)

    async def _send_to_unknown_room(self, order: GiftOrder, identity: Identity) -> None:
        self.tell(gift_ack(await self._context.gifting.send_anywhere(order, identity)))

    def _gift_answerer(self, intent_id: IntentId) -> Callable[[asyncio.Future[Receipt]], None]:
        def answer(future: asyncio.Future[Receipt]) -> None:
            error = future.exception()
            if error is None:
                self.tell(gift_ack(future.result()))
            elif isinstance(error, GiftwaveError):
                self._tell_error(error, intent_id=intent_id)
            else:
                log.error("session.gift_failed", exc_info=error)
                self._tell_error(GiftwaveError(), intent_id=intent_id)

        return answer

    # Endings and errors

    def _spawn(
        self,
        work: Coroutine[object, object, None],
        *,
        name: str,
        intent_id: str | None = None,
        room: str | None = None,
    ) -> None:
        async def answer_errors() -> None:
            try:
                await work
            except GiftwaveError as error:
                self._tell_error(error, intent_id=intent_id, room=room)
            except Exception:
                log.exception("session.failed", task=name)
                self._tell_error(GiftwaveError(), intent_id=intent_id, room=room)
                self._close(Close.INTERNAL)

        self._context.tasks.spawn(answer_errors(), name=name)

    def _refuse_input(self, data: bytes, error: BadInput) -> None:
        metrics.INBOUND.labels(kind=error.code).inc()
        self._tell_error_about(data, error)
        self._bad_messages += 1
        if self._identity is None or self._bad_messages > _BAD_MESSAGES_MAX:
            self._close(Close.PROTOCOL_ERROR)

    def _tell_error_about(self, data: bytes, error: GiftwaveError) -> None:
        intent_id, room = subject_of(data, self._encoding)
        self._tell_error(error, intent_id=intent_id, room=room)

    def _tell_error(self, error: GiftwaveError, *, intent_id: str | None = None, room: str | None = None) -> None:
        self.tell(
            ErrorMessage(
                code=error.code,
                message=error.message,
                retryable=error.retryable,
                intent_id=intent_id,
                room=room,
                retry_after_ms=error.retry_after_ms,
            )
        )

    def _close(self, close: Close) -> None:
        self._connection.close(close, close.meaning)

    def say_goodbye(self, *, retry_after_ms: int) -> None:
        """End this connection because the worker stops."""
        self.tell(Bye(reason="restarting", retry_after_ms=retry_after_ms))
        self._close(Close.GOING_AWAY)

    def _cancel_hello_timer(self) -> None:
        if self._hello_timer is not None:
            self._hello_timer.cancel()
            self._hello_timer = None


def order_of(body: GiftSend | GiftBody, room: RoomId, identity: Identity) -> GiftOrder:
    """Turn a checked message or request body into an order."""
    return GiftOrder(
        intent_id=IntentId(body.intent_id),
        fan=identity.speaker(),
        room=room,
        gift=GiftId(body.gift),
        count=body.count,
        max_coins=body.max_coins,
        message=body.message or "",
        anonymous=body.anonymous,
    )


def gift_ack(receipt: Receipt) -> GiftAck:
    """Return a receipt as the fan sees it."""
    return GiftAck(
        intent_id=receipt.intent_id,
        event_id=receipt.event_id,
        room=receipt.room,
        epoch=receipt.epoch,
        offset=receipt.offset,
        gift=receipt.gift,
        count=receipt.count,
        coins=receipt.coins,
        balance=wallet_view(receipt.balance),
        ts_ms=receipt.ts_ms,
        combo=receipt.combo,
        replayed=receipt.replayed,
    )
