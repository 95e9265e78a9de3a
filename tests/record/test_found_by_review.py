"""What a review found, test by test: each failed on the code it was written against."""

import asyncio
from dataclasses import replace

import pytest
import redis
from sqlalchemy import text

from server.domain.command import Command
from server.domain.ids import FanId
from server.domain.limits import Limits
from server.errors import (
    BelowMinimum,
    BooksUnavailable,
    InsufficientCoins,
    IntentConflict,
    ProviderRefused,
    ProviderUnavailable,
    SettingInvalid,
)
from server.payments.port import PaymentView
from server.record.database import Database
from server.record.tables import UNSETTLED
from server.settings import Settings
from server.store.client import StoreClient
from server.store.commands import CommandStore
from server.store.log import LogStore
from tests.helpers.market import ANA as ANA_ID
from tests.helpers.market import LUIS, PACK, RETURN_URL, Market
from tests.helpers.market import MIRA as MIRA_ID
from tests.helpers.operating import rebuild
from tests.helpers.provider import ScriptedProvider
from tests.helpers.recording import Rig
from tests.helpers.shop import ANA, BEN, KEYS, fresh_intent
from tests.helpers.valkey import ValkeyChild

CREDIT = Command(transfer_id="t", fan=ANA.id, paid_coins=5)


@pytest.fixture
def rig(client: StoreClient, settings: Settings, books: Database) -> Rig:
    return Rig(client, settings, books)


class PickyProvider(ScriptedProvider):
    """Refuses to speak about some payments, and about the others while it is `away`."""

    away = True

    async def read_payment(self, reference: str) -> PaymentView | None:
        if reference.startswith("bad-"):
            raise ProviderRefused
        if self.away:
            raise ProviderUnavailable
        return await super().read_payment(reference)


@pytest.mark.parametrize("damaged", [KEYS.wallet(BEN.id), KEYS.creator("c_mira")])  # type: ignore[arg-type]
@pytest.mark.parametrize("value", ["many", "1.5", "99999999999999999999"])
async def test_commands_before_a_damaged_number_are_not_followed_again_and_again(
    client: StoreClient, settings: Settings, raw: redis.Redis, damaged: str, value: str
) -> None:
    raw.hset(damaged, "earned" if "creator" in damaged else "promo", value)
    last = replace(CREDIT, fan=BEN.id, creator="c_mira", creator_units=-7)

    for _ in range(3):
        with pytest.raises(redis.ResponseError, match="damaged"):
            await CommandStore(client, KEYS).apply([(1, CREDIT), (2, last)])

    assert raw.hget(KEYS.wallet(ANA.id), "paid") is None


async def test_a_change_of_limits_that_a_forgetful_store_makes_again_is_recorded_and_stops_nobody(
    rig: Rig, raw: redis.Redis
) -> None:
    recording = await rig.open()
    change = fresh_intent()
    for _ in range(2):
        await rig.shop.wallets.set_limits(FanId(ANA.id), limits=Limits(day=500), zone="UTC", change_id=change)
        await rig.drain_all(recording)
        raw.delete(*raw.keys(f"{{s0}}:seen:{ANA.id}:*"))
    await rig.give(4)

    await rig.drain_all(recording)

    assert await rig.rows("SELECT count(*), min(limits), max(limits) FROM limit_change") == [(2, "|500||", "|500||")]
    await rig.check()
    await rebuild(rig, replace=True)


async def test_a_take_that_was_refused_stays_refused(rig: Rig) -> None:
    """Who heard the refusal has given the refund up: coins that a second asker takes would belong to nobody."""
    await rig.open(coins=10)
    wallets, take = rig.shop.wallets, fresh_intent()
    with pytest.raises(InsufficientCoins):
        await wallets.take(BEN.id, coins=50, take_id=take)
    await wallets.grant(BEN.id, coins=90, bucket="paid", grant_id=fresh_intent())

    with pytest.raises(InsufficientCoins):
        await wallets.take(BEN.id, coins=50, take_id=take)

    assert (await wallets.balance(BEN.id)).paid == 100
    with pytest.raises(IntentConflict):
        await wallets.take(BEN.id, coins=40, take_id=take)


async def test_webhooks_that_the_provider_refuses_to_explain_do_not_keep_others_from_their_turn(
    books: Database,
) -> None:
    provider = PickyProvider()
    market = Market(books, payments=provider)
    market.provider = provider
    await market.open_books()
    topup_id = market.new_id()
    await market.topups.open(topup_id, pack=PACK.id, return_url=RETURN_URL, by=ANA_ID)
    provider.pay(f"ref-{topup_id}")
    for number in range(20):
        with pytest.raises(ProviderRefused):
            await market.hint(f"bad-{number}")
        market.clock.ms += 1
    with pytest.raises(ProviderUnavailable):
        await market.hint(f"ref-{topup_id}")
    provider.away = False

    for _ in range(2):
        market.clock.ms += 31_000
        await market.webhooks.sweep()

    assert (await market.topups.find(topup_id, ANA_ID)).state == "credited"


