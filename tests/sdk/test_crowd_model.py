"""The crowd's evening is the same for the same seed, and feels like people."""

from __future__ import annotations

from collections import Counter
from itertools import groupby, islice, pairwise, takewhile

import pytest

from client_demo.crowd.model import Tap, plan
from client_demo.crowd.people import CHEERS, NAMES, TOASTS, name_of

SHELF = {1: ["rose", "clap"], 2: ["donut", "paws"], 3: ["disco"], 4: ["whale"], 5: ["dragon"]}
HOUR_S = 3_600.0


def evening(*, seed: int = 7, fans: int = 12, rate_per_s: float = 1.2) -> list[Tap]:
    """One hour of it."""
    return list(takewhile(lambda tap: tap.at_s < HOUR_S, plan(SHELF, seed=seed, fans=fans, rate_per_s=rate_per_s)))


def test_the_same_seed_gives_the_same_evening() -> None:
    first, again, other = (list(islice(plan(SHELF, seed=one, fans=12, rate_per_s=1.2), 500)) for one in (7, 7, 8))

    assert first == again
    assert first != other


def test_taps_come_in_order_of_time_from_everybody() -> None:
    taps = evening()

    assert all(before.at_s <= after.at_s for before, after in pairwise(taps))
    assert {tap.fan for tap in taps} == set(range(12))


@pytest.mark.parametrize("rate_per_s", [0.5, 1.2, 5.0, 20.0])
def test_the_rate_is_what_was_asked_for(rate_per_s: float) -> None:
    taps = evening(rate_per_s=rate_per_s)

    assert len(taps) / HOUR_S == pytest.approx(rate_per_s, rel=0.15)


def test_most_gifts_are_small_and_few_are_big() -> None:
    taps = evening()

    share = {tier: number / len(taps) for tier, number in Counter(tap.tier for tap in taps).items()}
    assert share[1] + share[2] > 0.9
    assert 0.005 < share[3] < 0.05
    assert 0.005 < share[4] + share[5] < 0.05
    assert share[4] > share[5] > 0


@pytest.mark.parametrize("rate_per_s", [0.5, 1.2, 20.0])
def test_a_newcomer_sees_something_big_soon(rate_per_s: float) -> None:
    big = [tap.at_s for tap in evening(rate_per_s=rate_per_s) if tap.tier >= 4]

    assert big[0] <= 14
    assert all(20 <= after - before <= 40 for before, after in pairwise(big))


def test_a_combo_is_tapped_three_to_six_times_a_second() -> None:
    small = sorted((tap for tap in evening() if tap.tier <= 2), key=lambda tap: (tap.fan, tap.at_s))
    gaps_s = [
        after.at_s - before.at_s
        for _, taps in groupby(small, key=lambda tap: tap.fan)
        for before, after in pairwise(taps)
        if after.at_s - before.at_s < 0.5
    ]

    assert len(gaps_s) > 1_000
    assert all(1 / 6 <= gap <= 1 / 3 + 1e-9 for gap in gaps_s)


def test_now_and_then_there_is_a_quiet_breath() -> None:
    pauses_s = [after.at_s - before.at_s for before, after in pairwise(evening())]

    assert sum(pause > 5 for pause in pauses_s) > 20


def test_messages_are_short_and_not_on_every_gift() -> None:
    taps = evening()

    said = [tap.message for tap in taps if tap.message is not None]
    assert 0.01 < len(said) / len(taps) < 0.15
    assert all(1 <= len(words) <= 120 for words in (*CHEERS, *TOASTS))


def test_every_fan_has_a_name_of_its_own_that_fits() -> None:
    names = [name_of(fan) for fan in range(200)]

    assert len(set(names)) == 200
    assert all(len(name) <= 32 for name in names)
    assert len(set(NAMES)) == len(NAMES)
