"""Refusals of top-ups, refunds and payouts."""

from server.errors.gifts import Refused


class UnknownPack(Refused):
    """The catalogue has no such coin pack."""

    code = "unknown_pack"
    sentence = "There is no such coin pack; load the packs again."


class UnknownTopup(Refused):
    """No top-up of this person has this id."""

    code = "unknown_topup"
    sentence = "You have no top-up with this id."


class UnknownCurrency(Refused):
    """Payouts are not made in this currency."""

    code = "unknown_currency"
    sentence = "Payouts are not made in this currency here."


class QuoteExpired(Refused):
    """The quote is unknown, used, or past its time."""

    code = "quote_expired"
    sentence = "This quote has expired or was used; ask for a new one."


class AboveAvailable(Refused):
    """More than the creator may cash out now."""

    code = "above_available"
    sentence = "This is more than what is available to cash out; nothing was moved."


class BelowMinimum(Refused):
    """Less than the smallest payout of this currency, or nothing left after the fee."""

    code = "below_minimum"
    sentence = "This is less than the smallest payout of this currency; nothing was moved."


class NoDestination(Refused):
    """The creator has not said where payouts go."""

    code = "no_destination"
    sentence = "Say first where payouts go (PUT /v1/payouts/destination)."


class UnknownPayout(Refused):
    """No payout has this id."""

    code = "unknown_payout"
    sentence = "There is no payout with this id."


class UnknownTransfer(Refused):
    """The books have no such gift or transfer."""

    code = "unknown_transfer"
    sentence = "The books have nothing with this id."


class UnknownHold(Refused):
    """No hold has this id."""

    code = "unknown_hold"
    sentence = "There is no hold with this id."


class WrongState(Refused):
    """What is asked does not fit where the thing stands."""

    code = "wrong_state"
    sentence = "This is not possible in its present state; nothing was moved."


class OwnApproval(Refused):
    """Somebody approves their own request."""

    code = "own_approval"
    sentence = "Somebody else has to approve this; nothing was moved."


class AlreadyRefunded(Refused):
    """A second refund of the same gift."""

    code = "already_refunded"
    sentence = "This was refunded before; nothing was moved."


class AboveRefundable(Refused):
    """More than what is left unspent of a top-up."""

    code = "above_refundable"
    sentence = "This is more than what is left unspent of this purchase; nothing was moved."


class BadSignature(Refused):
    """A webhook that the provider did not sign."""

    code = "bad_signature"
    sentence = "This webhook is not signed by the provider."


class StaleSignature(Refused):
    """A webhook signed at another time."""

    code = "stale_signature"
    sentence = "This webhook was signed too long ago, or in the future."


class UnknownProvider(Refused):
    """A webhook for a provider that is not in use."""

    code = "unknown_provider"
    sentence = "This payment provider is not in use here."


class ProviderRefused(Refused):
    """The payment provider said no."""

    code = "provider_refused"
    sentence = "The payment provider refused this; nothing was moved."
