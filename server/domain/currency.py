"""Currencies and their minor units, by ISO 4217."""

from babel.core import get_global
from babel.numbers import get_currency_symbol

# ISO 4217's "minor unit" column where it is not 2. CLDR's own digits, which Babel gives, follow daily use instead (none
# for RSD or LBP) and would read an amount 100 times too large.
_DIGITS = dict.fromkeys(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"],
    0,
) | dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3)


def _in_use() -> frozenset[str]:
    rows = (row for territory in get_global("territory_currencies").values() for row in territory)
    return frozenset(str(code) for code, _, end, is_tender in rows if is_tender and end is None)


# Legal tender somewhere today: neither DEM, which is gone, nor XAU, which is gold.
_CURRENCIES = _in_use()


def is_currency(code: str) -> bool:
    """Whether `code` is the upper-case code of a currency in use."""
    return code in _CURRENCIES


def minor_digits(currency: str) -> int:
    """Return how many decimal digits the minor unit of `currency` stands for: JPY 0, USD 2, KWD 3."""
    return _DIGITS.get(currency, 2)


def payable_step_minor(currency: str) -> int:
    """Return what an amount that is paid out is a multiple of: three-digit currencies are paid in tens (Stripe)."""
    return 10 if minor_digits(currency) == 3 else 1


def format_minor(amount_minor: int, currency: str) -> str:
    """Write an amount for people: `€1.29`, `¥129`, `KWD 1.290`."""
    digits = minor_digits(currency)
    whole, rest = divmod(abs(amount_minor), 10**digits)
    number = f"{whole:,}" + (f".{rest:0{digits}d}" if digits else "")
    symbol = get_currency_symbol(currency, locale="en")
    space = "\N{NO-BREAK SPACE}" if symbol[-1].isalpha() else ""
    return f"{'-' if amount_minor < 0 else ''}{symbol}{space}{number}"
