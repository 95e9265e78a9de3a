"""Spending limits: look at them, change them, lock; and know which day it is where a fan lives."""

from collections import OrderedDict

from server.clock import Clock
from server.domain.ids import FanId, IntentId
from server.domain.limits import Limits, LimitState, Pending, Period, Spent, is_zone, period_at, period_ends_ms
from server.domain.room import Role
from server.errors import BadField, Forbidden
from server.service.identity import Identity
from server.store.personal import Personal
from server.store.wallets import WalletState, WalletStore
from server.wire.money import LimitsView, LimitValues, MoneyMessage, NextLimits, Periods

_ZONES_MAX = 100_000


class SpendingLimits:
    """The use cases of limits, and a memory of the time zones of who is here."""

    def __init__(self, wallets: WalletStore, personal: Personal, clock: Clock) -> None:
        self._wallets = wallets
        self._personal = personal
        self._clock = clock
        self._known: OrderedDict[FanId, LimitState] = OrderedDict()

    async def wallet(self, fan: FanId) -> WalletState:
        """Return a fan's wallet, and remember their zone."""
        state = await self._wallets.state(fan, now_ms=self._clock.now_ms())
        self._remember(fan, state.limits)
        return state

    def knows(self, fan: FanId) -> bool:
        """Whether `period_of` can answer for this fan."""
        return fan in self._known

    def period_of(self, fan: FanId) -> Period:
        """Return the local day and month of a known fan."""
        self._known.move_to_end(fan)
        now_ms = self._clock.now_ms()
        return period_at(now_ms, self._known[fan].at(now_ms).zone)

    async def view(self, by: Identity) -> LimitsView:
        """Return the speaker's limits and what is spent."""
        return self._shown(await self.wallet(FanId(by.id)))

    async def change(self, by: Identity, *, wanted: Limits, zone: str, change_id: IntentId) -> LimitsView:
        """Set the speaker's limits: narrower ones hold now, wider ones and another zone after a day.

        Raises:
            Forbidden: the speaker cannot send gifts.
            BadField: there is no such time zone.
            IntentConflict, StaleIntent, FutureIntent, GateClosed: nothing was changed.
        """
        if not is_zone(zone):
            raise BadField(f"zone: {zone!r} is not a time zone of the IANA database, such as Europe/Berlin.")
        await self._wallets.set_limits(_fan(by), limits=wanted, zone=zone, change_id=change_id)
        return await self._tell(by)

    async def lock(self, by: Identity, *, hours: int, change_id: IntentId) -> LimitsView:
        """Lock the speaker's spending; a lock cannot be shortened. Raises as `change`."""
        await self._wallets.lock(_fan(by), hours=hours, change_id=change_id)
        return await self._tell(by)

    def hear(self, user: str, message: MoneyMessage) -> None:
        """Take note of limits that were changed at another worker."""
        if isinstance(message, LimitsView) and user in self._known:
            self._remember(FanId(user), _state(message))

    def forget_all(self) -> None:
        """Forget every zone: changes may have been missed."""
        self._known.clear()

    async def _tell(self, by: Identity) -> LimitsView:
        view = await self.view(by)
        await self._personal.tell([(by.id, view)])
        return view

    def _remember(self, fan: FanId, state: LimitState) -> None:
        self._known[fan] = state
        self._known.move_to_end(fan)
        if len(self._known) > _ZONES_MAX:
            self._known.popitem(last=False)

    def _shown(self, wallet: WalletState) -> LimitsView:
        now_ms, state = self._clock.now_ms(), wallet.limits
        waiting = state.pending
        return LimitsView(
            limits=LimitValues(*state.limits),
            next=None
            if waiting is None
            else NextLimits(at_ms=waiting.at_ms, limits=LimitValues(*waiting.limits), zone=waiting.zone),
            zone=state.zone,
            locked_until_ms=state.locked_until_ms if state.locked_until_ms > now_ms else None,
            spent=Periods(*(wallet.balance.spent or Spent())),
            ends_at_ms=Periods(*period_ends_ms(now_ms, state.zone)),
        )


def _fan(by: Identity) -> FanId:
    if by.role not in (Role.VIEWER, Role.CREATOR):
        raise Forbidden("Only who can send gifts has spending limits.")
    return FanId(by.id)


def _state(view: LimitsView) -> LimitState:
    waiting = view.next
    return LimitState(
        limits=_limits(view.limits),
        zone=view.zone,
        pending=None if waiting is None else Pending(waiting.at_ms, _limits(waiting.limits), waiting.zone),
        locked_until_ms=view.locked_until_ms or 0,
    )


def _limits(values: LimitValues) -> Limits:
    return Limits(values.gift, values.day, values.week, values.month)
