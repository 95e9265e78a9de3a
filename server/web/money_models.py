"""Bodies and answers of the money routes, as OpenAPI shows them."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from server.domain.ids import INTENT, SLUG
from server.domain.money import AMOUNT_MAX, WALLET_COINS_MAX
from server.domain.order import MESSAGE_TEXT
from server.web.models import Body, Slug, Whole

REASON_CHARS_MAX = 200

OwnId = Annotated[str, Field(pattern=rf"^{INTENT}$", examples=["019b1c3e-5d2a-7cc1-9b3e-0a1b2c3d4e5f"])]
Reason = Annotated[str, Field(min_length=1, max_length=REASON_CHARS_MAX, pattern=rf"^{MESSAGE_TEXT}$")]
UnitsIn = Annotated[int, Field(ge=1, le=AMOUNT_MAX)]
CoinsIn = Annotated[int, Field(ge=1, le=WALLET_COINS_MAX)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])]
SignedWhole = Annotated[int, Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]


class OpenTopupBody(Body):
    """Buy a pack of coins; the same `topup_id` is bought once."""

    topup_id: OwnId
    pack: Slug = Field(examples=["pack_100"])
    return_url: str = Field(min_length=1, max_length=2_048, examples=["http://localhost:8080/watch"])


class DestinationBody(Body):
    """Where payouts go, in the words of the payment provider."""

    destination: str = Field(pattern=r"^[!-~]{1,64}$", examples=["sandbox:mira", "acct_1N2b3c"])


class QuoteBody(Body):
    """Ask what units are worth; null takes all that is available."""

    currency: Currency
    units: UnitsIn | None = None


class PayoutBody(Body):
    """Ask for the payout of a quote; the same `payout_id` is paid once."""

    payout_id: OwnId
    quote_id: OwnId


class ReasonBody(Body):
    """Why."""

    reason: Reason


class CoinRefundBody(Body):
    """Give money back for unspent coins; null takes as many as there are."""

    refund_id: OwnId
    coins: CoinsIn | None = None
    reason: Reason


class HoldBody(Body):
    """Hold a creator's earnings back; null holds all of them."""

    hold_id: OwnId
    creator: str = Field(pattern=rf"^{SLUG}$", examples=["c_mira"])
    units: UnitsIn | None = None
    reason: Reason
    release_at_ms: int = Field(ge=0, le=AMOUNT_MAX)


class PackOut(BaseModel):
    """Coins for money."""

    id: str
    coins: int
    price_minor: int
    currency: str


class PacksOut(BaseModel):
    """What is on sale."""

    packs: list[PackOut]


class TopupOut(BaseModel):
    """A purchase as it stands."""

    topup_id: str
    pack: str
    coins: int
    price_minor: int
    currency: str
    provider: str
    state: Literal[
        "pending",
        "processing",
        "credited",
        "failed",
        "expired",
        "refunded",
        "partly_refunded",
        "disputed",
        "charged_back",
    ]
    checkout_url: str | None
    created_at_ms: int
    updated_at_ms: int


class TopupsOut(BaseModel):
    """One's newest purchases."""

    topups: list[TopupOut]


class SettlingOut(BaseModel):
    """Units of one day's gifts."""

    settles_at_ms: int
    units: Whole


class HoldOut(BaseModel):
    """Units that are held back; null is all of them."""

    hold_id: str
    units: int | None
    reason: str
    release_at_ms: int


class OperatorHoldOut(HoldOut):
    """A hold as operators see it."""

    creator: str
    placed_by: str
    created_at_ms: int
    released_by: str | None


class TermsOut(BaseModel):
    """What diamonds are worth."""

    currency: str
    minor_per_1000_diamonds: int
    fee_minor: int
    min_minor: int


class EarningsOut(BaseModel):
    """Earnings by bucket: earned = pending + held + available + in_transit + paid."""

    earned_units: SignedWhole
    pending_units: Whole
    held_units: Whole
    available_units: SignedWhole
    in_transit_units: Whole
    paid_units: Whole
    pending_by_day: list[SettlingOut]
    holds: list[HoldOut]
    currencies: list[TermsOut]
    destination: str | None


class DestinationOut(BaseModel):
    """Where payouts go."""

    destination: str


class QuoteOut(BaseModel):
    """An offer, good until it expires; `remainder_units` stay with the creator."""

    quote_id: str
    currency: str
    units: int
    gross_minor: int
    fee_minor: int
    amount_minor: int
    remainder_units: int
    minor_per_1000_diamonds: int
    expires_at_ms: int


class PayoutOut(BaseModel):
    """A payout as it stands."""

    payout_id: str
    creator: str
    state: Literal["requested", "approved", "submitted", "paid", "failed", "returned", "rejected"]
    units: int
    currency: str
    gross_minor: int
    fee_minor: int
    amount_minor: int
    needs_approval: bool
    reason: str | None
    created_at_ms: int
    updated_at_ms: int


class PayoutsOut(BaseModel):
    """Payouts, newest first."""

    payouts: list[PayoutOut]


class GiftRefundOut(BaseModel):
    """A gift that was given back."""

    event_id: str
    fan: str
    creator: str
    coins: int
    paid_coins: int
    promo_coins: int
    creator_units: int


class CoinRefundOut(BaseModel):
    """A refund of unspent coins as it stands."""

    refund_id: str
    topup_id: str
    fan: str
    coins: int
    amount_minor: int
    state: Literal["requested", "taken", "sent", "done", "failed"]
    reason: str
    created_at_ms: int
    updated_at_ms: int


class FanLineOut(BaseModel):
    """A change of a fan's coins."""

    at_ms: int
    kind: str
    transfer_id: str
    gift: str | None
    count: int | None
    room: str | None
    creator: str | None
    pack: str | None
    price_minor: int | None
    currency: str | None
    paid_coins: int
    promo_coins: int
    coins: int
    balance_coins: int


class FanTotalsOut(BaseModel):
    """closing = opening + bought + granted − gifted + refunded − taken_back."""

    bought: int
    granted: int
    gifted: int
    refunded: int
    taken_back: int


class FanStatementOut(BaseModel):
    """What a fan's coins did."""

    from_ms: int
    to_ms: int
    opening_coins: int
    closing_coins: int
    lines: list[FanLineOut]
    totals: FanTotalsOut


class CreatorLineOut(BaseModel):
    """A change of a creator's earnings."""

    at_ms: int
    kind: str
    transfer_id: str
    gift: str | None
    count: int | None
    room: str | None
    fan: str | None
    coins: int | None
    price_units: int | None
    creator_units: int | None
    platform_units: int | None
    provider_fee_units: int | None
    units: int
    balance_units: int
    payout_id: str | None


class CreatorTotalsOut(BaseModel):
    """closing = opening + creator_units − payout_units; price_units = creator_units + platform_units."""

    price_units: int
    creator_units: int
    platform_units: int
    provider_fee_units: int
    payout_units: int


class CreatorStatementOut(BaseModel):
    """What a creator's earnings did."""

    from_ms: int
    to_ms: int
    opening_units: int
    closing_units: int
    lines: list[CreatorLineOut]
    totals: CreatorTotalsOut


class WebhookOut(BaseModel):
    """The event is followed, or was before."""

    status: Literal["ok"]
