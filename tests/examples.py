"""One example of every message of the protocol: the golden vectors are made from these, and both SDKs read those."""

from server.domain.event import ComboState, GiftEvent, RoomClosedEvent, RoomOpenedEvent, Sender, Totals
from server.wire.messages import (
    Batch,
    Bye,
    ClientMessage,
    CreatorView,
    Earnings,
    ErrorMessage,
    Gap,
    GiftAck,
    GiftSend,
    Hello,
    Join,
    Joined,
    Leave,
    Left,
    Limits,
    ServerMessage,
    Snapshot,
    TopFanView,
    User,
    Wallet,
    WalletView,
    Welcome,
)
from server.wire.money import LimitsView, LimitValues, NextLimits, PayoutView, Periods, RecordedGifts, TopupView

INTENT = "019b1c3e-5d2a-7cc1-9b3e-0a1b2c3d4e5f"
EPOCH = "k3v9x2mq"
COMBO = ComboState(id="k3v9x2mq-40", rev=2, delta=2, total=5, coins=5, ends_at_ms=1_780_000_003_123)
GIFT = GiftEvent(
    offset=42,
    id="0-p7qk2m9d-1042",
    ts_ms=1_780_000_000_123,
    sender=Sender(name="Ana", id="u_ana"),
    gift="rose",
    count=2,
    coins=2,
    combo=COMBO,
    message="bravo",
    fan_coins=517,
)
ANONYMOUS_GIFT = GiftEvent(
    offset=43,
    id="0-p7qk2m9d-1043",
    ts_ms=1_780_000_000_456,
    sender=Sender(name="Anonymous"),
    gift="galaxy",
    count=1,
    coins=30_000,
)
SIMULATED_GIFT = GiftEvent(
    offset=44,
    id="0-p7qk2m9d-1044",
    ts_ms=1_780_000_000_789,
    sender=Sender(name="Merry Fox ✨", id="u_fox", simulated=True),
    gift="coffee",
    count=1,
    coins=2,
    combo=ComboState(id="k3v9x2mq-44", rev=1, delta=1, total=1, coins=2, ends_at_ms=1_780_000_003_789),
    message="¡olé! 你好",
    fan_coins=2,
)
SNAPSHOT = Snapshot(
    title="Late night piano",
    creator=CreatorView("c_mira", "Mira"),
    state="open",
    totals=Totals(90_112, 812, 37),
    top_fans=[TopFanView("u_ana", "Ana", 515), TopFanView("u_fox", "Merry Fox ✨", 200, True)],
    recent=[RoomOpenedEvent(offset=1, id="k3v9x2mq-1", ts_ms=1_779_999_000_000)],
)


def _ack(*, replayed: bool) -> GiftAck:
    return GiftAck(
        intent_id=INTENT,
        event_id="0-p7qk2m9d-1042",
        room="lounge",
        epoch=EPOCH,
        offset=42,
        gift="rose",
        count=2,
        coins=2,
        balance=WalletView(0, 498, 498, 2, Periods(2, 12, 40)),
        ts_ms=1_780_000_000_123,
        combo=COMBO,
        replayed=replayed,
    )


CLIENT_EXAMPLES: dict[str, ClientMessage] = {
    "hello": Hello(token="eyJhbGciOiJIUzI1NiJ9.e30.c2ln", client="my-bot/1.0"),
    "join": Join(room="lounge"),
    "join_resume": Join(room="lounge", epoch=EPOCH, offset=41),
    "leave": Leave(room="lounge"),
    "gift_send": GiftSend(intent_id=INTENT, room="lounge", gift="rose", count=2, max_coins=2, message="bravo"),
}
SERVER_EXAMPLES: dict[str, ServerMessage] = {
    "welcome": Welcome(
        user=User("u_ana", "Ana", "viewer"),
        server_time_ms=1_780_000_000_000,
        wallet=WalletView(0, 500, 500, 1, Periods(0, 10, 38)),
        catalogue_revision="5c1d0f6a9b2e4d77",
        limits=Limits(4_096, 9_999, 120, 20, 900_000, 3_000),
    ),
    "joined": Joined(room="lounge", epoch=EPOCH, offset=41, recovered=False, snapshot=SNAPSHOT, events=[]),
    "joined_recovered": Joined(
        room="lounge", epoch=EPOCH, offset=43, recovered=True, snapshot=SNAPSHOT, events=[GIFT, ANONYMOUS_GIFT]
    ),
    "left": Left(room="lounge"),
    "batch": Batch(room="lounge", epoch=EPOCH, first=42, last=42, events=[GIFT], totals=Totals(90_114, 814, 37)),
    "batch_many": Batch(
        room="lounge",
        epoch=EPOCH,
        first=43,
        last=45,
        events=[ANONYMOUS_GIFT, SIMULATED_GIFT, RoomClosedEvent(offset=45, id="k3v9x2mq-45", ts_ms=1_780_000_001_000)],
        totals=Totals(120_116, 816, 39),
    ),
    "gift_ack": _ack(replayed=False),
    "gift_ack_replayed": _ack(replayed=True),
    "error": ErrorMessage(
        code="insufficient_coins",
        message="You have 3 coins and this costs 5; nothing was charged.",
        retryable=False,
        intent_id=INTENT,
    ),
    "error_retryable": ErrorMessage(
        code="store_unavailable",
        message="The store does not answer right now; send the same order again, it is charged once.",
        retryable=True,
        intent_id=INTENT,
        retry_after_ms=500,
    ),
    "gap": Gap(room="lounge", epoch=EPOCH, first=12, last=30),
    "wallet": Wallet(paid=0, promo=498, coins=498, rev=2, spent=Periods(2, 12, 40)),
    "wallet_topped_up": Wallet(paid=100, promo=498, coins=598, rev=3),
    "recorded_gifts": RecordedGifts(intent_ids=[INTENT]),
    "recorded_room": RecordedGifts(room="lounge", epoch=EPOCH, offset=42),
    "topup": TopupView(
        topup_id=INTENT,
        pack="pack_100",
        coins=100,
        price_minor=129,
        currency="EUR",
        provider="sandbox",
        state="pending",
        checkout_url="http://localhost:9080/checkout/sp_1",
        created_at_ms=1_780_000_000_000,
        updated_at_ms=1_780_000_000_000,
    ),
    "limits": LimitsView(
        limits=LimitValues(gift=100, day=500, week=None, month=2_000),
        next=NextLimits(at_ms=1_780_086_400_000, limits=LimitValues(100, 1_000, None, None), zone="Europe/Berlin"),
        zone="Europe/Berlin",
        locked_until_ms=None,
        spent=Periods(2, 12, 40),
        ends_at_ms=Periods(1_780_005_600_000, 1_780_264_800_000, 1_780_264_800_000),
    ),
    "payout": PayoutView(
        payout_id=INTENT,
        creator="c_mira",
        state="requested",
        units=40_000_000,
        currency="USD",
        gross_minor=2_000,
        fee_minor=25,
        amount_minor=1_975,
        needs_approval=False,
        reason=None,
        created_at_ms=1_780_000_000_000,
        updated_at_ms=1_780_000_000_000,
    ),
    "earnings": Earnings(room="lounge", units=63_000_000, diamonds=6_300),
    "bye": Bye(reason="restarting", retry_after_ms=1_840),
}
