"""Prove the books by themselves: sums, numbers without holes, and every derived amount against its transfers.

The queries stand here as text, apart from the code that posts: an audit by the same statements would share their
mistakes.
"""

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.accounts import UNITS
from server.domain.drift import Drift
from server.domain.money import UNITS_PER_COIN
from server.record.drain import read_cursor

_LISTED_MAX = 100

# Both sums of every account in one pass: what its entries add up to, and what the balance table says.
_SUMS = """
WITH sums AS (
  SELECT account, asset, SUM(amount) AS entries, SUM(said) AS said FROM (
    SELECT account, asset, amount, 0 AS said FROM entry
    UNION ALL SELECT account, asset, 0, amount FROM balance
  ) AS sides GROUP BY account, asset
)
"""

_NUMBERS = """
SELECT seq FROM gift WHERE shard = 0
UNION ALL SELECT seq FROM limit_change WHERE shard = 0
UNION ALL SELECT seq FROM transfer WHERE shard = 0 AND seq IS NOT NULL
"""

# Derived amounts: (check, what is in doubt, what it must equal, rows of account, asset, doubted, proof).
_DERIVED: Sequence[tuple[str, str, str, str]] = (
    (
        "topup",
        "coins posted",
        "transfers",
        f"""
        SELECT 'topup:' || id AS account, 'units' AS asset, coins_posted * {UNITS_PER_COIN} AS doubted, 0 AS proof
          FROM topup
        UNION ALL SELECT 'topup:' || topup.id, 'units', 0,
          CASE WHEN posting.debit = 'issued' THEN posting.amount ELSE -posting.amount END
          FROM posting JOIN transfer ON transfer.id = posting.transfer_id JOIN topup ON topup.id = transfer.subject
          WHERE posting.debit = 'issued' OR posting.credit = 'issued'
        """,
    ),
    (
        "clearing",
        "balance",
        "captures without a fee",
        """
        SELECT account, asset, amount AS doubted, 0 AS proof FROM balance WHERE kind = 'provider_clearing'
        UNION ALL SELECT 'provider_clearing:' || provider, currency, 0, -captured_minor FROM topup
          WHERE fee_minor IS NULL
        """,
    ),
    (
        "sales",
        "balance",
        "top-ups",
        """
        SELECT account, asset, amount AS doubted, 0 AS proof FROM balance WHERE kind = 'sales'
        UNION ALL SELECT 'sales', currency, 0, captured_minor - refunded_minor - withdrawn_minor + reinstated_minor
          FROM topup
        """,
    ),
    (
        "payout",
        "balance",
        "payouts",
        """
        SELECT account, asset, amount AS doubted, 0 AS proof FROM balance WHERE kind IN ('payout_transit', 'paid_out')
        UNION ALL SELECT 'payout_transit:' || creator, 'units', 0, units FROM payout
          WHERE state IN ('requested', 'approved', 'submitted')
        UNION ALL SELECT 'paid_out:' || creator, 'units', 0, units FROM payout WHERE state = 'paid'
        """,
    ),
    (
        "coin refund",
        "balance",
        "nothing left",
        """
        SELECT balance.account, balance.asset, balance.amount AS doubted, 0 AS proof
          FROM coin_refund JOIN balance ON balance.account = 'coin_refunds:' || coin_refund.id
          WHERE coin_refund.state IN ('done', 'failed')
        """,
    ),
)


async def audit_books(connection: AsyncConnection) -> AsyncIterator[tuple[str, list[Drift]]]:
    """Yield each check's name and what it found, over one snapshot; at most _LISTED_MAX drifts a check."""
    yield "entries", await _check_sums(connection)
    yield "numbers", await _check_numbers(connection)
    yield "commands", await _check_commands(connection)
    for check, doubted, proof, rows in _DERIVED:
        yield check, await _check_derived(connection, (check, doubted, proof), rows)


