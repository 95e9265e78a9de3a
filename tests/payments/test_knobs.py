"""How the sandbox misbehaves on demand, and that it delivers in the end: webhooks on a real socket."""

import httpx
import pytest

from server.errors import BadSignature, StaleSignature
from server.payments.port import Subject, TransferStatus
from tests.helpers.server import wait_until
from tests.payments.inbox import Inbox, Letter
from tests.payments.rigs import SandboxRig, fresh_id, order, transfer_order
from tests.payments.sandbox_process import SandboxProcess

PAID = ["checkout.completed", "payment.captured"]


def read(rig: SandboxRig, letter: Letter) -> str:
    """Return what a letter is about, once our adapter believes it."""
    now_ms = int(letter.event["created_ms"])
    return rig.provider.read_hint(letter.body, letter.headers, now_ms=now_ms).reference


async def test_a_payment_is_told_in_order_and_signed(sandbox_rig: SandboxRig, inbox: Inbox) -> None:
    checkout = await sandbox_rig.provider.open_checkout(order())

    sandbox_rig.pay(checkout.reference)

    wait_until(lambda: inbox.kinds(checkout.reference) == PAID)
    assert {read(sandbox_rig, letter) for letter in inbox.about(checkout.reference)} == {checkout.reference}


async def test_each_fate_of_a_payment_has_its_event(sandbox_rig: SandboxRig, inbox: Inbox) -> None:
    rig = sandbox_rig
    late, never, lapsed, fought = [(await rig.provider.open_checkout(order())).reference for _ in range(4)]

    for press in (rig.pay_later, rig.settle, rig.open_dispute, rig.lose_dispute):
        press(late)
    for press in (rig.pay_later, rig.fail):
        press(never)
    rig.expire(lapsed)
    for press in (rig.pay, rig.open_dispute, rig.win_dispute):
        press(fought)
    await rig.provider.refund(fought, amount_minor=1, key=fresh_id())

    slow = ["checkout.completed", "payment.processing"]
    wait_until(lambda: inbox.kinds(late) == [*slow, "payment.captured", "dispute.opened", "dispute.lost"])
    wait_until(lambda: inbox.kinds(never) == [*slow, "payment.failed"])
    wait_until(lambda: inbox.kinds(lapsed) == ["checkout.expired"])
    wait_until(lambda: inbox.kinds(fought) == [*PAID, "dispute.opened", "dispute.won", "payment.refunded"])


async def test_copies_of_an_event_are_the_same_event(sandbox_rig: SandboxRig, inbox: Inbox) -> None:
    checkout = await sandbox_rig.provider.open_checkout(order())
    sandbox_rig.sandbox.turn(duplicate=3)

    sandbox_rig.pay(checkout.reference)

    wait_until(lambda: len(inbox.about(checkout.reference)) == 6)
    assert len({letter.event["id"] for letter in inbox.about(checkout.reference)}) == 2


async def test_reordered_events_come_newest_first(sandbox_rig: SandboxRig, inbox: Inbox) -> None:
    checkout = await sandbox_rig.provider.open_checkout(order())
    sandbox_rig.sandbox.turn(reorder=True, delay_ms=3_600_000)

    sandbox_rig.pay(checkout.reference)
    sandbox_rig.open_dispute(checkout.reference)
    sandbox_rig.sandbox.press("/send-now")

    wait_until(lambda: inbox.kinds(checkout.reference) == ["dispute.opened", *reversed(PAID)])


async def test_one_that_is_due_takes_along_those_it_overtakes(sandbox_rig: SandboxRig, inbox: Inbox) -> None:
    checkout = await sandbox_rig.provider.open_checkout(order())
    sandbox_rig.sandbox.turn(reorder=True, delay_ms=3_600_000)
    sandbox_rig.pay(checkout.reference)

    sandbox_rig.sandbox.turn(delay_ms=0)
    sandbox_rig.open_dispute(checkout.reference)

    wait_until(lambda: inbox.kinds(checkout.reference) == ["dispute.opened", *reversed(PAID)])


