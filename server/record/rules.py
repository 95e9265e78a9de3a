"""What the schema cannot say in columns: posted rows stay as they are, and every entry can be listed in one view."""

from server.record.tables import POSTED

# Both sides of every posting, and the four of every gift, as one list: account, asset, amount (credits positive).
ENTRY_VIEW = """
CREATE VIEW entry AS
SELECT transfer_id, debit AS account, asset, -amount AS amount FROM posting
UNION ALL SELECT transfer_id, credit, asset, amount FROM posting
UNION ALL SELECT CAST(shard AS VARCHAR(8)) || '-' || epoch || '-' || CAST(seq AS VARCHAR(24)), 'fan_paid:' || fan,
  'units', -paid_coins * 10000 FROM gift WHERE paid_coins > 0
UNION ALL SELECT CAST(shard AS VARCHAR(8)) || '-' || epoch || '-' || CAST(seq AS VARCHAR(24)), 'fan_promo:' || fan,
  'units', -promo_coins * 10000 FROM gift WHERE promo_coins > 0
UNION ALL SELECT CAST(shard AS VARCHAR(8)) || '-' || epoch || '-' || CAST(seq AS VARCHAR(24)), 'creator:' || creator,
  'units', creator_units FROM gift WHERE creator_units > 0
UNION ALL SELECT CAST(shard AS VARCHAR(8)) || '-' || epoch || '-' || CAST(seq AS VARCHAR(24)), 'platform',
  'units', platform_units FROM gift WHERE platform_units > 0
"""


def statements(dialect: str) -> list[str]:
    """Return the view and the triggers for `sqlite` or `postgresql`."""
    return [ENTRY_VIEW, *(_sqlite() if dialect == "sqlite" else _postgresql())]


def _sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table}: posted rows are never changed'); END"
        for table in POSTED
        for verb in ("UPDATE", "DELETE")
    ]


def _postgresql() -> list[str]:
    function = (
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '%: posted rows are never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; "
        "END $$"
    )
    triggers = [
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in POSTED
    ]
    return [function, *triggers]
