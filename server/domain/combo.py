"""Combos: consecutive sends of one gift by one fan, owned by the server."""

from dataclasses import dataclass, replace

# 3 s covers a slow mobile round trip and a thumb's pause, yet the row still leaves the screen before the talk moves
# on; it is also what the field's own gift players keep (product notes, §5).
COMBO_GAP_MS = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Combo:
    """A running combo. `rev` counts its sends, `total` the gifts, `coins` what they cost."""

    id: str
    rev: int
    total: int
    coins: int
    last_ms: int


def next_combo(
    previous: Combo | None, *, new_id: str, count: int, coins: int, now_ms: int, gap_ms: int = COMBO_GAP_MS
) -> Combo:
    """Extend the running combo, or start `new_id` once the gap has passed."""
    if previous is None or now_ms - previous.last_ms > gap_ms:
        return Combo(id=new_id, rev=1, total=count, coins=coins, last_ms=now_ms)
    return replace(
        previous,
        rev=previous.rev + 1,
        total=previous.total + count,
        coins=previous.coins + coins,
        last_ms=now_ms,
    )
