"""Providers for tests: the sandbox in a process of its own, a stand-in for Stripe, and an inbox for webhooks."""

from collections.abc import AsyncIterator, Iterator

import pytest

from server.payments.sandbox_service.knobs import Knobs
from tests.helpers.stripe_stand_in import StripeStandIn
from tests.payments.inbox import Inbox
from tests.payments.rigs import Rig, SandboxRig, StripeRig
from tests.payments.sandbox_process import SandboxProcess


@pytest.fixture(scope="module")
def shared_inbox() -> Iterator[Inbox]:
    with Inbox() as inbox:
        yield inbox


@pytest.fixture(scope="module")
def shared_sandbox(shared_inbox: Inbox) -> Iterator[SandboxProcess]:
    with SandboxProcess(f"{shared_inbox.url}/hook") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def shared_stripe() -> Iterator[StripeStandIn]:
    with StripeStandIn() as stripe:
        yield stripe


@pytest.fixture
def inbox(shared_inbox: Inbox) -> Inbox:
    """An inbox that answers 200."""
    shared_inbox.answers.clear()
    return shared_inbox


@pytest.fixture
def sandbox(shared_sandbox: SandboxProcess) -> SandboxProcess:
    """A sandbox whose knobs are as delivered, but for payouts that move at once."""
    knobs = Knobs(payout_delay_ms=0)
    shared_sandbox.turn(**{name: getattr(knobs, name) for name in Knobs.__struct_fields__})
    return shared_sandbox


@pytest.fixture
async def sandbox_rig(sandbox: SandboxProcess) -> AsyncIterator[SandboxRig]:
    rig = SandboxRig(sandbox)
    yield rig
    await rig.provider.close()


@pytest.fixture
async def stripe_rig(shared_stripe: StripeStandIn) -> AsyncIterator[StripeRig]:
    rig = StripeRig(shared_stripe)
    yield rig
    await rig.provider.close()


@pytest.fixture(params=["sandbox", "stripe"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """Each provider in turn."""
    rig: Rig
    if request.param == "sandbox":
        rig = SandboxRig(request.getfixturevalue("sandbox"))
    else:
        rig = StripeRig(request.getfixturevalue("shared_stripe"))
    yield rig
    await rig.provider.close()
