"""Coins and units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.money import UNITS_PER_COIN, diamonds, split


@given(coins=st.integers(0, 10**9), share_bps=st.integers(0, 10_000))
def test_a_split_never_makes_or_loses_a_unit(coins: int, share_bps: int) -> None:
    creator, platform = split(coins, share_bps=share_bps)

    assert creator + platform == coins * UNITS_PER_COIN
    assert creator >= 0
    assert platform >= 0


def test_seventy_percent_of_one_coin_is_seven_thousand_units() -> None:
    assert split(1, share_bps=7_000) == (7_000, 3_000)


@pytest.mark.parametrize("share_bps", [-1, 10_001])
def test_a_share_outside_the_whole_is_our_bug(share_bps: int) -> None:
    with pytest.raises(AssertionError):
        split(1, share_bps=share_bps)


def test_diamonds_are_rounded_down() -> None:
    assert diamonds(19_999) == 1