async def _check_sums(connection: AsyncConnection) -> list[Drift]:
    totals = await connection.execute(
        text(
            f"{_SUMS} SELECT asset, SUM(entries), SUM(CASE WHEN entries <> said THEN 1 ELSE 0 END) "
            "FROM sums GROUP BY asset ORDER BY asset"
        )
    )
    found, differing = [], 0
    for asset, entries, differ in totals:
        differing += int(differ)
        if int(entries):
            says = (("entries", _amount(int(entries), asset)), ("books", "0"))
            found.append(Drift(check="entries", account=f"all accounts in {asset}", says=says))
    if differing:
        rows = await connection.execute(
            text(
                f"{_SUMS} SELECT account, asset, said, entries FROM sums WHERE entries <> said "
                f"ORDER BY account, asset LIMIT {_LISTED_MAX}"
            )
        )
        for account, asset, said, entries in rows:
            says = (("balance", _amount(int(said), asset)), ("entries", _amount(int(entries), asset)))
            found.append(Drift(check="balance", account=account, says=says))
    return found


async def _check_numbers(connection: AsyncConnection) -> list[Drift]:
    cursor = await read_cursor(connection)
    if cursor is None:
        return []
    query = f"SELECT COUNT(*), COALESCE(SUM(seq), 0), COALESCE(MAX(seq), 0) FROM ({_NUMBERS}) AS numbers"
    count, total, last = map(int, (await connection.execute(text(query))).one())
    found = []
    if (count, total, last) != (cursor.seq, cursor.seq * (cursor.seq + 1) // 2, cursor.seq):
        says = (("rows", f"{count:,} up to {last:,}"), ("cursor", f"{cursor.seq:,}"))
        found.append(Drift(check="numbers", account="log", says=says, evidence=await _holes(connection)))
    coins = int(
        (await connection.execute(text("SELECT COALESCE(SUM(coins), 0) FROM gift WHERE shard = 0"))).scalar_one()
    )
    if coins != cursor.recorded_coins:
        says = (("cursor", f"{cursor.recorded_coins:,} coins"), ("gifts", f"{coins:,} coins"))
        found.append(Drift(check="numbers", account="recorded coins", says=says))
    return found


async def _holes(connection: AsyncConnection) -> tuple[str, ...]:
    rows = await connection.execute(
        text(
            f"SELECT seq, following FROM (SELECT seq, LEAD(seq) OVER (ORDER BY seq) AS following "
            f"FROM ({_NUMBERS} UNION ALL SELECT 0) AS numbers) AS pairs WHERE following <> seq + 1 ORDER BY seq LIMIT 3"
        )
    )
    return tuple(f"after {seq:,} comes {following:,}" for seq, following in rows)


async def _check_commands(connection: AsyncConnection) -> list[Drift]:
    cursor = await read_cursor(connection)
    if cursor is None:
        return []
    query = "SELECT COUNT(*), COALESCE(MAX(number), 0) FROM command WHERE shard = 0"
    count, last = map(int, (await connection.execute(text(query))).one())
    found = []
    if (count, last) != (cursor.commands, cursor.commands):
        says = (("rows", f"{count:,} up to {last:,}"), ("cursor", f"{cursor.commands:,}"))
        found.append(Drift(check="commands", account="commands", says=says))
    orphans = await connection.execute(
        text(
            "SELECT number, transfer_id FROM command WHERE NOT EXISTS "
            f"(SELECT 1 FROM transfer WHERE transfer.id = transfer_id) ORDER BY number LIMIT {_LISTED_MAX}"
        )
    )
    for number, transfer_id in orphans:
        says = (("command", transfer_id), ("transfers", "none"))
        found.append(Drift(check="commands", account=f"command {number}", says=says))
    return found


async def _check_derived(connection: AsyncConnection, names: tuple[str, str, str], rows: str) -> list[Drift]:
    check, doubted, proof = names
    differing = await connection.execute(
        text(
            f"SELECT account, asset, SUM(doubted), SUM(proof) FROM ({rows}) AS sides GROUP BY account, asset "
            f"HAVING SUM(doubted) <> SUM(proof) ORDER BY account, asset LIMIT {_LISTED_MAX}"
        )
    )
    return [
        Drift(
            check=check,
            account=account,
            says=((doubted, _amount(int(left), asset)), (proof, _amount(int(right), asset))),
        )
        for account, asset, left, right in differing
    ]


def _amount(amount: int, asset: str) -> str:
    if asset != UNITS:
        return f"{amount:,} minor {asset}"
    coins, rest = divmod(abs(amount), UNITS_PER_COIN)
    sign = "-" if amount < 0 else ""
    return f"{sign}{coins:,}.{rest:04d} coins" if rest else f"{sign}{coins:,} coins"
