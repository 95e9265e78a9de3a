"""Build the provider that the settings name."""

from urllib.parse import urlsplit

import httpx

from server.errors import SettingInvalid
from server.payments.port import PaymentProvider
from server.payments.sandbox import SandboxProvider
from server.payments.signing import sandbox_secret
from server.settings import Settings

_EVERYWHERE = ("0.0.0.0", "::")


def build_provider(settings: Settings, *, secret: str) -> PaymentProvider:
    """Return the provider in use. `secret` is the server's token secret, from which the sandbox's own is derived.

    Raises:
        SettingInvalid: Stripe is asked for without its keys.
    """
    if settings.payments == "stripe":
        return _stripe(settings)
    # Our own server on our own machine: no proxy of the environment is asked.
    http = httpx.AsyncClient(trust_env=False)
    shared = sandbox_secret(secret)
    return SandboxProvider(sandbox_url(settings), shared, http, public_url=sandbox_public_url(settings))


def sandbox_url(settings: Settings) -> str:
    """Return where this machine reaches the sandbox."""
    host, port = settings.sandbox_address
    if host in _EVERYWHERE:
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"
    return _http(host, port)


def sandbox_public_url(settings: Settings) -> str:
    """Return where fans' browsers reach the sandbox: the server's own public host, at the sandbox's port."""
    return _http(urlsplit(settings.base_url).hostname or "localhost", settings.sandbox_address[1])


def _http(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _stripe(settings: Settings) -> PaymentProvider:
    key, secrets = settings.stripe_secret_key, settings.stripe_webhook_secrets
    accepted = [] if secrets is None else [one.strip() for one in secrets.get_secret_value().split(",") if one.strip()]
    if key is None or not accepted:
        raise SettingInvalid(
            "GIFTWAVE_PAYMENTS is stripe, so GIFTWAVE_STRIPE_SECRET_KEY (sk_…) and GIFTWAVE_STRIPE_WEBHOOK_SECRETS "
            "(whsec_…) have to be set; both are in Stripe's dashboard under Developers."
        )
    # Stripe's library takes a second to load; whoever does not use it does not wait for it.
    from server.payments.stripe import StripeProvider

    return StripeProvider(key.get_secret_value(), accepted, settings.stripe_api_base)
