"""Workers die while a provider tells of payments, in any order and repeatedly: the books end where the provider is."""

import os
import random
import signal
from collections.abc import Iterator

import httpx
import pytest

from server.clock import SystemClock
from server.domain.ids import new_intent_id
from server.payments.signing import sandbox_secret
from tests.helpers.server import SECRET, ServerProcess, giftwave, wait_until

COINS = 100  # of pack_100
# What is done to a payment after it was paid late, and what the fan has of it in the end.
STORIES: dict[str, tuple[list[tuple[str, str]], int, str]] = {
    "kept": ([], COINS, "credited"),
    "refunded": ([("refund", "")], 0, "refunded"),
    "partly-refunded": ([("refund", "0.65")], 49, "partly_refunded"),
    "lost": ([("dispute", ""), ("dispute-lost", "")], 0, "charged_back"),
    "won": ([("dispute", ""), ("dispute-won", "")], COINS, "credited"),
    "refunded-and-lost": ([("refund", "0.65"), ("dispute", ""), ("dispute-lost", "")], 0, "charged_back"),
}


@pytest.fixture
def server() -> Iterator[ServerProcess]:
    with ServerProcess("serve", workers=2, log_level="error") as process:
        yield process


@pytest.fixture
def sandbox(server: ServerProcess) -> Iterator[httpx.Client]:
    key = sandbox_secret(SECRET)
    with httpx.Client(
        base_url=f"http://127.0.0.1:{server.port + 1_000}", headers={"Authorization": f"Bearer {key}"}, trust_env=False
    ) as client:
        client.post("/api/knobs", json={"duplicate": 3, "reorder": True}).raise_for_status()
        yield client


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.soak)])
def test_payments_end_right_though_workers_die_between_their_webhooks(
    server: ServerProcess, sandbox: httpx.Client, rounds: int
) -> None:
    chance = random.Random(20_261_123)
    todo: list[tuple[str, str, str]] = []
    topups: dict[str, tuple[str, int, str]] = {}
    for turn in range(rounds):
        for story, (deeds, coins, state) in STORIES.items():
            fan = f"{story}-{turn}"
            topup_id, reference = _buy(server, sandbox, fan)
            topups[topup_id] = (fan, coins, state)
            todo += [(reference, deed, amount) for deed, amount in [("settle", ""), *deeds]]

    while todo:
        # Any payment may go on next, and each of them goes on in its order.
        reference = chance.choice(todo)[0]
        at = next(number for number, (found, _, _) in enumerate(todo) if found == reference)
        _, deed, amount = todo.pop(at)
        answer = sandbox.post(f"/payments/{reference}/{deed}", data={"amount": amount} if amount else {})
        assert answer.status_code in (200, 303), answer.text
        if chance.random() < 0.3 and (workers := server.worker_pids()):
            os.kill(chance.choice(workers), signal.SIGKILL)

    wait_until(server.is_ready)
    wait_until(lambda: all(_stands_at(server, topup_id, *end) for topup_id, end in topups.items()), timeout_s=60)
    checked = giftwave("reconcile", "--json", data=server.data, port=server.port)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def _buy(server: ServerProcess, sandbox: httpx.Client, fan: str) -> tuple[str, str]:
    topup_id = str(new_intent_id(SystemClock().now_ms()))
    wish = {"topup_id": topup_id, "pack": "pack_100", "return_url": f"http://localhost:{server.port}/watch/lounge"}
    opened = server.post("/v1/topups", wish, token=server.token(fan))
    assert opened.status_code == 200, opened.text
    reference = opened.json()["checkout_url"].rsplit("/", 1)[1]
    assert sandbox.post(f"/checkout/{reference}/pay-later").status_code == 303
    return topup_id, reference


def _stands_at(server: ServerProcess, topup_id: str, fan: str, coins: int, state: str) -> bool:
    try:
        topup = server.get(f"/v1/topups/{topup_id}", token=server.token(fan)).json()
        return topup.get("state") == state and server.wallet(fan)["paid"] == coins
    except (httpx.TransportError, AssertionError):
        return False  # a worker is being replaced