async def test_two_creators_with_one_payout_id_at_one_moment_are_a_conflict(market: Market) -> None:
    quotes = []
    for creator in (MIRA_ID, LUIS):
        await market.earn(10_000, creator=creator)
        await market.paying_out.set_destination("sandbox:x", creator)
    for creator in (MIRA_ID, LUIS):
        quotes.append((await market.paying_out.quote(currency="USD", units=None, by=creator))[0])
    payout_id = market.new_id()

    answers = await asyncio.gather(
        *(
            market.paying_out.request(payout_id, quote_id=quote.id, by=creator)
            for quote, creator in zip(quotes, (MIRA_ID, LUIS), strict=True)
        ),
        return_exceptions=True,
    )

    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert [type(one) for one in refused] == [IntentConflict]
    assert await market.count("payout") == 1
    await market.assert_books_balance()


async def test_a_quote_does_not_wait_for_a_writer_to_look_at_earnings(market: Market) -> None:
    """The sums of a busy creator take a second, and whoever writes meanwhile (the recorder) would wait for them."""
    await market.earn(10_000)

    async with market.books.write() as connection:
        await connection.execute(text("UPDATE shard SET hwm_ms = hwm_ms"))
        with pytest.raises(BelowMinimum):
            await asyncio.wait_for(market.paying_out.quote(currency="USD", units=1, by=MIRA_ID), 2)


async def test_a_payout_of_which_the_provider_says_nothing_at_all_waits_and_the_others_go_on(market: Market) -> None:
    for creator in (MIRA_ID, LUIS):
        await market.earn(10_000, creator=creator)
    for creator in (MIRA_ID, LUIS):
        await market.request_payout(creator)
    market.provider.refuses.add("submit")

    def refuse_to_read(step: str) -> None:
        if step == "read_payout":
            raise ProviderRefused

    market.provider.fail = refuse_to_read

    await market.paying_out.work()

    assert len(market.provider.submissions) == 2
    assert {view.state for creator in (MIRA_ID, LUIS) for view in await market.paying_out.newest(creator)} == {
        "submitted"
    }


async def test_books_that_are_read_only_for_now_are_unavailable(market: Market) -> None:
    if market.books.dialect != "postgresql":
        pytest.skip("a standby is a thing of PostgreSQL")

    async def write() -> None:
        async with market.books.write() as connection:
            await connection.execute(text("SET TRANSACTION READ ONLY"))
            await connection.execute(text("UPDATE shard SET seq = seq"))

    with pytest.raises(BooksUnavailable):
        await write()


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+asyncpg", "postgresql+psycopg"])
async def test_an_address_as_other_tools_write_it_is_understood(scheme: str) -> None:
    books = Database(f"{scheme}://user:secret@127.0.0.1:1/books?sslmode=prefer")

    with pytest.raises(BooksUnavailable):
        await books.migrate()

    await books.close()


def test_an_address_that_is_none_is_a_sentence_without_its_password() -> None:
    with pytest.raises(SettingInvalid) as refusal:
        Database("postgresql://user:hunter2@localhost:port/books")

    assert "hunter2" not in refusal.value.message


async def test_two_empty_stores_on_new_books_never_share_a_life(
    valkey: ValkeyChild, client: StoreClient, settings: Settings, books: Database
) -> None:
    lives = []
    for _ in range(2):
        valkey.flush(opened=False)  # a store that nobody has used
        await Rig(client, settings, books).recorder().begin()
        lives.append((await LogStore(client, KEYS).state()).epoch)

    assert None not in lives
    assert lives[0] != lives[1]


async def test_payouts_in_parts_need_the_second_person_as_one_payout_does(books: Database) -> None:
    market = Market(books, approval_units=5_000_000)
    await market.open_books()
    await market.earn(1_000)
    needs = []
    for _ in range(2):
        quote, _ = await market.paying_out.quote(currency="USD", units=3_000_000, by=MIRA_ID)
        await market.paying_out.set_destination("sandbox:mira", MIRA_ID)
        view = await market.paying_out.request(market.new_id(), quote_id=quote.id, by=MIRA_ID)
        needs.append(view.needs_approval)

    assert needs == [False, True]


async def test_asking_after_payments_reads_only_those_that_are_unsettled(books: Database) -> None:
    market = Market(books)
    await market.open_books()
    explain = "EXPLAIN QUERY PLAN" if books.dialect == "sqlite" else "EXPLAIN"
    async with books.write() as connection:
        if books.dialect != "sqlite":
            # An empty table is read whole by any planner that may.
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        query = f"{explain} SELECT id FROM topup WHERE {UNSETTLED.text} ORDER BY checked_at_ms LIMIT 20"
        plan = "\n".join(str(row) for row in await connection.execute(text(query)))

    assert "ix_topup_unsettled" in plan
