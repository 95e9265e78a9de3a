"""A command: what the books decided and the store has to follow."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Signed changes of a wallet, a creator's live balance, a room's totals and ranks; "" and 0 change nothing."""

    transfer_id: str
    fan: str = ""
    paid_coins: int = 0
    promo_coins: int = 0
    creator: str = ""
    creator_units: int = 0
    room: str = ""
    room_epoch: str = ""  # the change is for this life of the room only
    room_coins: int = 0
    room_gifts: int = 0
    hidden: bool = False  # the gift was anonymous, so the board never counted it
