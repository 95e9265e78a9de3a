"""Histories of commerce on real SQLite books: whatever happens, and wherever a process dies, the money adds up."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from server.payments.port import TransferStatus
from tests.helpers.market import ANA, LUIS, MIRA, PACKS
from tests.properties.commerce_machine import REACHED, CommerceMachine, make_template


def test_any_history_of_commerce_keeps_the_money_together(tmp_path_factory: pytest.TempPathFactory) -> None:
    CommerceMachine.template = make_template(tmp_path_factory.mktemp("commerce"))

    run_state_machine_as_test(
        CommerceMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


def test_a_history_with_everything_in_it_keeps_the_money_together(tmp_path_factory: pytest.TempPathFactory) -> None:
    CommerceMachine.template = make_template(tmp_path_factory.mktemp("commerce"))
    machine = CommerceMachine()
    machine.open()
    machine.buy(ANA, PACKS[1], fee_known=False, heard=True)
    machine.refund_gift(0, fresh=True)
    machine.refund_coins(0, coins=300, death="refunded")
    machine.record()
    machine.go_on_refunding(0, death="")
    machine.refund_coins(0, coins=10, death="")
    machine.record()
    machine.go_on_refunding(0, death="refused")
    machine.change_payment(0, share=4, what="dispute", heard=True)
    machine.change_payment(0, share=4, what="win", heard=True)
    machine.change_payment(0, share=2, what="refund", heard=False)
    machine.hear(0, death="read", stale=False)
    machine.hear(0, death="", stale=True)
    for units in (3_000_000, 3_000_000, 3_000_000):
        machine.cash_out(MIRA, "USD", units)
    machine.work("submitted", killed=True)
    machine.wait(100_000)
    machine.work("", killed=False)
    for number, status in enumerate((TransferStatus.FAILED, TransferStatus.PAID, TransferStatus.PAID)):
        machine.bank_decides(number, status, told=True)
    machine.bank_decides(1, TransferStatus.RETURNED, told=True)
    machine.cash_out(LUIS, "KWD", units=9_000_000)
    machine.decide(0, yes=False)
    machine.run(machine.check_books())

    REACHED.clear()
    machine.teardown()

    assert set(REACHED) >= {
        *("grant", "topup", "take", "coin_refund", "coin_refund_failed", "chargeback", "chargeback_reversed"),
        *("provider_fee", "gift_refund", "payout", "payout_paid", "payout_failed", "payout_returned"),
        *("payout_rejected", "coin_refund done", "coin_refund failed"),
    }, REACHED
