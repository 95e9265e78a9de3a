"""Refusals of gifts, rooms and intents: understood and decided against."""

from server.errors.tree import GiftwaveError


class Refused(GiftwaveError):
    """Understood and decided against: nothing was charged."""

    code = "refused"
    sentence = "This was refused; nothing was charged."


class UnknownRoom(Refused):
    """No room has this id."""

    code = "unknown_room"
    sentence = "There is no such room."


class RoomClosed(Refused):
    """The room exists and its stream is over."""

    code = "room_closed"
    sentence = "This stream has ended; nothing was charged."


class RoomTaken(Refused):
    """Another creator owns this room id."""

    code = "room_taken"
    sentence = "This room belongs to another creator; choose another id."


class UnknownGift(Refused):
    """The catalogue has no such gift."""

    code = "unknown_gift"
    sentence = "This gift is not in the catalogue; load the catalogue again."


class CountNotAllowed(Refused):
    """More than one of a gift that has no combo."""

    code = "count_not_allowed"
    sentence = "This gift is sent one at a time."


class PriceChanged(Refused):
    """The gift costs more than the fan agreed to."""

    code = "price_changed"
    sentence = "The price has changed; load the catalogue again. Nothing was charged."


class InsufficientCoins(Refused):
    """The wallet holds less than the order costs."""

    code = "insufficient_coins"
    sentence = "You do not have enough coins for this; nothing was charged."


class OwnRoom(Refused):
    """A creator cannot send gifts to their own room."""

    code = "own_room"
    sentence = "You cannot send gifts to your own room."


class LedgerLimit(Refused):
    """An account would pass 2^53−1, the largest amount every part can hold exactly."""

    code = "ledger_limit"
    sentence = "An account would grow beyond what the books can hold; nothing was charged."


class IntentConflict(Refused):
    """The intent was already used for an order with other content."""

    code = "intent_conflict"
    sentence = "This intent id was already used for a different order; make a new one for a new wish."


class StaleIntent(Refused):
    """The intent is older than the server remembers, so it is never charged."""

    code = "stale_intent"
    sentence = "This order is too old to be charged safely; make a new one if you still want it."


class FutureIntent(Refused):
    """The intent's time lies ahead of the server's clock; not remembered, because time will make it good."""

    code = "future_intent"
    retryable = True
    sentence = "This order is dated in the future; check the clock of your device, or send it again later."


class UnknownIntent(Refused):
    """Nothing was ever decided for this intent."""

    code = "unknown_intent"
    sentence = "No order with this intent id was decided; nothing was charged for it."


class LimitGift(Refused):
    """One gift above the fan's own limit."""

    code = "limit_gift"
    sentence = "This is more than you allow yourself for one gift; nothing was charged."


class LimitDay(Refused):
    """The day's spending would pass the fan's own limit."""

    code = "limit_day"
    sentence = "This would pass the limit you set for a day; nothing was charged."


class LimitWeek(Refused):
    """The week's spending would pass the fan's own limit."""

    code = "limit_week"
    sentence = "This would pass the limit you set for a week; nothing was charged."


class LimitMonth(Refused):
    """The month's spending would pass the fan's own limit."""

    code = "limit_month"
    sentence = "This would pass the limit you set for a month; nothing was charged."


class SelfExcluded(Refused):
    """The fan locked their own spending for a while."""

    code = "self_excluded"
    sentence = "You locked your spending; the lock ends by itself and cannot be shortened. Nothing was charged."


class WalletOwes(Refused):
    """A payment was taken back after its coins were spent."""

    code = "wallet_owes"
    sentence = "A payment of yours was taken back after its coins were spent; buy coins to make up for it."
