"""Adapter to Stripe: Checkout Sessions for top-ups, transfers to connected accounts for payouts."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import stripe
import structlog
from stripe.checkout import Session

from server.errors import ProviderRefused, ProviderUnavailable
from server.payments import stripe_webhooks
from server.payments.port import (
    Checkout,
    CheckoutOrder,
    Hint,
    PaymentView,
    TransferOrder,
    TransferView,
)
from server.payments.return_url import with_result
from server.payments.stripe_amounts import to_stripe
from server.payments.stripe_http import StripeHttp
from server.payments.stripe_views import EXPANDED, charge_of, payment_view, transfer_view

log = structlog.get_logger(__name__)

_TIMEOUT_S = 5.0
# One more try, as the library spaces it: a hiccup of Stripe's should not be a fan's.
_RETRIES = 1
# For all the requests of one call of ours.
_DEADLINE_S = 20.0
# Refunds and disputes of one payment, transfers of one payout: one page holds far more than there are.
_PAGE = 100
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]{1,64}")

# Telemetry would write an id under the home folder and send our platform along.
stripe.enable_telemetry = False


class StripeProvider:
    """Speaks to Stripe as the platform whose secret key is given.

    A payment's reference is the id of its Checkout Session (`cs_…`); `read_payment` also takes a payment intent or a
    charge (`pi_…`, `ch_…`), which is what webhooks of refunds and disputes know. A webhook may be signed with any of
    `webhook_secrets`. `api_base` is another address of the API, for tests.
    """

    name = "stripe"

    def __init__(
        self,
        secret_key: str,
        webhook_secrets: Sequence[str],
        api_base: str | None = None,
        *,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        self._webhook_secrets = tuple(webhook_secrets)
        self._http = StripeHttp(timeout_s=timeout_s)
        client = stripe.StripeClient(
            secret_key,
            http_client=self._http,
            max_network_retries=_RETRIES,
            base_addresses={"api": api_base.rstrip("/")} if api_base else None,
        )
        self._api = client.v1

    async def open_checkout(self, order: CheckoutOrder) -> Checkout:
        """Open a checkout, once per `topup_id`.

        A key is forgotten after a day at the earliest. A second session could be opened then; the first has expired.
        """
        names = {"topup_id": order.topup_id}
        coins = f"{order.coins:,} {'coin' if order.coins == 1 else 'coins'}"
        async with _in_our_words():
            session = await self._api.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "client_reference_id": order.topup_id,
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": order.currency.lower(),
                                "unit_amount": to_stripe(order.price_minor, order.currency),
                                "product_data": {"name": coins},
                            },
                        }
                    ],
                    "metadata": names,
                    "payment_intent_data": {"metadata": names},
                    # The fan pays the price that was agreed, in its currency.
                    "adaptive_pricing": {"enabled": False},
                    "success_url": with_result(order.return_url, topup_id=order.topup_id, result="complete"),
                    "cancel_url": with_result(order.return_url, topup_id=order.topup_id, result="cancelled"),
                },
                {"idempotency_key": order.topup_id},
            )
        if session.url is None:
            raise ProviderRefused("This checkout is over; start another top-up.")
        return Checkout(reference=session.id, url=session.url)

    def read_hint(self, body: bytes, headers: Mapping[str, str], *, now_ms: int) -> Hint:
        """Verify a webhook and read it."""
        return stripe_webhooks.read_hint(body, headers, secrets=self._webhook_secrets, now_ms=now_ms)

    async def read_payment(self, reference: str) -> PaymentView | None:
        """Return a payment as it stands, or None where no Checkout Session belongs to `reference`."""
        async with _in_our_words():
            session = await self._session(reference)
            if session is None:
                return None
            charge = charge_of(session)
            disputes: list[stripe.Dispute] = []
            if charge is not None and charge.disputed:
                disputes = (await self._api.disputes.list_async({"charge": charge.id, "limit": _PAGE})).data
            return payment_view(session, disputes)

    async def refund(self, reference: str, *, amount_minor: int, key: str) -> None:
        """Give back a part of a captured payment, once per `key`, also after Stripe forgot the key."""
        async with _in_our_words():
            session = await self._session(reference)
            charge = charge_of(session) if session is not None else None
            if session is None or charge is None:
                raise ProviderRefused("Nothing was paid here that could be given back.")
            amount = to_stripe(amount_minor, (session.currency or "").upper())
            made = await self._api.refunds.list_async({"charge": charge.id, "limit": _PAGE})
            for refund in made.data:
                if _named(refund.metadata, "refund_key") == key:
                    if refund.amount != amount:
                        raise ProviderRefused("This key was used before with another amount; nothing was done.")
                    return
            await self._api.refunds.create_async(
                {"charge": charge.id, "amount": amount, "metadata": {"refund_key": key}},
                {"idempotency_key": f"refund:{key}"},
            )

    async def submit_payout(self, order: TransferOrder) -> TransferView:
        """Pay a creator, once per `payout_id`: the key stops a repetition for a day, the look before it for ever."""
        if not _ACCOUNT.fullmatch(order.destination):
            raise ProviderRefused("Stripe pays out to connected accounts; the destination has to look like acct_….")
        amount = to_stripe(order.amount_minor, order.currency)
        async with _in_our_words():
            transfer = await self._transfer(order.payout_id)
            if transfer is None:
                transfer = await self._new_transfer(order, amount)
        if (transfer.amount, transfer.currency) != (amount, order.currency.lower()):
            raise ProviderRefused("This payout_id was used before with another amount; nothing was done.")
        return transfer_view(order.payout_id, transfer)

    async def read_payout(self, payout_id: str) -> TransferView:
        """Return a payout as it stands; `UNKNOWN` where Stripe never got it."""
        async with _in_our_words():
            return transfer_view(payout_id, await self._transfer(payout_id))

    async def close(self) -> None:
        """Close connections."""
        await self._http.close_async()

    async def _session(self, reference: str) -> Session | None:
        try:
            if reference.startswith(("ch_", "py_")):
                charge = await self._api.charges.retrieve_async(reference)
                reference = _id_of(charge.payment_intent)
            if reference.startswith("pi_"):
                found = await self._api.checkout.sessions.list_async({"payment_intent": reference, "limit": 1})
                reference = found.data[0].id if found.data else ""
            if not reference.startswith("cs_"):
                return None
            return await self._api.checkout.sessions.retrieve_async(reference, {"expand": [EXPANDED]})
        except stripe.InvalidRequestError as error:
            if error.code == "resource_missing":
                return None
            raise

    async def _new_transfer(self, order: TransferOrder, amount: int) -> stripe.Transfer:
        key = _payout_key(order.payout_id)
        try:
            return await self._api.transfers.create_async(
                {
                    "amount": amount,
                    "currency": order.currency.lower(),
                    "destination": order.destination,
                    "transfer_group": key,
                    "metadata": {"payout_id": order.payout_id, "creator": order.creator},
                },
                {"idempotency_key": key},
            )
        except stripe.IdempotencyError as error:
            # Something was done under this key that the look before did not see yet: not a refusal.
            raise ProviderUnavailable from error

    async def _transfer(self, payout_id: str) -> stripe.Transfer | None:
        found = await self._api.transfers.list_async({"transfer_group": _payout_key(payout_id), "limit": _PAGE})
        # Somebody may have added to the group by hand; ours says so.
        ours = [one for one in found.data if _named(one.metadata, "payout_id") == payout_id]
        return ours[-1] if ours else None


@asynccontextmanager
async def _in_our_words() -> AsyncIterator[None]:
    """Bound a call, and turn the library's errors into ours."""
    try:
        async with asyncio.timeout(_DEADLINE_S):
            yield
    except (stripe.InvalidRequestError, stripe.CardError, stripe.IdempotencyError) as error:
        raise ProviderRefused(error.user_message) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        # No decision about a payment: like an outage, it says nothing of what was done before.
        log.error("stripe.key_refused", request_id=error.request_id)
        raise ProviderUnavailable from error
    except (stripe.StripeError, TimeoutError) as error:
        raise ProviderUnavailable from error


def _payout_key(payout_id: str) -> str:
    return f"payout:{payout_id}"


def _named(metadata: stripe.StripeObject | None, name: str) -> object:
    return metadata[name] if metadata is not None and name in metadata else None


def _id_of(intent: str | stripe.PaymentIntent | None) -> str:
    return intent.id if isinstance(intent, stripe.PaymentIntent) else intent or ""
