"""The second person: who may let a payout go, who may not, and who sees it."""

import pytest

from server.domain.room import Role
from server.errors import Forbidden, OwnApproval, UnknownPayout, WrongState
from server.record.database import Database
from server.service.identity import Identity
from tests.helpers.market import ANA, LUIS, MIRA, OLA, PIA, Market


@pytest.fixture
async def strict(books: Database) -> Market:
    """A market in which every payout waits for a second person, and Mira has earned."""
    market = Market(books, approval_units=0)
    await market.open_books()
    await market.earn(1_000)
    return market


async def test_a_large_payout_waits_for_a_second_person(strict: Market) -> None:
    payout_id = await strict.request_payout()
    await strict.paying_out.work()
    waiting = dict(strict.provider.paid_out)

    approved = await strict.paying_out.approve(payout_id, OLA)
    again = await strict.paying_out.approve(payout_id, OLA)
    await strict.paying_out.work()

    assert waiting == {}
    assert (approved.state, approved.needs_approval, again) == ("approved", True, approved)
    assert list(strict.provider.paid_out) == [payout_id]
    with pytest.raises(WrongState):
        await strict.paying_out.approve(payout_id, PIA)


async def test_nobody_approves_their_own_payout(strict: Market) -> None:
    payout_id = await strict.request_payout()
    both = Identity(id=MIRA.id, name="Mira", role=Role.OPERATOR, expires_at_ms=1 << 50)
    before = await strict.balances()

    with pytest.raises(OwnApproval):
        await strict.paying_out.approve(payout_id, both)

    assert await strict.balances() == before
    assert (await strict.paying_out.find(payout_id, MIRA)).state == "requested"


async def test_a_rejected_payout_gives_everything_back_and_stays_rejected(strict: Market) -> None:
    before = await strict.balances()
    payout_id = await strict.request_payout()

    rejected = await strict.paying_out.reject(payout_id, reason="call us", by=OLA)
    again = await strict.paying_out.reject(payout_id, reason="call us", by=OLA)
    await strict.paying_out.work()

    assert (rejected.state, rejected.reason, again) == ("rejected", "call us", rejected)
    assert await strict.balances() == before
    with pytest.raises(WrongState):
        await strict.paying_out.approve(payout_id, OLA)
    assert strict.provider.submissions == []


async def test_what_was_submitted_cannot_be_rejected(market: Market) -> None:
    await market.earn(1_000)
    payout_id = await market.request_payout()
    await market.paying_out.work()
    before = await market.balances()

    with pytest.raises(WrongState):
        await market.paying_out.reject(payout_id, reason="too late", by=OLA)

    assert await market.balances() == before


async def test_wrong_roles_and_unknown_payouts_are_refused_and_nothing_moves(strict: Market) -> None:
    payout_id = await strict.request_payout()
    before = await strict.balances()

    for by in (ANA, MIRA):
        with pytest.raises(Forbidden):
            await strict.paying_out.approve(payout_id, by)
        with pytest.raises(Forbidden):
            await strict.paying_out.reject(payout_id, reason="no", by=by)
        with pytest.raises(Forbidden):
            await strict.paying_out.queue(state=None, by=by)
    for by in (ANA, OLA):
        with pytest.raises(Forbidden):
            await strict.paying_out.quote(currency="USD", units=None, by=by)
        with pytest.raises(Forbidden):
            await strict.paying_out.request(strict.new_id(), quote_id=strict.new_id(), by=by)
        with pytest.raises(Forbidden):
            await strict.paying_out.set_destination("sandbox:mine", by)
    with pytest.raises(UnknownPayout):
        await strict.paying_out.find(payout_id, LUIS)
    with pytest.raises(UnknownPayout):
        await strict.paying_out.approve(strict.new_id(), OLA)

    assert await strict.balances() == before


async def test_lists_show_ones_own_and_operators_see_all(strict: Market) -> None:
    await strict.earn(1_000, creator=LUIS)
    mine, other = await strict.request_payout(), await strict.request_payout(LUIS)

    assert [view.payout_id for view in await strict.paying_out.newest(MIRA)] == [mine]
    assert {view.payout_id for view in await strict.paying_out.queue(state="requested", by=OLA)} == {mine, other}
    assert await strict.paying_out.queue(state="paid", by=OLA) == []


async def test_another_destination_is_for_later_payouts_only(strict: Market) -> None:
    payout_id = await strict.request_payout()

    await strict.paying_out.set_destination("sandbox:elsewhere", MIRA)
    await strict.paying_out.approve(payout_id, OLA)
    await strict.paying_out.work()

    assert strict.provider.paid_out[payout_id].destination == "sandbox:c_mira"
