"""Spending limits a fan sets for themselves: what changes now, what waits a day, and which period a moment is in.

`store/lua/set_limits.lua` and `send_gifts.lua` decide by these rules; this module is their oracle, and the reader of
what they store.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

RAISE_WAITS_MS = 86_400_000
LOCK_HOURS = (24, 168)
DEFAULT_ZONE = "UTC"
_EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC).date()
_ZONES = frozenset(available_timezones())


class Limits(NamedTuple):
    """The most coins a fan may spend on one gift, and in a day, week and month; None is no limit."""

    gift: int | None = None
    day: int | None = None
    week: int | None = None
    month: int | None = None


NO_LIMITS = Limits()


class Spent(NamedTuple):
    """Coins spent in the running periods."""

    day: int = 0
    week: int = 0
    month: int = 0


class Period(NamedTuple):
    """A fan's local day (days since 1970) and month (year × 12 + month − 1)."""

    day: int
    month: int

    @property
    def week(self) -> int:
        """The ISO week of the day: weeks begin on Monday, and 1970-01-01 was a Thursday."""
        return (self.day + 3) // 7


NOTHING_SPENT = Spent()
NEVER = Period(0, 0)


@dataclass(frozen=True, slots=True)
class Pending:
    """Wider limits, or another zone, from `at_ms` on."""

    at_ms: int
    limits: Limits
    zone: str


@dataclass(frozen=True, slots=True)
class LimitState:
    """All that a wallet knows about limits."""

    limits: Limits = NO_LIMITS
    zone: str = DEFAULT_ZONE
    pending: Pending | None = None
    locked_until_ms: int = 0

    def at(self, now_ms: int) -> "LimitState":
        """Return the state with what has become due by `now_ms`."""
        if self.pending is None or now_ms < self.pending.at_ms:
            return self
        return replace(self, limits=self.pending.limits, zone=self.pending.zone, pending=None)

    def change(self, wanted: Limits, zone: str, *, is_first: bool, now_ms: int) -> "LimitState":
        """Lower at once; raise, remove and move to another zone after a day. A first setting is at once altogether."""
        state = self.at(now_ms)
        if is_first:
            return replace(state, limits=wanted, zone=zone, pending=None)
        now = Limits(*(_tighter(old, new) for old, new in zip(state.limits, wanted, strict=True)))
        if now == wanted and zone == state.zone:
            return replace(state, limits=now, pending=None)
        waiting = state.pending
        asked_before = waiting is not None and (waiting.limits, waiting.zone) == (wanted, zone)
        at_ms = waiting.at_ms if waiting is not None and asked_before else now_ms + RAISE_WAITS_MS
        return replace(state, limits=now, pending=Pending(at_ms, wanted, zone))

    def lock(self, hours: int, *, now_ms: int) -> "LimitState":
        """Lock spending; a lock is never shortened."""
        return replace(self.at(now_ms), locked_until_ms=max(self.locked_until_ms, now_ms + hours * 3_600_000))


NO_STATE = LimitState()


def roll(spent: Spent, stored: Period, today: Period) -> tuple[Spent, Period]:
    """Return what is spent in `today`'s periods and the period that counts: an earlier one never resets a later one."""
    if today.day <= stored.day:
        return spent, stored
    return (
        Spent(
            day=0,
            week=spent.week if today.week == stored.week else 0,
            month=spent.month if today.month == stored.month else 0,
        ),
        today,
    )


def refusal_of(state: LimitState, spent: Spent, coins: int, now_ms: int) -> str | None:
    """Return the code that refuses `coins`, or None."""
    state = state.at(now_ms)
    if now_ms < state.locked_until_ms:
        return "self_excluded"
    limits = state.limits
    checks = (
        ("limit_gift", limits.gift, coins),
        ("limit_day", limits.day, spent.day + coins),
        ("limit_week", limits.week, spent.week + coins),
        ("limit_month", limits.month, spent.month + coins),
    )
    return next((code for code, limit, total in checks if limit is not None and total > limit), None)


def is_zone(name: str) -> bool:
    """Whether `name` is a time zone of the IANA database."""
    return name in _ZONES


def period_at(now_ms: int, zone: str) -> Period:
    """Return the local day and month of a moment."""
    local = _local(now_ms, zone)
    return Period((local.date() - _EPOCH_DAY).days, local.year * 12 + local.month - 1)


def period_ends_ms(now_ms: int, zone: str) -> tuple[int, int, int]:
    """Return when the running day, week and month end in `zone` (ms since 1970)."""
    today = _local(now_ms, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    ends = (today + timedelta(days=1), today + timedelta(days=7 - today.weekday()), next_month)
    # Wall-clock arithmetic keeps midnight midnight over a change of clocks; the instant follows from it.
    return tuple(int(end.timestamp() * 1_000) for end in ends)  # type: ignore[return-value]


def month_of_day(day: int) -> int:
    """Return the month number of a day number."""
    date = _EPOCH_DAY + timedelta(days=day)
    return date.year * 12 + date.month - 1


def pack_limits(limits: Limits) -> str:
    """Return limits as the wallet stores them: `gift|day|week|month`, nothing for no limit."""
    return "|".join("" if limit is None else str(limit) for limit in limits)


def read_limits(text: str) -> Limits:
    """Read what `pack_limits` wrote; "" is no limits."""
    return Limits(*(int(part) if part else None for part in text.split("|"))) if text else NO_LIMITS


def pack_pending(pending: Pending | None) -> str:
    """Return pending limits as the wallet stores them: `at_ms|gift|day|week|month|zone`, or ""."""
    return "" if pending is None else f"{pending.at_ms}|{pack_limits(pending.limits)}|{pending.zone}"


def read_pending(text: str) -> Pending | None:
    """Read what `pack_pending` wrote."""
    if not text:
        return None
    at_ms, limits_and_zone = text.split("|", 1)
    limits, zone = limits_and_zone.rsplit("|", 1)
    return Pending(int(at_ms), read_limits(limits), zone)


def _tighter(old: int | None, new: int | None) -> int | None:
    if old is None or new is None:
        return new if old is None else old
    return min(old, new)


def _local(now_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(now_ms / 1_000, ZoneInfo(zone))
