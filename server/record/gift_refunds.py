"""Give a gift back: the one posting that undoes a recorded gift, in the buckets it was paid from."""

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.accounts import Account, AccountKind, posting
from server.domain.command import Command
from server.domain.money import UNITS_PER_COIN
from server.record.batch import GiftRow
from server.record.ledger import Transfer, give_command, post

GIFT_REFUND = "gift_refund"


def event_id(gift: GiftRow) -> str:
    """Return the id by which fan and creator know a gift."""
    return f"{gift.shard}-{gift.epoch}-{gift.seq}"


async def post_gift_refund(
    connection: AsyncConnection, gift: GiftRow, *, actor: str, reason: str, now_ms: int
) -> str | None:
    """Take a gift back from creator and platform, give it to the fan, and tell the store to follow.

    Returns the transfer's id, or None where this gift was refunded before.
    """
    event = event_id(gift)
    fan_paid, fan_promo = Account(AccountKind.FAN_PAID, gift.fan), Account(AccountKind.FAN_PROMO, gift.fan)
    sources = [
        (Account(AccountKind.CREATOR, gift.creator), gift.creator_units),
        (Account(AccountKind.PLATFORM), gift.platform_units),
    ]
    paid_left = gift.paid_coins * UNITS_PER_COIN
    postings = []
    for source, units in sources:
        to_paid = min(units, paid_left)
        paid_left -= to_paid
        postings += posting(source, fan_paid, to_paid) + posting(source, fan_promo, units - to_paid)
    transfer = Transfer(
        id=f"refund-{event}",
        kind=GIFT_REFUND,
        key=f"{GIFT_REFUND}:{event}",
        at_ms=now_ms,
        postings=postings,
        actor=actor,
        subject=event,
        fan=gift.fan,
        creator=gift.creator,
        reason=reason,
    )
    if not await post(connection, transfer):
        return None
    await give_command(
        connection,
        Command(
            transfer_id=transfer.id,
            fan=gift.fan,
            paid_coins=gift.paid_coins,
            promo_coins=gift.promo_coins,
            creator=gift.creator,
            creator_units=-gift.creator_units,
            room=gift.room,
            room_epoch=gift.room_epoch,
            room_coins=-gift.coins,
            room_gifts=-gift.count,
            hidden=gift.hidden,
        ),
    )
    return transfer.id
