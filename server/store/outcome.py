"""What the atomic step answered for one order, read from its text."""

from dataclasses import dataclass

from server.domain.event import Balance, ComboState
from server.domain.ids import IntentId
from server.domain.limits import Spent
from server.errors import REFUSAL_BY_CODE, GateClosed, InsufficientCoins, RecorderBehind, Refused, Unavailable

_ACCEPTED_FIELDS = 21


# Decided about the moment and not about the order, so never remembered.
_NOT_NOW: dict[str, type[Unavailable]] = {error.code: error for error in (RecorderBehind, GateClosed)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """An accepted gift: what was charged, what is left, and which event the room saw."""

    intent_id: IntentId
    event_id: str
    room: str
    epoch: str
    offset: int
    gift: str
    count: int
    coins: int
    balance: Balance
    combo: ComboState | None
    ts_ms: int
    spent_paid: int
    spent_promo: int
    replayed: bool


Refusal = Refused | Unavailable
Outcome = Receipt | Refusal


def parse_outcome(intent_id: IntentId, text: str, *, replayed: bool) -> Outcome:
    """Read `ok|…` into a receipt and `<code>|…` into the refusal it stands for."""
    code, *fields = text.split("|")
    if code != "ok":
        return _refusal(code, fields)
    assert len(fields) == _ACCEPTED_FIELDS, fields
    ts_ms, coins, paid, promo, rev, event_id, room, epoch, offset, gift, count = fields[:11]
    return Receipt(
        intent_id=intent_id,
        event_id=event_id,
        room=room,
        epoch=epoch,
        offset=int(offset),
        gift=gift,
        count=int(count),
        coins=int(coins),
        balance=Balance(int(paid), int(promo), int(rev), Spent(*map(int, fields[18:21]))),
        combo=parse_combo(fields[11:16], delta=int(count)),
        ts_ms=int(ts_ms),
        spent_paid=int(fields[16]),
        spent_promo=int(fields[17]),
        replayed=replayed,
    )


def parse_combo(fields: list[str], *, delta: int) -> ComboState | None:
    """Read the five combo fields that outcomes and events share; empty ones mean no combo."""
    combo_id, rev, total, coins, ends_at_ms = fields
    if not combo_id:
        return None
    return ComboState(
        id=combo_id, rev=int(rev), delta=delta, total=int(total), coins=int(coins), ends_at_ms=int(ends_at_ms)
    )


def _refusal(code: str, fields: list[str]) -> Refusal:
    # A code of another release: still a refusal, and still the same answer.
    if code in _NOT_NOW:
        return _NOT_NOW[code](retry_after_ms=500)
    error = REFUSAL_BY_CODE.get(code, Refused)
    if error is InsufficientCoins:
        _ts_ms, coins, balance = fields
        return InsufficientCoins(f"You have {int(balance):,} coins and this costs {int(coins):,}; nothing was charged.")
    return error()
