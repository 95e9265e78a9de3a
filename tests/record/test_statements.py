"""Statements: every line has its transfer, and opening plus lines is closing, which is what the ledger says."""

import csv
import io
from typing import Any

import pytest
from sqlalchemy import text

from server.domain.statement import LINES_MAX, CreatorStatement, FanLine, FanStatement, fan_statement
from server.errors import BadField, Forbidden
from server.payments.port import TransferStatus
from server.service.statements import creator_csv, fan_csv
from tests.helpers.market import ANA, BEN, DAY_MS, MIRA, OLA, START_MS, Market

FOR_EVER = 1 << 50


async def eventful(market: Market) -> dict[str, str]:
    """Let everything happen that a statement can show, a minute apart."""
    clock, seen = market.clock, {}
    market.store.grant("u_ana", 30)
    await market.record()
    clock.ms += 60_000
    seen["topup"] = await market.buy()
    clock.ms += 60_000
    seen["gift"] = str(market.store.send("u_ana", "c_mira", 50))
    clock.ms += 60_000
    seen["hidden"] = str(market.store.send("u_ana", "c_mira", 10, hidden=True))
    await market.record()
    clock.ms += 60_000
    await market.refunds.refund_gift(seen["gift"], reason="by mistake", by=OLA)
    clock.ms += 60_000
    seen["refund"] = market.new_id()
    for _ in range(2):
        await market.refunds.refund_coins(seen["refund"], topup_id=seen["topup"], coins=20, reason="asked", by=OLA)
        await market.record()
    clock.ms += 60_000
    market.provider.change(f"ref-{seen['topup']}", withdrawn_minor=103)
    await market.hint(f"ref-{seen['topup']}")
    clock.ms += 60_000
    market.provider.change(f"ref-{seen['topup']}", reinstated_minor=103)
    await market.hint(f"ref-{seen['topup']}")
    return seen


async def ledger_at(market: Market, account: str, before_ms: int) -> int:
    """Return what the entries say of an account at a moment."""
    query = text(
        "SELECT coalesce(sum(e.amount), 0) FROM entry e LEFT JOIN transfer t ON t.id = e.transfer_id "
        "LEFT JOIN gift g ON CAST(g.shard AS VARCHAR(8)) || '-' || g.epoch || '-' || CAST(g.seq AS VARCHAR(24)) "
        "= e.transfer_id WHERE e.account = :account AND coalesce(t.at_ms, g.at_ms) < :before_ms"
    )
    async with market.books.read() as connection:
        found = await connection.execute(query, {"account": account, "before_ms": before_ms})
        return int(found.scalar_one())


async def fan_ledger_at(market: Market, before_ms: int) -> int:
    units = [await ledger_at(market, f"{kind}:u_ana", before_ms) for kind in ("fan_paid", "fan_promo")]
    return sum(units) // 10_000


async def test_a_fans_statement_explains_every_coin(market: Market) -> None:
    seen = await eventful(market)

    statement = await market.statements.of_fan(ANA, from_ms=0, to_ms=FOR_EVER)

    assert [(line.kind, line.paid_coins, line.promo_coins, line.balance_coins) for line in statement.lines] == [
        ("grant", 0, 30, 30),
        ("topup", 100, 0, 130),
        ("gift", -20, -30, 80),
        ("gift", -10, 0, 70),
        ("gift_refund", 20, 30, 120),
        ("coin_refund", -20, 0, 100),
        ("chargeback", -80, 0, 20),
        ("chargeback_reversed", 80, 0, 100),
    ]
    topup, gift, back = statement.lines[1], statement.lines[2], statement.lines[4]
    assert (topup.pack, topup.price_minor, topup.currency) == ("pack_100", 129, "EUR")
    assert (gift.transfer_id, gift.gift, gift.room, gift.creator) == (seen["gift"], "rose", "lounge", "c_mira")
    assert (back.transfer_id, back.gift) == (f"refund-{seen['gift']}", "rose")
    totals = statement.totals
    assert (totals.bought, totals.granted, totals.gifted, totals.refunded, totals.taken_back) == (100, 30, 60, 50, 20)
    wallet = market.store.wallet("u_ana")
    assert statement.closing_coins == wallet.paid + wallet.promo == 100


async def test_any_period_opens_and_closes_with_what_the_ledger_says(market: Market) -> None:
    await eventful(market)
    moments = [START_MS + minutes * 60_000 for minutes in range(9)]

    for start in moments:
        for end in moments:
            if start >= end:
                continue
            fan = await market.statements.of_fan(ANA, from_ms=start, to_ms=end)
            creator = await market.statements.of_creator(MIRA, from_ms=start, to_ms=end)
            assert (fan.opening_coins, fan.closing_coins) == (
                await fan_ledger_at(market, start),
                await fan_ledger_at(market, end),
            )
            check_fan(fan)
            assert creator.opening_units == await ledger_at(market, "creator:c_mira", start)
            assert creator.closing_units == await ledger_at(market, "creator:c_mira", end)
            check_creator(creator)


def check_fan(statement: FanStatement) -> None:
    totals = statement.totals
    sums = totals.bought + totals.granted - totals.gifted + totals.refunded - totals.taken_back
    assert statement.opening_coins + sum(line.coins for line in statement.lines) == statement.closing_coins
    assert statement.opening_coins + sums == statement.closing_coins