async def test_a_delayed_event_waits_until_it_is_sent_for(sandbox_rig: SandboxRig, inbox: Inbox) -> None:
    delayed, prompt = [(await sandbox_rig.provider.open_checkout(order())).reference for _ in range(2)]
    sandbox_rig.sandbox.turn(delay_ms=3_600_000)
    sandbox_rig.pay(delayed)

    sandbox_rig.sandbox.turn(delay_ms=0)
    sandbox_rig.pay(prompt)
    wait_until(lambda: inbox.kinds(prompt) == PAID)
    before = inbox.kinds(delayed)
    sandbox_rig.sandbox.press("/send-now")

    assert before == []
    wait_until(lambda: inbox.kinds(delayed) == PAID)


async def test_a_delay_ends_by_itself(sandbox_rig: SandboxRig, inbox: Inbox) -> None:
    checkout = await sandbox_rig.provider.open_checkout(order())
    sandbox_rig.sandbox.turn(delay_ms=50)

    sandbox_rig.pay(checkout.reference)

    wait_until(lambda: inbox.kinds(checkout.reference) == PAID)


@pytest.mark.parametrize(("knob", "error"), [("forged", BadSignature), ("stale", StaleSignature)])
async def test_a_forged_or_stale_event_is_refused_once_and_can_be_sent_properly(
    sandbox_rig: SandboxRig, inbox: Inbox, knob: str, error: type[Exception]
) -> None:
    checkout = await sandbox_rig.provider.open_checkout(order())
    sandbox_rig.sandbox.turn(**{knob: True})
    inbox.answers.extend([400, 400])

    sandbox_rig.pay(checkout.reference)

    wait_until(lambda: copies(sandbox_rig, checkout.reference) == [f"{knob}, refused (answer 400)"] * 2)
    for letter in inbox.about(checkout.reference):
        with pytest.raises(error):
            read(sandbox_rig, letter)
    send_again(sandbox_rig, checkout.reference)
    wait_until(lambda: len(inbox.about(checkout.reference)) == 4)
    assert [read(sandbox_rig, letter) for letter in inbox.about(checkout.reference)[2:]] == [checkout.reference] * 2


async def test_a_dropped_event_comes_only_when_sent_again(sandbox_rig: SandboxRig, inbox: Inbox) -> None:
    dropped, sent = [(await sandbox_rig.provider.open_checkout(order())).reference for _ in range(2)]
    sandbox_rig.sandbox.turn(drop=True)
    sandbox_rig.pay(dropped)

    sandbox_rig.sandbox.turn(drop=False)
    sandbox_rig.pay(sent)
    wait_until(lambda: inbox.kinds(sent) == PAID)
    before = inbox.kinds(dropped)
    send_again(sandbox_rig, dropped)

    assert before == []
    wait_until(lambda: inbox.kinds(dropped) == PAID)


@pytest.mark.parametrize("answer", [500, 503, 400, 302, 404])
async def test_an_event_is_sent_until_it_is_taken(sandbox_rig: SandboxRig, inbox: Inbox, answer: int) -> None:
    checkout = await sandbox_rig.provider.open_checkout(order())
    inbox.answers.extend([answer] * 3)

    sandbox_rig.pay(checkout.reference)

    wait_until(lambda: all("delivered" in copy for copy in copies(sandbox_rig, checkout.reference)))
    assert len(inbox.about(checkout.reference)) == 5


async def test_a_retry_is_signed_at_its_own_time(sandbox_rig: SandboxRig, inbox: Inbox) -> None:
    checkout = await sandbox_rig.provider.open_checkout(order())
    # Two retries of each: the second is more than a second after the first try.
    inbox.answers.extend([500] * 6)

    sandbox_rig.pay(checkout.reference)

    wait_until(lambda: all("delivered" in copy for copy in copies(sandbox_rig, checkout.reference)))
    letters = [letter for letter in inbox.about(checkout.reference) if letter.kind == "payment.captured"]
    stamps = [int(letter.headers["webhook-timestamp"]) for letter in letters]
    assert stamps[-1] > stamps[0]
    assert len({letter.headers["webhook-signature"] for letter in letters}) > 1
    assert len({letter.headers["webhook-id"] for letter in letters}) == 1


