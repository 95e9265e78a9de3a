"""How a friendly crowd gives: from a seed to a plan of sends. No clock and no network here."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from client_demo.crowd.people import CHEERS, TOASTS

# Bursts by tier: their share, and how many taps one has. Thumbs tap three to six times a second.
TIER_SHARES = {1: 0.62, 2: 0.30, 3: 0.08}
TAPS = {1: (3, 10), 2: (2, 6), 3: (1, 1)}
TAP_GAP_S = (1 / 6, 1 / 3)
BURSTS_PER_BREATH = (5, 9)
BREATH_SHARE = 0.2  # of the time nobody begins anything
# Somebody who opens the page must not wait long for something big, and it must stay something special.
BIG_FIRST_S = (6.0, 14.0)
BIG_GAP_S = (20.0, 40.0)
BIG_TIER_5_SHARE = 0.25
CHEER_SHARE = 0.15
TOAST_SHARE = 0.6

Shelf = Mapping[int, Sequence[str]]  # tier → gifts


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """One send: who gives what, when."""

    at_s: float
    fan: int
    gift: str
    tier: int
    message: str | None = None


def plan(shelf: Shelf, *, seed: int, fans: int, rate_per_s: float) -> Iterator[Tap]:
    """Every send of an endless evening, in order of time, `rate_per_s` of them on average.

    The same arguments give the same evening. Every tier of 1 to 5 must have a gift.
    """
    assert fans > 0, fans
    assert rate_per_s > 0, rate_per_s
    small = _small_gifts(shelf, Random(f"{seed} small"), fans=fans, rate_per_s=rate_per_s)
    big = _big_gifts(shelf, Random(f"{seed} big"), fans=fans)
    return heapq.merge(small, big, key=lambda tap: tap.at_s)


def _small_gifts(shelf: Shelf, random: Random, *, fans: int, rate_per_s: float) -> Iterator[Tap]:
    """Bursts may overlap, so taps wait here until no earlier one can come."""
    waiting: list[tuple[float, int, Tap]] = []
    numbers = count()
    for burst in _bursts(shelf, random, fans=fans, rate_per_s=rate_per_s):
        while waiting and waiting[0][0] <= burst[0].at_s:
            yield heapq.heappop(waiting)[2]
        for tap in burst:
            heapq.heappush(waiting, (tap.at_s, next(numbers), tap))


def _bursts(shelf: Shelf, random: Random, *, fans: int, rate_per_s: float) -> Iterator[list[Tap]]:
    """Bursts in order of their begin, with a quiet breath after every few."""
    taps_mean = sum(share * sum(TAPS[tier]) / 2 for tier, share in TIER_SHARES.items())
    busy_s = taps_mean / rate_per_s * (1 - BREATH_SHARE)
    breath_s = taps_mean / rate_per_s * BREATH_SHARE * sum(BURSTS_PER_BREATH) / 2
    favourites = [{tier: random.choices(shelf[tier], k=3) for tier in TIER_SHARES} for _ in range(fans)]
    free_at_s = [0.0] * fans
    now_s = 0.0
    while True:
        for _ in range(random.randint(*BURSTS_PER_BREATH)):
            now_s += random.expovariate(1 / busy_s)
            fan = random.choice([one for one in range(fans) if free_at_s[one] <= now_s] or range(fans))
            burst = _burst(favourites[fan], random, fan=fan, at_s=now_s)
            free_at_s[fan] = burst[-1].at_s + 1.0
            yield burst
        now_s += breath_s * random.uniform(0.5, 1.5)


def _burst(favourites: Shelf, random: Random, *, fan: int, at_s: float) -> list[Tap]:
    tier = random.choices(list(TIER_SHARES), list(TIER_SHARES.values()))[0]
    gift = random.choice(favourites[tier])
    message = random.choice(CHEERS) if random.random() < CHEER_SHARE else None
    burst = [Tap(at_s=at_s, fan=fan, gift=gift, tier=tier, message=message)]
    for _ in range(random.randint(*TAPS[tier]) - 1):
        at_s += random.uniform(*TAP_GAP_S)
        burst.append(Tap(at_s=at_s, fan=fan, gift=gift, tier=tier))
    return burst


def _big_gifts(shelf: Shelf, random: Random, *, fans: int) -> Iterator[Tap]:
    at_s = random.uniform(*BIG_FIRST_S)
    while True:
        tier = 5 if random.random() < BIG_TIER_5_SHARE else 4
        message = random.choice(TOASTS) if random.random() < TOAST_SHARE else None
        yield Tap(at_s=at_s, fan=random.randrange(fans), gift=random.choice(shelf[tier]), tier=tier, message=message)
        at_s += random.uniform(*BIG_GAP_S)
