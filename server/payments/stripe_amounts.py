"""Our minor units and Stripe's: the same for most currencies (docs.stripe.com/currencies)."""

from server.domain.currency import format_minor, is_currency, minor_digits
from server.errors import ProviderRefused

# Stripe's zero-decimal currencies. ISK and UGX are not among them: they have no minor unit any more, and Stripe still
# takes them with two digits that must be 00. MGA is one, though ISO 4217 gives it two digits.
_ZERO_DIGITS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
# Of these the last digit has to be 0: card networks know only two.
_THREE_DIGITS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def to_stripe(amount_minor: int, currency: str) -> int:
    """Return what Stripe calls an amount.

    Raises:
        ProviderRefused: this is no currency, or Stripe does not take an amount this fine.
    """
    assert type(amount_minor) is int, amount_minor
    assert amount_minor > 0, amount_minor
    if not is_currency(currency):
        raise ProviderRefused(f"{currency!r} is not the upper-case code of a currency in use.")
    shift = _stripe_digits(currency) - minor_digits(currency)
    step = 10 if currency in _THREE_DIGITS else _power(-shift)
    if amount_minor % step:
        raise ProviderRefused(
            f"Stripe does not take {format_minor(amount_minor, currency)}: amounts in {currency} go in steps of "
            f"{format_minor(step, currency)}."
        )
    return amount_minor * _power(shift) // _power(-shift)


def from_stripe(amount: int, currency: str) -> int:
    """Return an amount of Stripe's in our minor units; a part that ISO 4217 does not know is dropped."""
    shift = _stripe_digits(currency) - minor_digits(currency)
    return amount * _power(-shift) // _power(shift)


def _stripe_digits(currency: str) -> int:
    if currency in _ZERO_DIGITS:
        return 0
    return 3 if currency in _THREE_DIGITS else 2


def _power(digits: int) -> int:
    """Return 10 to the power of `digits`, and 1 below it."""
    return int(10 ** max(0, digits))
