"""The store follows what the books decided: each command once, in order, or not at all."""

import asyncio
from dataclasses import replace

import pytest
import redis

from server.domain.command import Command
from server.domain.event import Totals
from server.errors import BooksMismatch, GateClosed
from server.settings import Settings
from server.store.client import StoreClient
from server.store.commands import COMMANDS_MAX, CommandStore
from tests.helpers.shop import ANA, BEN, KEYS, LOUNGE, MIRA, Shop, order_for, priced

CREDIT = Command(transfer_id="t", fan=ANA.id, paid_coins=5, promo_coins=2)


@pytest.fixture
async def shop(client: StoreClient, settings: Settings) -> Shop:
    shop = Shop(client, settings)
    await shop.open()
    return shop


@pytest.fixture
def commands(client: StoreClient) -> CommandStore:
    return CommandStore(client, KEYS)


async def test_a_command_moves_both_buckets_once(shop: Shop, commands: CommandStore) -> None:
    before = await shop.wallets.balance(ANA.id)

    for _ in range(3):
        assert await commands.apply([(1, CREDIT)]) == 1

    after = await shop.wallets.balance(ANA.id)
    assert (after.paid, after.promo, after.rev) == (before.paid + 5, before.promo + 2, before.rev + 1)
    assert await commands.cursor() == 1


async def test_commands_of_one_call_are_followed_in_their_order(shop: Shop, commands: CommandStore) -> None:
    takes = [replace(CREDIT, paid_coins=-3, promo_coins=0), replace(CREDIT, paid_coins=4, promo_coins=0)]

    assert await commands.apply([(number, command) for number, command in enumerate([CREDIT, *takes], start=1)]) == 3

    balance = await shop.wallets.balance(ANA.id)
    assert (balance.paid, balance.promo, balance.rev) == (6, 102, 4)


async def test_what_was_followed_is_skipped_and_the_rest_of_the_call_is_not(shop: Shop, commands: CommandStore) -> None:
    await commands.apply([(1, CREDIT), (2, CREDIT)])

    assert await commands.apply([(1, CREDIT), (2, CREDIT), (3, CREDIT)]) == 3

    assert (await shop.wallets.balance(ANA.id)).paid == 15


@pytest.mark.parametrize("numbers", [[2], [1, 3], [1, 2, 4], [2, 1]])
async def test_a_gap_changes_nothing(shop: Shop, commands: CommandStore, raw: redis.Redis, numbers: list[int]) -> None:
    before = _everything(raw)

    with pytest.raises(BooksMismatch, match="followed command"):
        await commands.apply([(number, CREDIT) for number in numbers])

    assert _everything(raw) == before


async def test_a_closed_gate_follows_nothing(shop: Shop, commands: CommandStore, raw: redis.Redis) -> None:
    raw.hdel(KEYS.shard, "epoch")
    before = _everything(raw)

    with pytest.raises(GateClosed):
        await commands.apply([(1, CREDIT)])

    assert _everything(raw) == before


async def test_a_charge_back_may_take_a_wallet_below_zero_and_a_top_up_brings_it_back(
    shop: Shop, commands: CommandStore
) -> None:
    await commands.apply([(1, replace(CREDIT, paid_coins=-500, promo_coins=0))])
    assert (await shop.wallets.balance(ANA.id)).paid == -500

    await commands.apply([(2, replace(CREDIT, paid_coins=500, promo_coins=0))])
    assert (await shop.wallets.balance(ANA.id)).paid == 0


async def test_a_refunded_gift_leaves_wallet_earnings_totals_and_board_as_before(
    shop: Shop, commands: CommandStore
) -> None:
    before, spent = await shop.rooms.view(LOUNGE), await shop.coins_of()
    receipt = await shop.engine.submit(priced(order_for(count=10)))
    epoch = (await shop.rooms.view(LOUNGE)).epoch

    await commands.apply([(1, _refund(epoch, receipt.spent_promo))])

    after = await shop.rooms.view(LOUNGE)
    assert (await shop.coins_of(), after.earned_units) == (spent, before.earned_units)
    assert after.totals == Totals(coins=0, gifts=0, fans=1)
    assert [fan for fan in after.top_fans if fan.coins] == []


async def test_a_refund_of_a_former_evening_leaves_this_ones_totals_and_ranks(
    shop: Shop, commands: CommandStore
) -> None:
    await shop.engine.submit(priced(order_for(count=10)))
    former = (await shop.rooms.view(LOUNGE)).epoch
    await shop.rooms.close(LOUNGE, creator=MIRA)
    await shop.open(coins=0)
    await shop.engine.submit(priced(order_for(count=4)))
    before = await shop.rooms.view(LOUNGE)

    await commands.apply([(1, _refund(former, 10))])

    after = await shop.rooms.view(LOUNGE)
    assert (after.totals, after.top_fans) == (before.totals, before.top_fans)
    assert after.earned_units == before.earned_units - 70_000
    assert await shop.coins_of() == 96


async def test_a_refund_of_a_hidden_gift_leaves_the_board(shop: Shop, commands: CommandStore) -> None:
    await shop.engine.submit(priced(order_for(count=3)))
    await shop.engine.submit(priced(replace(order_for(count=10), anonymous=True)))
    epoch = (await shop.rooms.view(LOUNGE)).epoch

    await commands.apply([(1, replace(_refund(epoch, 10), hidden=True))])

    after = await shop.rooms.view(LOUNGE)
    assert [(fan.id, fan.coins) for fan in after.top_fans] == [(ANA.id, 3)]
    assert after.totals.coins == 3


async def test_a_call_that_meets_a_damaged_key_changes_nothing(
    shop: Shop, commands: CommandStore, raw: redis.Redis
) -> None:
    raw.set(KEYS.wallet(BEN.id), "not a wallet")
    before = _everything(raw)

    with pytest.raises(redis.ResponseError, match="not a hash"):
        await commands.apply([(1, CREDIT), (2, replace(CREDIT, fan=BEN.id))])

    assert _everything(raw) == before


async def test_two_that_bring_the_same_commands_at_once_are_harmless(shop: Shop, commands: CommandStore) -> None:
    numbered = [(number, CREDIT) for number in range(1, COMMANDS_MAX + 1)]

    await asyncio.gather(*(commands.apply(numbered) for _ in range(8)))

    assert (await shop.wallets.balance(ANA.id)).paid == 5 * COMMANDS_MAX
    assert await commands.cursor() == COMMANDS_MAX


async def test_a_note_without_amounts_is_counted_and_moves_nothing(shop: Shop, commands: CommandStore) -> None:
    before = await shop.wallets.balance(ANA.id)

    assert await commands.apply([(1, Command(transfer_id="note"))]) == 1

    assert await shop.wallets.balance(ANA.id) == before


def _refund(epoch: str, promo_coins: int) -> Command:
    return Command(
        transfer_id="t",
        fan=ANA.id,
        promo_coins=promo_coins,
        creator=MIRA,
        creator_units=-70_000,
        room=LOUNGE,
        room_epoch=epoch,
        room_coins=-10,
        room_gifts=-10,
    )


def _everything(raw: redis.Redis) -> dict[bytes | str, bytes | None]:
    return {key: raw.dump(key) for key in raw.keys("*")}
