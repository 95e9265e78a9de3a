"""Every table of the books, once. `migrations/` makes them; a test proves that both say the same.

Posted rows (gift, transfer, posting, command, limit_change, payout_step) are never changed or deleted: triggers refuse
it (`rules.py`). A posting debits one account and credits another by the same amount, so a book cannot go out of
balance; a gift row is such a posting by itself, its price the sum of its two shares.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from server.domain.accounts import CHART
from server.domain.money import UNITS_PER_COIN, WALLET_COINS_MAX

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_NEGATIVE = ", ".join(f"'{kind.value}'" for kind, rule in CHART.items() if rule.may_be_negative)


def _amount(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


# How far the books have copied a shard's log, and how many commands they have given it.
shard = Table(
    "shard",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("epoch", String(32), nullable=False),
    _amount("seq"),
    _amount("commands"),
    _amount("recorded_coins"),
    _amount("hwm_ms"),
    CheckConstraint("seq >= 0 AND commands >= 0 AND recorded_coins >= 0", name="cursors"),
)

gift = Table(
    "gift",
    metadata,
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("epoch", String(32), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("intent_id", String(64), nullable=False),
    Column("fan", String(32), nullable=False),
    Column("creator", String(32), nullable=False),
    Column("room", String(32), nullable=False),
    Column("room_epoch", String(32), nullable=False),
    Column("room_offset", BigInteger, nullable=False),
    Column("gift", String(32), nullable=False),
    Column("count", Integer, nullable=False),
    _amount("coins"),
    _amount("paid_coins"),
    _amount("promo_coins"),
    _amount("creator_units"),
    _amount("platform_units"),
    Column("day", Integer, nullable=False),  # the fan's local day it counts to, in days since 1970
    Column("month", Integer, nullable=False),  # year × 12 + month − 1, likewise
    Column("hidden", Boolean, nullable=False),  # sent anonymously: the creator does not learn by whom
    UniqueConstraint("fan", "intent_id"),
    CheckConstraint(f"coins BETWEEN 1 AND {WALLET_COINS_MAX} AND count >= 1", name="price"),
    CheckConstraint("paid_coins >= 0 AND promo_coins >= 0 AND paid_coins + promo_coins = coins", name="buckets"),
    CheckConstraint(
        f"creator_units >= 0 AND platform_units >= 0 AND creator_units + platform_units = coins * {UNITS_PER_COIN}",
        name="split",
    ),
    Index(None, "creator", "at_ms"),
    sqlite_with_rowid=False,
)

transfer = Table(
    "transfer",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("key", String(128), nullable=False, unique=True),  # what makes it happen once
    Column("at_ms", BigInteger, nullable=False),
    Column("subject", String(64), nullable=False),  # the gift, top-up or payout it is about, or ""
    Column("fan", String(32), nullable=False),  # whose statement shows it, or ""
    Column("creator", String(32), nullable=False),
    Column("actor", String(64), nullable=False),  # who caused it: a user id, "provider", "server"
    Column("reason", Text, nullable=False),
    Column("shard", SmallInteger),  # where it stands in the log, for what was decided there
    Column("seq", BigInteger),
    UniqueConstraint("shard", "seq"),
    Index(None, "fan", "at_ms"),
    Index(None, "creator", "at_ms"),
    Index(None, "subject"),
)

posting = Table(
    "posting",
    metadata,
    Column("transfer_id", ForeignKey("transfer.id"), primary_key=True),
    Column("line", SmallInteger, primary_key=True, autoincrement=False),
    Column("debit", String(96), nullable=False),
    Column("credit", String(96), nullable=False),
    Column("asset", String(8), nullable=False),
    _amount("amount"),
    CheckConstraint("amount > 0 AND debit <> credit", name="moves"),
)

# Sums of the entries, kept by the same transactions; `giftwave reconcile` proves that they are.
balance = Table(
    "balance",
    metadata,
    Column("account", String(96), primary_key=True),
    Column("asset", String(8), primary_key=True),
    Column("kind", String(32), nullable=False),
    _amount("amount"),
    CheckConstraint(f"amount >= 0 OR kind IN ({_NEGATIVE})", name="not_negative"),
)

# What SQL decided and a shard of the store has to follow, in this order, each once.
command = Table(
    "command",
    metadata,
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("transfer_id", ForeignKey("transfer.id"), nullable=False),
    Column("fan", String(32), nullable=False),
    _amount("paid_coins"),
    _amount("promo_coins"),
    Column("creator", String(32), nullable=False),
    _amount("creator_units"),
    Column("room", String(32), nullable=False),
    Column("room_epoch", String(32), nullable=False),
    _amount("room_coins"),
    Column("room_gifts", Integer, nullable=False),
    Column("hidden", Boolean, nullable=False),
)

limit_change = Table(
    "limit_change",
    metadata,
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("change_id", String(36), nullable=False),
    Column("fan", String(32), nullable=False),
    Column("limits", String(96), nullable=False),  # as the wallet holds it: gift|day|week|month
    Column("next", String(128), nullable=False),  # at_ms|gift|day|week|month|zone, or ""
    Column("locked_until_ms", BigInteger, nullable=False),
    Column("zone", String(64), nullable=False),
    UniqueConstraint("fan", "change_id"),
    Index(None, "fan", "seq"),
)

# Purchases that somebody has to ask after. Text, because an index that holds only these serves only this very text.
UNSETTLED = text("(status IN ('open', 'processing') OR (captured_minor > 0 AND fee_minor IS NULL))")

topup = Table(
    "topup",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("fan", String(32), nullable=False),
    Column("pack", String(32), nullable=False),
    _amount("coins"),
    _amount("price_minor"),
    Column("currency", String(3), nullable=False),
    Column("provider", String(16), nullable=False),
    Column("reference", String(128), unique=True),  # the provider's name for the payment
    Column("checkout_url", Text),
    Column("return_url", Text, nullable=False),
    Column("status", String(16), nullable=False),  # of the checkout, at the provider
    _amount("captured_minor"),
    _amount("refunded_minor"),
    _amount("withdrawn_minor"),
    _amount("reinstated_minor"),
    Column("fee_minor", BigInteger),
    _amount("coins_posted"),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
    Column("checked_at_ms", BigInteger, nullable=False),  # when the provider was last asked without a webhook
    CheckConstraint("coins > 0 AND price_minor > 0", name="price"),
    CheckConstraint(
        "captured_minor BETWEEN 0 AND price_minor AND refunded_minor BETWEEN 0 AND captured_minor "
        "AND reinstated_minor BETWEEN 0 AND withdrawn_minor AND coins_posted BETWEEN 0 AND coins",
        name="cumulative",
    ),
    Index(None, "fan", "created_at_ms"),
    Index(None, "status", "created_at_ms"),
    Index("ix_topup_unsettled", "checked_at_ms", sqlite_where=UNSETTLED, postgresql_where=UNSETTLED),
)

webhook = Table(
    "webhook",
    metadata,
    Column("provider", String(16), primary_key=True),
    Column("event_id", String(128), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("subject", String(16), nullable=False),  # payment | payout | other
    Column("reference", String(128), nullable=False),
    Column("received_at_ms", BigInteger, nullable=False),
    Column("done_at_ms", BigInteger),
    Index(None, "done_at_ms", "received_at_ms"),
)

coin_refund = Table(
    "coin_refund",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("topup_id", ForeignKey("topup.id"), nullable=False),
    Column("fan", String(32), nullable=False),
    _amount("coins"),
    _amount("amount_minor"),
    Column("state", String(16), nullable=False),  # requested | taken | sent | done | failed
    Column("actor", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
    CheckConstraint("coins > 0 AND amount_minor > 0", name="amount"),
    Index(None, "topup_id"),
    Index(None, "state"),
)

destination = Table(
    "destination",
    metadata,
    Column("creator", String(32), primary_key=True),
    Column("destination", String(64), nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
)

hold = Table(
    "hold",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("creator", String(32), nullable=False),
    Column("units", BigInteger),  # NULL holds everything
    Column("reason", Text, nullable=False),
    Column("placed_by", String(64), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("release_at_ms", BigInteger, nullable=False),
    Column("released_by", String(64)),  # who ended it before its time, and why
    Column("release_reason", Text),
    CheckConstraint("units IS NULL OR units > 0", name="units"),
    Index(None, "creator"),
)

quote = Table(
    "quote",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("creator", String(32), nullable=False),
    Column("currency", String(3), nullable=False),
    _amount("units"),
    _amount("minor_per_1000_diamonds"),
    _amount("gross_minor"),
    _amount("fee_minor"),
    Column("expires_at_ms", BigInteger, nullable=False),
    CheckConstraint("units > 0 AND fee_minor >= 0 AND gross_minor > fee_minor", name="amounts"),
)

payout = Table(
    "payout",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("quote_id", ForeignKey("quote.id"), nullable=False, unique=True),
    Column("creator", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    _amount("units"),
    Column("currency", String(3), nullable=False),
    _amount("gross_minor"),
    _amount("fee_minor"),
    Column("destination", String(64), nullable=False),
    Column("provider", String(16), nullable=False),
    Column("reference", String(128)),  # the provider's name for it, once it said one
    Column("needs_approval", Boolean, nullable=False),
    Column("requested_by", String(32), nullable=False),
    Column("approved_by", String(32)),
    Column("reason", Text),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
    Column("checked_at_ms", BigInteger, nullable=False),
    CheckConstraint("units > 0 AND fee_minor >= 0 AND gross_minor > fee_minor", name="amounts"),
    CheckConstraint("NOT needs_approval OR approved_by IS NULL OR approved_by <> requested_by", name="four_eyes"),
    Index(None, "creator", "created_at_ms"),
    Index(None, "state"),
)

payout_step = Table(
    "payout_step",
    metadata,
    Column("payout_id", ForeignKey("payout.id"), primary_key=True),
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

# Who may do what only one process does at a time.
lease = Table(
    "lease",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("until_ms", BigInteger, nullable=False),
)

POSTED = ("gift", "transfer", "posting", "command", "limit_change", "payout_step")
