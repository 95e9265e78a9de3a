"""The chart of accounts: who can hold what, and which accounts may go below zero.

A balance is credits − debits. What is owed to somebody or was earned is positive; what was given out, spent or lies at
a provider is negative; the balances of one asset add up to zero over the whole book.
"""

from dataclasses import dataclass
from enum import StrEnum

UNITS = "units"  # the asset of coins and earnings; every other asset is an ISO 4217 currency in minor units


class AccountKind(StrEnum):
    """What an account is for."""

    FAN_PAID = "fan_paid"
    FAN_PROMO = "fan_promo"
    CREATOR = "creator"
    PLATFORM = "platform"
    ISSUED = "issued"
    HOUSE = "house"
    COIN_REFUNDS = "coin_refunds"
    PAYOUT_TRANSIT = "payout_transit"
    PAID_OUT = "paid_out"
    SALES = "sales"
    PROVIDER_CLEARING = "provider_clearing"
    PROVIDER_BALANCE = "provider_balance"
    PROVIDER_FEES = "provider_fees"
    CREATORS_PAID = "creators_paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What an account of a kind holds, whose it is, and whether it may go below zero."""

    asset: str  # "units" or "currency"
    owner: str
    may_be_negative: bool
    meaning: str


def _rule(asset: str, owner: str, *, negative: bool, meaning: str) -> Rule:
    return Rule(asset=asset, owner=owner, may_be_negative=negative, meaning=meaning)


CHART: dict[AccountKind, Rule] = {
    AccountKind.FAN_PAID: _rule(
        "units", "fan", negative=True, meaning="paid coins of a fan; below zero after a charge-back"
    ),
    AccountKind.FAN_PROMO: _rule("units", "fan", negative=False, meaning="promo coins of a fan"),
    AccountKind.CREATOR: _rule(
        "units", "creator", negative=True, meaning="earnings not cashed out; below zero when refunds exceed them"
    ),
    AccountKind.PLATFORM: _rule("units", "", negative=True, meaning="the platform's share of gifts"),
    AccountKind.ISSUED: _rule("units", "", negative=True, meaning="coins issued for money, less those taken back"),
    AccountKind.HOUSE: _rule("units", "", negative=True, meaning="coins given away: promo expense"),
    AccountKind.COIN_REFUNDS: _rule(
        "units", "top-up", negative=False, meaning="coins taken out of a wallet whose money is on its way back"
    ),
    AccountKind.PAYOUT_TRANSIT: _rule("units", "creator", negative=False, meaning="earnings in payouts under way"),
    AccountKind.PAID_OUT: _rule("units", "creator", negative=False, meaning="earnings that were cashed out"),
    AccountKind.SALES: _rule("currency", "", negative=True, meaning="money taken for coins, less refunds and disputes"),
    AccountKind.PROVIDER_CLEARING: _rule(
        "currency", "provider", negative=True, meaning="captures whose fee the provider has not said; returns to zero"
    ),
    AccountKind.PROVIDER_BALANCE: _rule("currency", "provider", negative=True, meaning="money that lies at a provider"),
    AccountKind.PROVIDER_FEES: _rule("currency", "provider", negative=True, meaning="what a provider kept"),
    AccountKind.CREATORS_PAID: _rule("currency", "", negative=True, meaning="money paid to creators"),
}


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """One account; its `name` is what the books call it."""

    kind: AccountKind
    owner: str = ""
    asset: str = UNITS

    @property
    def name(self) -> str:
        """`kind` or `kind:owner`."""
        return f"{self.kind.value}:{self.owner}" if self.owner else self.kind.value


@dataclass(frozen=True, slots=True)
class Posting:
    """`amount` (1 or more) moves from the debited account to the credited one; both hold the same asset."""

    debit: Account
    credit: Account
    amount: int

    def __post_init__(self) -> None:
        assert self.amount > 0, self
        assert self.debit.asset == self.credit.asset, self
        assert self.debit != self.credit, self


def posting(debit: Account, credit: Account, amount: int) -> list[Posting]:
    """Return the posting that moves `amount`: none for 0, the other way round for less."""
    if amount == 0:
        return []
    return [Posting(debit, credit, amount) if amount > 0 else Posting(credit, debit, -amount)]
