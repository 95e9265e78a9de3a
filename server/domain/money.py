"""Coins that fans spend and units that creators earn: whole numbers, split without a remainder."""

from typing import NewType

Units = NewType("Units", int)

WHOLE_BPS = 10_000
# One unit per basis point of a coin: any share in basis points then divides exactly, so a gift is never rounded.
UNITS_PER_COIN = 10_000
UNITS_PER_DIAMOND = 10_000
# 2^53−1: the largest whole number that Lua, JSON and JavaScript all hold exactly.
AMOUNT_MAX = 9_007_199_254_740_991
# The most a wallet holds, so that its worth in units stays below AMOUNT_MAX as well.
WALLET_COINS_MAX = AMOUNT_MAX // UNITS_PER_COIN


def split(coins: int, *, share_bps: int) -> tuple[Units, Units]:
    """Split what `coins` are worth into creator units and platform units; the two always add up.

    `share_bps` is the creator's share, 0..10_000 basis points.
    """
    assert 0 <= share_bps <= WHOLE_BPS, share_bps
    creator_units = coins * share_bps
    return Units(creator_units), Units(coins * UNITS_PER_COIN - creator_units)


def diamonds(units: int) -> int:
    """Return whole diamonds for display; what is left over stays in `units`."""
    return units // UNITS_PER_DIAMOND
