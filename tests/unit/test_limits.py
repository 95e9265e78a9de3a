"""The rules of spending limits, pure."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.limits import (
    NO_LIMITS,
    RAISE_WAITS_MS,
    Limits,
    LimitState,
    Pending,
    Period,
    Spent,
    is_zone,
    month_of_day,
    pack_limits,
    pack_pending,
    period_at,
    period_ends_ms,
    read_limits,
    read_pending,
    refusal_of,
    roll,
)

# Half hours, quarter hours, both ends of the date line, and clocks that change at midnight.
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Africa/Cairo", "Asia/Kathmandu", "Pacific/Kiritimati"]
NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000

zones = st.sampled_from(ZONES)
moments = st.integers(1_700_000_000_000, 2_080_000_000_000)
amounts = st.one_of(st.none(), st.integers(1, 10**9))
some_limits = st.builds(Limits, amounts, amounts, amounts, amounts)
days = st.integers(18_000, 25_000)
periods = st.builds(lambda day: Period(day, month_of_day(day)), days)
spendings = st.builds(Spent, st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))


@given(moments, zones)
def test_each_period_ends_in_the_moment_the_next_one_begins(now_ms: int, zone: str) -> None:
    now = period_at(now_ms, zone)
    ends = period_ends_ms(now_ms, zone)

    for end_ms, part in zip(ends, ("day", "week", "month"), strict=True):
        assert now_ms < end_ms
        assert getattr(period_at(end_ms - 1, zone), part) == getattr(now, part)
        assert getattr(period_at(end_ms, zone), part) > getattr(now, part)


@given(moments, zones)
def test_a_period_is_the_local_calendars(now_ms: int, zone: str) -> None:
    local = datetime.fromtimestamp(now_ms / 1_000, ZoneInfo(zone))

    period = period_at(now_ms, zone)

    assert period.month == local.year * 12 + local.month - 1 == month_of_day(period.day)
    monday = datetime.fromtimestamp((period.day - local.weekday()) * 86_400, UTC)
    assert (monday.weekday(), period.week) == (0, (period.day - local.weekday() + 3) // 7)


@given(spendings, periods, periods)
def test_an_earlier_period_resets_nothing(spent: Spent, stored: Period, today: Period) -> None:
    counted, period = roll(spent, stored, today)

    if today.day <= stored.day:
        assert (counted, period) == (spent, stored)
    else:
        assert period == today
        assert counted.day == 0
        assert counted.week == (spent.week if today.week == stored.week else 0)
        assert counted.month == (spent.month if today.month == stored.month else 0)


@given(some_limits, some_limits, zones)
def test_a_change_is_never_wider_before_its_time(old: Limits, wanted: Limits, zone: str) -> None:
    state = LimitState().change(old, "UTC", is_first=True, now_ms=NOW_MS)

    changed = state.change(wanted, zone, is_first=False, now_ms=NOW_MS)

    for before, now, wish in zip(old, changed.at(NOW_MS + RAISE_WAITS_MS - 1).limits, wanted, strict=True):
        assert now == min((one for one in (before, wish) if one is not None), default=None)
    later = changed.at(NOW_MS + RAISE_WAITS_MS)
    assert (later.limits, later.zone, later.pending) == (wanted, zone, None)
    assert (changed.pending is None) == (changed.limits == wanted and zone == "UTC")


@given(some_limits, zones)
def test_what_a_wallet_stores_is_read_back(limits: Limits, zone: str) -> None:
    pending = Pending(NOW_MS, limits, zone)

    assert read_limits(pack_limits(limits)) == limits
    assert read_pending(pack_pending(pending)) == pending
    assert (read_limits(""), read_pending("")) == (NO_LIMITS, None)


@pytest.mark.parametrize(("coins", "code"), [(5, None), (6, "limit_gift")], ids=["its limit", "a coin more"])
def test_a_gift_is_refused_from_the_first_coin_above(coins: int, code: str | None) -> None:
    assert refusal_of(LimitState(limits=Limits(gift=5)), Spent(), coins, NOW_MS) == code


@pytest.mark.parametrize("part", ["day", "week", "month"])
def test_a_period_is_refused_from_the_first_coin_above(part: str) -> None:
    state, spent = LimitState(limits=Limits(**{part: 10})), Spent(**{part: 6})

    assert refusal_of(state, spent, 4, NOW_MS) is None
    assert refusal_of(state, spent, 5, NOW_MS) == f"limit_{part}"


@given(st.lists(st.sampled_from([24, 168]), min_size=1, max_size=6))
def test_a_lock_ends_when_the_longest_would_have(hours: list[int]) -> None:
    state = LimitState()
    for number, one in enumerate(hours):
        state = state.lock(one, now_ms=NOW_MS + number * HOUR_MS)

    ends_ms = max(NOW_MS + (number + one) * HOUR_MS for number, one in enumerate(hours))
    assert refusal_of(state, Spent(), 1, ends_ms - 1) == "self_excluded"
    assert refusal_of(state, Spent(), 1, ends_ms) is None


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "europe/berlin", "../etc/passwd", "Europe/Berlin|", "UTC\0"])
def test_what_is_no_time_zone(name: str) -> None:
    assert not is_zone(name)
