"""The books: accounts, gifts, transfers, commands, top-ups, payouts."""

import sqlalchemy as sa
from alembic import op

from server.record.rules import statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "balance",
        sa.Column("account", sa.String(length=96), nullable=False),
        sa.Column("asset", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "amount >= 0 OR kind IN ('fan_paid', 'creator', 'platform', 'issued', 'house', 'sales', 'provider_clearing', 'provider_balance', 'provider_fees', 'creators_paid')",
            name=op.f("ck_balance_not_negative"),
        ),
        sa.PrimaryKeyConstraint("account", "asset", name=op.f("pk_balance")),
    )
    op.create_table(
        "destination",
        sa.Column("creator", sa.String(length=32), nullable=False),
        sa.Column("destination", sa.String(length=64), nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("creator", name=op.f("pk_destination")),
    )
    op.create_table(
        "gift",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("intent_id", sa.String(length=64), nullable=False),
        sa.Column("fan", sa.String(length=32), nullable=False),
        sa.Column("creator", sa.String(length=32), nullable=False),
        sa.Column("room", sa.String(length=32), nullable=False),
        sa.Column("room_epoch", sa.String(length=32), nullable=False),
        sa.Column("room_offset", sa.BigInteger(), nullable=False),
        sa.Column("gift", sa.String(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("coins", sa.BigInteger(), nullable=False),
        sa.Column("paid_coins", sa.BigInteger(), nullable=False),
        sa.Column("promo_coins", sa.BigInteger(), nullable=False),
        sa.Column("creator_units", sa.BigInteger(), nullable=False),
        sa.Column("platform_units", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.CheckConstraint("coins BETWEEN 1 AND 900719925474 AND count >= 1", name=op.f("ck_gift_price")),
        sa.CheckConstraint(
            "creator_units >= 0 AND platform_units >= 0 AND creator_units + platform_units = coins * 10000",
            name=op.f("ck_gift_split"),
        ),
        sa.CheckConstraint(
            "paid_coins >= 0 AND promo_coins >= 0 AND paid_coins + promo_coins = coins", name=op.f("ck_gift_buckets")
        ),
        sa.PrimaryKeyConstraint("shard", "seq", name=op.f("pk_gift")),
        sa.UniqueConstraint("fan", "intent_id", name=op.f("uq_gift_fan_intent_id")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_gift_creator_at_ms"), "gift", ["creator", "at_ms"], unique=False)
    op.create_table(
        "hold",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("creator", sa.String(length=32), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.String(length=64), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("release_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("released_by", sa.String(length=64), nullable=True),
        sa.Column("release_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("units IS NULL OR units > 0", name=op.f("ck_hold_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_index(op.f("ix_hold_creator"), "hold", ["creator"], unique=False)
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "limit_change",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("change_id", sa.String(length=36), nullable=False),
        sa.Column("fan", sa.String(length=32), nullable=False),
        sa.Column("limits", sa.String(length=96), nullable=False),
        sa.Column("next", sa.String(length=128), nullable=False),
        sa.Column("locked_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("shard", "seq", name=op.f("pk_limit_change")),
        sa.UniqueConstraint("fan", "change_id", name=op.f("uq_limit_change_fan_change_id")),
    )
    op.create_index(op.f("ix_limit_change_fan_seq"), "limit_change", ["fan", "seq"], unique=False)
    op.create_table(
        "quote",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("creator", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("minor_per_1000_diamonds", sa.BigInteger(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("units > 0 AND fee_minor >= 0 AND gross_minor > fee_minor", name=op.f("ck_quote_amounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote")),
    )
    op.create_table(
        "shard",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("commands", sa.BigInteger(), nullable=False),
        sa.Column("recorded_coins", sa.BigInteger(), nullable=False),
        sa.Column("hwm_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("seq >= 0 AND commands >= 0 AND recorded_coins >= 0", name=op.f("ck_shard_cursors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shard")),
    )
    op.create_table(
        "topup",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("fan", sa.String(length=32), nullable=False),
        sa.Column("pack", sa.String(length=32), nullable=False),
        sa.Column("coins", sa.BigInteger(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=True),
        sa.Column("checkout_url", sa.Text(), nullable=True),
        sa.Column("return_url", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_minor", sa.BigInteger(), nullable=False),
        sa.Column("reinstated_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=True),
        sa.Column("coins_posted", sa.BigInteger(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("checked_at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "captured_minor BETWEEN 0 AND price_minor AND refunded_minor BETWEEN 0 AND captured_minor AND reinstated_minor BETWEEN 0 AND withdrawn_minor AND coins_posted BETWEEN 0 AND coins",
            name=op.f("ck_topup_cumulative"),
        ),
        sa.CheckConstraint("coins > 0 AND price_minor > 0", name=op.f("ck_topup_price")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topup")),
        sa.UniqueConstraint("reference", name=op.f("uq_topup_reference")),
    )
    op.create_index(op.f("ix_topup_fan_created_at_ms"), "topup", ["fan", "created_at_ms"], unique=False)
    op.create_index(op.f("ix_topup_status_created_at_ms"), "topup", ["status", "created_at_ms"], unique=False)
    unsettled = sa.text("(status IN ('open', 'processing') OR (captured_minor > 0 AND fee_minor IS NULL))")
    op.create_index(
        "ix_topup_unsettled", "topup", ["checked_at_ms"], sqlite_where=unsettled, postgresql_where=unsettled
    )
    op.create_table(
        "transfer",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("fan", sa.String(length=32), nullable=False),
        sa.Column("creator", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("key", name=op.f("uq_transfer_key")),
        sa.UniqueConstraint("shard", "seq", name=op.f("uq_transfer_shard_seq")),
    )
    op.create_index(op.f("ix_transfer_creator_at_ms"), "transfer", ["creator", "at_ms"], unique=False)
    op.create_index(op.f("ix_transfer_fan_at_ms"), "transfer", ["fan", "at_ms"], unique=False)
    op.create_index(op.f("ix_transfer_subject"), "transfer", ["subject"], unique=False)
    op.create_table(
        "webhook",
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=False),
        sa.Column("received_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("provider", "event_id", name=op.f("pk_webhook")),
    )
    op.create_index(
        op.f("ix_webhook_done_at_ms_received_at_ms"), "webhook", ["done_at_ms", "received_at_ms"], unique=False
    )
    op.create_table(
        "coin_refund",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("topup_id", sa.String(length=36), nullable=False),
        sa.Column("fan", sa.String(length=32), nullable=False),
        sa.Column("coins", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("coins > 0 AND amount_minor > 0", name=op.f("ck_coin_refund_amount")),
        sa.ForeignKeyConstraint(["topup_id"], ["topup.id"], name=op.f("fk_coin_refund_topup_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coin_refund")),
    )
    op.create_index(op.f("ix_coin_refund_state"), "coin_refund", ["state"], unique=False)
    op.create_index(op.f("ix_coin_refund_topup_id"), "coin_refund", ["topup_id"], unique=False)
    op.create_table(
        "command",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("transfer_id", sa.String(length=64), nullable=False),
        sa.Column("fan", sa.String(length=32), nullable=False),
        sa.Column("paid_coins", sa.BigInteger(), nullable=False),
        sa.Column("promo_coins", sa.BigInteger(), nullable=False),
        sa.Column("creator", sa.String(length=32), nullable=False),
        sa.Column("creator_units", sa.BigInteger(), nullable=False),
        sa.Column("room", sa.String(length=32), nullable=False),
        sa.Column("room_epoch", sa.String(length=32), nullable=False),
        sa.Column("room_coins", sa.BigInteger(), nullable=False),
        sa.Column("room_gifts", sa.Integer(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_command_transfer_id")),
        sa.PrimaryKeyConstraint("shard", "number", name=op.f("pk_command")),
    )
    op.create_table(
        "payout",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("quote_id", sa.String(length=36), nullable=False),
        sa.Column("creator", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("destination", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=True),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("requested_by", sa.String(length=32), nullable=False),
        sa.Column("approved_by", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("checked_at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "NOT needs_approval OR approved_by IS NULL OR approved_by <> requested_by", name=op.f("ck_payout_four_eyes")
        ),
        sa.CheckConstraint("units > 0 AND fee_minor >= 0 AND gross_minor > fee_minor", name=op.f("ck_payout_amounts")),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_payout_quote_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sa.UniqueConstraint("quote_id", name=op.f("uq_payout_quote_id")),
    )
    op.create_index(op.f("ix_payout_creator_created_at_ms"), "payout", ["creator", "created_at_ms"], unique=False)
    op.create_index(op.f("ix_payout_state"), "payout", ["state"], unique=False)
    op.create_table(
        "posting",
        sa.Column("transfer_id", sa.String(length=64), nullable=False),
        sa.Column("line", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("debit", sa.String(length=96), nullable=False),
        sa.Column("credit", sa.String(length=96), nullable=False),
        sa.Column("asset", sa.String(length=8), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0 AND debit <> credit", name=op.f("ck_posting_moves")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_posting_transfer_id")),
        sa.PrimaryKeyConstraint("transfer_id", "line", name=op.f("pk_posting")),
    )
    op.create_table(
        "payout_step",
        sa.Column("payout_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["payout_id"], ["payout.id"], name=op.f("fk_payout_step_payout_id")),
        sa.PrimaryKeyConstraint("payout_id", "number", name=op.f("pk_payout_step")),
    )
    for statement in statements(op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)
