"""Commerce over the real adapters: the sandbox in its own process, and a stand-in for Stripe's API."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from server.record.database import Database
from server.record.topups import topup_of
from tests.helpers.market import ANA, MIRA, OLA, Market
from tests.helpers.stripe_stand_in import StripeStandIn, sign
from tests.helpers.waiting import eventually
from tests.payments.inbox import Inbox
from tests.payments.rigs import Rig, SandboxRig, StripeRig
from tests.payments.sandbox_process import SandboxProcess

BACK = "http://shop.test/watch/lounge"


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    with Inbox() as inbox:
        yield inbox


@pytest.fixture(scope="module")
def sandbox(inbox: Inbox) -> Iterator[SandboxProcess]:
    with SandboxProcess(f"{inbox.url}/hook") as sandbox:
        sandbox.turn(payout_delay_ms=0)
        yield sandbox


@pytest.fixture(scope="module")
def stripe() -> Iterator[StripeStandIn]:
    with StripeStandIn() as stripe:
        yield stripe


@pytest.fixture(params=["sandbox", "stripe"])
def rig(request: pytest.FixtureRequest) -> Rig:
    if request.param == "sandbox":
        return SandboxRig(request.getfixturevalue("sandbox"))
    return StripeRig(request.getfixturevalue("stripe"))


@pytest.fixture
async def market(books: Database, rig: Rig) -> AsyncIterator[Market]:
    market = Market(books, payments=rig.provider)
    market.clock.ms = time.time_ns() // 1_000_000
    await market.open_books()
    yield market
    await rig.provider.close()


async def open_checkout(market: Market) -> tuple[str, str]:
    """Open a checkout of Ana's; return the top-up and its reference."""
    topup_id = market.new_id()
    await market.topups.open(topup_id, pack="pack_100", return_url=BACK, by=ANA)
    async with market.books.read() as connection:
        topup = await topup_of(connection, topup_id)
    assert topup is not None
    assert topup.reference is not None
    return topup_id, topup.reference


async def test_a_purchase_its_refund_and_its_dispute(market: Market, rig: Rig) -> None:
    topup_id, reference = await open_checkout(market)
    await asyncio.to_thread(rig.pay, reference)
    await market.topups.refresh(reference)
    refund_id = market.new_id()
    for _ in range(2):
        refund = await market.refunds.refund_coins(refund_id, topup_id=topup_id, coins=40, reason="asked", by=OLA)
        await market.record()
    await asyncio.to_thread(rig.open_dispute, reference)
    await market.topups.refresh(reference)
    await asyncio.to_thread(rig.lose_dispute, reference)
    await market.topups.refresh(reference)

    assert refund.state == "done"
    assert market.heard.states(topup_id) == ["credited", "partly_refunded", "charged_back"]
    assert market.store.wallet("u_ana").paid == 0
    await market.assert_books_balance()


async def test_a_payout_is_paid_and_comes_back(market: Market, rig: Rig) -> None:
    await market.earn(1_000)
    await market.paying_out.set_destination(rig.destination, MIRA)
    quote, _ = await market.paying_out.quote(currency="USD", units=None, by=MIRA)
    payout_id = market.new_id()
    await market.paying_out.request(payout_id, quote_id=quote.id, by=MIRA)

    async def has(state: str) -> bool:
        await market.paying_out.work()
        await market.paying_out.refresh(payout_id)
        return (await market.paying_out.find(payout_id, MIRA)).state == state

    await eventually(lambda: has("paid"))
    await asyncio.to_thread(rig.return_payout, payout_id)
    await eventually(lambda: has("returned"))

    assert await market.balance("creator:c_mira") == 7_000_000
    assert await market.balance("creators_paid", "USD") == 0
    await market.assert_books_balance()


async def test_the_sandboxs_own_webhooks_backwards_and_thrice_end_in_the_same_books(
    books: Database, sandbox: SandboxProcess, inbox: Inbox
) -> None:
    rig = SandboxRig(sandbox)
    market = Market(books, payments=rig.provider)
    market.clock.ms = time.time_ns() // 1_000_000
    await market.open_books()
    topup_id, reference = await open_checkout(market)
    await asyncio.to_thread(rig.pay_later, reference)
    await asyncio.to_thread(rig.settle, reference)
    await asyncio.to_thread(rig.open_dispute, reference)
    await asyncio.to_thread(rig.win_dispute, reference)
    await eventually(lambda: len(inbox.about(reference)) >= 4)

    for letter in reversed(inbox.about(reference) * 3):
        await market.webhooks.receive("sandbox", letter.body, letter.headers)

    assert (await market.topups.find(topup_id, ANA)).state == "credited"
    assert market.store.wallet("u_ana").paid == 100
    await market.assert_books_balance()
    await rig.provider.close()


async def test_what_stripe_says_of_a_charge_finds_the_purchase_it_belongs_to(
    books: Database, stripe: StripeStandIn
) -> None:
    market = Market(books, payments=StripeRig(stripe).provider)
    market.clock.ms = time.time_ns() // 1_000_000
    await market.open_books()
    topup_id, reference = await open_checkout(market)
    await asyncio.to_thread(stripe.pay, reference)
    await market.topups.refresh(reference)
    dispute = stripe.things[await asyncio.to_thread(stripe.open_dispute, reference)]
    # Webhooks about refunds and disputes name the charge, not the checkout that the books know.
    body = stripe.event("charge.dispute.created", dispute, event_id="evt_ch")

    await market.webhooks.receive("stripe", body, sign(body, at_s=market.clock.ms // 1_000))

    assert (await market.topups.find(topup_id, ANA)).state == "charged_back"
    assert market.store.wallet("u_ana").paid == 0
    await market.payments.close()
