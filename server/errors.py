"""Every error a caller can meet, in one tree.

GiftwaveError
├── BadInput            the message itself is wrong; sending it again cannot help
│   ├── Malformed · UnknownType · BadField · HelloFirst · AlreadyGreeted · NotFound · MethodNotAllowed · BodyTooLarge
├── AccessDenied        who speaks may not do this
│   ├── BadToken · TokenExpired · Forbidden · OriginNotAllowed
├── Refused             understood and decided against; no coins moved, and the decision is remembered
│   ├── UnknownRoom · RoomClosed · RoomTaken · UnknownGift · CountNotAllowed · PriceChanged · InsufficientCoins
│   ├── OwnRoom · LedgerLimit · IntentConflict · StaleIntent · FutureIntent · UnknownIntent
├── Unavailable         not now; the same message may be sent again
│   ├── StoreUnavailable · Overloaded · RateLimited
└── OperatorError       a command or a configuration cannot work as given
    ├── DataFolderBusy · PortBusy · StoreMissing · CatalogueInvalid · SettingInvalid
"""

from typing import ClassVar


class GiftwaveError(Exception):
    """An error with a stable wire `code`, a sentence for people, and whether a retry can help."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    sentence: ClassVar[str] = "Something broke on our side; it was recorded."

    def __init__(self, message: str | None = None, *, retry_after_ms: int | None = None) -> None:
        super().__init__(message or self.sentence)
        self.message = message or self.sentence
        self.retry_after_ms = retry_after_ms


class BadInput(GiftwaveError):
    """The message itself is wrong."""

    code = "bad_input"
    sentence = "This message cannot be read."


class Malformed(BadInput):
    """Not JSON or MessagePack at all."""

    code = "malformed"
    sentence = "This frame is not a well-formed message of the agreed subprotocol."


class UnknownType(BadInput):
    """A message type this server does not know."""

    code = "unknown_type"
    sentence = "This message type is not known here; see docs/reference/protocol.md."


class BadField(BadInput):
    """A field is missing, unknown, of the wrong type or out of range."""

    code = "bad_field"
    sentence = "A field of this message is missing, unknown or out of range."


class HelloFirst(BadInput):
    """Something was sent before `hello`."""

    code = "hello_first"
    sentence = "Say hello with a token before anything else."


class AlreadyGreeted(BadInput):
    """A second `hello`."""

    code = "already_greeted"
    sentence = "This connection already said hello; open another one to speak as somebody else."


class NotFound(BadInput):
    """No such address."""

    code = "not_found"
    sentence = "There is nothing at this address."


class MethodNotAllowed(BadInput):
    """The address exists, the method does not."""

    code = "method_not_allowed"
    sentence = "This address does not take this method."


class BodyTooLarge(BadInput):
    """A request body over the limit."""

    code = "body_too_large"
    sentence = "This body is larger than any request here needs to be."


class AccessDenied(GiftwaveError):
    """Who speaks may not do this."""

    code = "access_denied"
    sentence = "You may not do this."


class BadToken(AccessDenied):
    """The token's signature, audience, issuer shape or role is wrong."""

    code = "bad_token"
    sentence = "This token is not valid here; ask for a new one."


class TokenExpired(AccessDenied):
    """The token was good once."""

    code = "token_expired"
    sentence = "This token has expired; ask for a new one and connect again."


class Forbidden(AccessDenied):
    """A good token of the wrong role or the wrong owner."""

    code = "forbidden"
    sentence = "Your role does not allow this."


class OriginNotAllowed(AccessDenied):
    """A browser came from a page that is not on the allow-list."""

    code = "origin_not_allowed"
    sentence = "Pages of this origin may not connect; add it to GIFTWAVE_ORIGINS."


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


class Unavailable(GiftwaveError):
    """Not now; the same message may be sent again."""

    code = "unavailable"
    retryable = True
    sentence = "Not possible right now; send the same message again."


class StoreUnavailable(Unavailable):
    """Valkey did not answer: the outcome is unknown, and the same intent finds it out."""

    code = "store_unavailable"
    sentence = "The store does not answer right now; send the same order again, it is charged once."


class Overloaded(Unavailable):
    """More orders wait than the server allows itself."""

    code = "overloaded"
    sentence = "Too many orders are waiting; send the same order again in a moment."


class RateLimited(Unavailable):
    """This connection sends faster than its limit."""

    code = "rate_limited"
    sentence = "You are sending too fast; wait a moment and send it again."


class OperatorError(GiftwaveError):
    """A command or a configuration cannot work as given."""

    code = "operator_error"


class DataFolderBusy(OperatorError):
    """Another server uses this data folder."""

    code = "data_folder_busy"


class PortBusy(OperatorError):
    """Something listens on this port."""

    code = "port_busy"


class StoreMissing(OperatorError):
    """No Valkey or Redis program can be found, or it does not start."""

    code = "store_missing"


class CatalogueInvalid(OperatorError):
    """The catalogue file has faults."""

    code = "catalogue_invalid"


class SettingInvalid(OperatorError):
    """A setting does not parse or is out of range."""

    code = "setting_invalid"


def all_errors(root: type[GiftwaveError] = GiftwaveError) -> list[type[GiftwaveError]]:
    """Return `root` and every class below it, parents first: the documentation and the decoders read this."""
    found = [root]
    for child in root.__subclasses__():
        found.extend(all_errors(child))
    return found


# The refusals that the atomic step may answer, by code.
REFUSAL_BY_CODE: dict[str, type[Refused]] = {
    error.code: error for error in all_errors(Refused) if issubclass(error, Refused)
}