async def test_a_slow_payment_settles_by_itself_when_told_so(sandbox_rig: SandboxRig, inbox: Inbox) -> None:
    checkout = await sandbox_rig.provider.open_checkout(order())
    sandbox_rig.sandbox.turn(settle_after_ms=0)

    sandbox_rig.pay_later(checkout.reference)

    wait_until(lambda: "payment.captured" in inbox.kinds(checkout.reference))


@pytest.mark.parametrize(
    ("plan", "kinds", "end"),
    [
        ("auto", ["payout.paid"], TransferStatus.PAID),
        ("fail", ["payout.failed"], TransferStatus.FAILED),
        ("return", ["payout.paid", "payout.returned"], TransferStatus.RETURNED),
    ],
)
async def test_a_payout_goes_as_planned(
    sandbox_rig: SandboxRig, inbox: Inbox, plan: str, kinds: list[str], end: TransferStatus
) -> None:
    wish = transfer_order(sandbox_rig)
    sandbox_rig.sandbox.turn(payout=plan)

    await sandbox_rig.provider.submit_payout(wish)

    wait_until(lambda: inbox.kinds(wish.payout_id) == kinds)
    payout = await sandbox_rig.provider.read_payout(wish.payout_id)
    assert payout.status is end
    assert (payout.reason is None) == (end is TransferStatus.PAID)
    hints = [
        sandbox_rig.provider.read_hint(letter.body, letter.headers, now_ms=letter.event["created_ms"])
        for letter in inbox.about(wish.payout_id)
    ]
    assert {(hint.subject, hint.reference) for hint in hints} == {(Subject.PAYOUT, wish.payout_id)}


async def test_a_manual_payout_waits_for_its_button(sandbox_rig: SandboxRig, inbox: Inbox) -> None:
    wish, other = transfer_order(sandbox_rig), transfer_order(sandbox_rig)
    sandbox_rig.sandbox.turn(payout="manual")
    await sandbox_rig.provider.submit_payout(wish)
    sandbox_rig.sandbox.turn(payout="auto")
    await sandbox_rig.provider.submit_payout(other)

    wait_until(lambda: inbox.kinds(other.payout_id) == ["payout.paid"])
    before = await sandbox_rig.provider.read_payout(wish.payout_id)
    sandbox_rig.sandbox.press(f"/payouts/{wish.payout_id}/fail")

    assert before.status is TransferStatus.SUBMITTED
    assert (await sandbox_rig.provider.read_payout(wish.payout_id)).status is TransferStatus.FAILED


async def test_killed_with_events_on_their_way_it_delivers_them_after(
    sandbox_rig: SandboxRig, shared_inbox: Inbox
) -> None:
    sandbox, wish = sandbox_rig.sandbox, order()
    checkout = await sandbox_rig.provider.open_checkout(wish)
    payout = transfer_order(sandbox_rig)
    sandbox.turn(payout_delay_ms=600_000)
    await sandbox_rig.provider.submit_payout(payout)
    shared_inbox.stop()
    sandbox_rig.pay(checkout.reference)

    sandbox.kill()
    shared_inbox.start()
    sandbox.start()

    wait_until(lambda: sorted(set(shared_inbox.kinds(checkout.reference))) == PAID)
    assert (await sandbox_rig.provider.open_checkout(wish)) == checkout
    assert (await sandbox_rig.provider.read_payout(payout.payout_id)).status is TransferStatus.SUBMITTED


def test_it_ends_with_its_parent_and_on_a_signal(shared_sandbox: SandboxProcess) -> None:
    assert shared_sandbox.hang_up() == 0
    shared_sandbox.start()
    assert shared_sandbox.stop() == 0
    shared_sandbox.start()
    assert "Traceback" not in shared_sandbox.log


def copies(rig: SandboxRig, reference: str) -> list[str]:
    """Return what became of each copy of each event about a payment."""
    events = rig.sandbox.http.get("/api/events", params={"about": reference}).raise_for_status().json()["events"]
    return [copy for event in reversed(events) for copy in event["copies"]]


def send_again(rig: SandboxRig, reference: str) -> None:
    """Press "send again" of each event about a payment, oldest first."""
    events = rig.sandbox.http.get("/api/events", params={"about": reference}).json()["events"]
    for event in reversed(events):
        assert rig.sandbox.press(f"/events/{event['id']}/send").status_code == httpx.codes.SEE_OTHER