def check_creator(statement: CreatorStatement) -> None:
    totals = statement.totals
    assert statement.opening_units + sum(line.units for line in statement.lines) == statement.closing_units
    assert statement.opening_units + totals.creator_units - totals.payout_units == statement.closing_units
    assert totals.price_units == totals.creator_units + totals.platform_units
    for line in statement.lines:
        if line.price_units is not None:
            assert line.price_units == (line.creator_units or 0) + (line.platform_units or 0)
            assert abs(line.provider_fee_units or 0) <= abs(line.platform_units or 0)


async def test_a_creator_sees_where_the_money_of_each_gift_went(market: Market) -> None:
    seen = await eventful(market)

    statement = await market.statements.of_creator(MIRA, from_ms=0, to_ms=FOR_EVER)

    # 29 of 129 cents went to the provider: of 20 paid coins 44,961 units; promo coins cost no fee.
    assert [
        (line.kind, line.fan, line.price_units, line.creator_units, line.platform_units, line.provider_fee_units)
        for line in statement.lines
    ] == [
        ("gift", "u_ana", 500_000, 350_000, 150_000, 44_961),
        ("gift", None, 100_000, 70_000, 30_000, 22_480),
        ("gift_refund", "u_ana", -500_000, -350_000, -150_000, -44_961),
    ]
    assert statement.lines[0].transfer_id == seen["gift"]
    check_creator(statement)


async def test_a_creators_statement_shows_payouts_and_what_came_back(market: Market) -> None:
    await market.earn(1_000)
    payout_id = await market.request_payout(units=5_000_000)
    await market.paying_out.work()
    market.provider.settle(payout_id, TransferStatus.RETURNED)
    market.clock.ms += 1_000
    await market.hint(payout_id, subject="payout")

    statement = await market.statements.of_creator(MIRA, from_ms=0, to_ms=FOR_EVER)

    assert [(line.kind, line.units, line.payout_id) for line in statement.lines] == [
        ("gift", 7_000_000, None),
        ("payout", -5_000_000, payout_id),
        ("payout_returned", 5_000_000, payout_id),
    ]
    assert statement.totals.payout_units == 0
    check_creator(statement)


async def test_lines_of_one_moment_stand_in_the_order_of_their_transfers(market: Market) -> None:
    topup_id = market.new_id()
    await market.topups.open(topup_id, pack="pack_100", return_url="http://shop.test/", by=ANA)
    market.provider.pay(f"ref-{topup_id}")
    market.provider.change(f"ref-{topup_id}", refunded_minor=40, withdrawn_minor=89)
    await market.hint(f"ref-{topup_id}")

    statement = await market.statements.of_fan(ANA, from_ms=0, to_ms=FOR_EVER)

    assert [(line.kind, line.coins) for line in statement.lines] == [
        ("topup", 100),
        ("coin_refund", -32),
        ("chargeback", -68),
    ]
    keys = [(line.at_ms, line.transfer_id) for line in statement.lines]
    assert keys == sorted(keys)


async def test_the_last_thirty_days_are_shown_where_nothing_is_said(market: Market) -> None:
    await market.buy()
    market.clock.ms += 31 * DAY_MS

    statement = await market.statements.of_fan(ANA, from_ms=None, to_ms=None)

    assert (statement.opening_coins, statement.lines, statement.closing_coins) == (100, [], 100)


async def test_nobody_sees_anothers_statement(market: Market) -> None:
    await eventful(market)

    assert (await market.statements.of_fan(BEN, from_ms=0, to_ms=FOR_EVER)).lines == []
    with pytest.raises(Forbidden):
        await market.statements.of_creator(ANA, from_ms=0, to_ms=FOR_EVER)


async def test_an_empty_period_is_refused(market: Market) -> None:
    with pytest.raises(BadField):
        await market.statements.of_fan(ANA, from_ms=5, to_ms=5)


async def test_a_period_with_too_many_lines_is_refused_with_words(market: Market) -> None:
    market.store.grant("u_ana", 20_000)
    for _ in range(LINES_MAX):
        market.store.send("u_ana", "c_mira", 1)
    await market.record()

    of_creator = await market.statements.of_creator(MIRA, from_ms=0, to_ms=FOR_EVER)
    with pytest.raises(BadField, match="ask for a shorter one"):
        await market.statements.of_fan(ANA, from_ms=0, to_ms=FOR_EVER)

    assert len(of_creator.lines) == LINES_MAX
    check_creator(of_creator)


def read_csv(written: str) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(written, newline="")))


async def test_csv_holds_the_same_lines_between_two_balances(market: Market) -> None:
    await eventful(market)
    fan = await market.statements.of_fan(ANA, from_ms=0, to_ms=FOR_EVER)
    creator = await market.statements.of_creator(MIRA, from_ms=0, to_ms=FOR_EVER)

    for written, statement, balance in (
        (fan_csv(fan), fan, "balance_coins"),
        (creator_csv(creator), creator, "balance_units"),
    ):
        first, *lines, last = read_csv(written)
        assert (first["kind"], last["kind"]) == ("opening", "closing")
        assert [line["transfer_id"] for line in lines] == [line.transfer_id for line in statement.lines]
        assert int(last[balance]) == int(lines[-1][balance])


@pytest.mark.parametrize("nasty", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
async def test_a_cell_is_never_a_formula(nasty: str) -> None:
    line = FanLine(at_ms=1, kind="gift", transfer_id="t", room=nasty, paid_coins=-5, promo_coins=0, coins=-5)
    statement = fan_statement([line], opening=5, from_ms=0, to_ms=2)

    [_, row, _] = read_csv(fan_csv(statement))

    assert row["room"] == f"'{nasty}"
    assert row["coins"] == "-5"
