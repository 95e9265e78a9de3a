"""Webhooks at the service: what is not from the provider writes nothing, and nothing is followed twice."""

import pytest

from server.errors import BadSignature, Malformed, ProviderUnavailable, UnknownProvider
from tests.helpers.market import ANA, RETURN_URL, Market
from tests.helpers.provider import SIGNED, down, event


async def test_a_webhook_that_is_not_signed_writes_nothing(market: Market) -> None:
    topup_id = await market.buy()
    before = await market.balances(), await market.count("webhook")
    market.provider.change(f"ref-{topup_id}", refunded_minor=129)

    with pytest.raises(BadSignature):
        await market.webhooks.receive("scripted", event("e1", f"ref-{topup_id}"), {"signature": "bad"})

    assert (await market.balances(), await market.count("webhook")) == before


async def test_a_provider_that_is_not_in_use_is_unknown(market: Market) -> None:
    with pytest.raises(UnknownProvider):
        await market.webhooks.receive("stripe", event("e1", "ref"), SIGNED)
    assert await market.count("webhook") == 0


@pytest.mark.parametrize("event_id", ["", "x" * 129])
async def test_an_event_without_a_usable_id_is_malformed(market: Market, event_id: str) -> None:
    with pytest.raises(Malformed):
        await market.webhooks.receive("scripted", event(event_id, "ref"), SIGNED)
    assert await market.count("webhook") == 0


async def test_events_of_other_things_and_of_unknown_payments_are_accepted_and_move_nothing(market: Market) -> None:
    await market.hint("", subject="other")
    await market.hint("ref-of-another-shop")
    await market.hint("not-our-payout", subject="payout")

    assert await market.balances() == {}
    assert await market.count("webhook") == 3


async def test_a_replayed_event_is_not_read_again(market: Market) -> None:
    topup_id = market.new_id()
    await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA)
    market.provider.pay(f"ref-{topup_id}")
    await market.hint(f"ref-{topup_id}", event_id="e1")

    market.provider.fail = down
    await market.hint(f"ref-{topup_id}", event_id="e1")

    assert await market.count("webhook") == 1


async def test_an_event_whose_object_cannot_be_read_is_asked_for_again(market: Market) -> None:
    topup_id = market.new_id()
    await market.topups.open(topup_id, pack="pack_100", return_url=RETURN_URL, by=ANA)
    market.provider.pay(f"ref-{topup_id}")

    market.provider.fail = down
    with pytest.raises(ProviderUnavailable):
        await market.hint(f"ref-{topup_id}", event_id="e1")
    before = await market.balances()
    market.provider.fail = lambda _: None
    await market.hint(f"ref-{topup_id}", event_id="e1")

    assert before == {}
    assert market.store.wallet("u_ana").paid == 100
