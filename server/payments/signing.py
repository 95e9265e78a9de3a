"""What the webhooks of all providers share: secrets, and how old a signature may be."""

import base64
import hashlib
import hmac

from server.errors import StaleSignature

# Both ways: clocks differ, and a signature from the future could be kept and used later.
TOLERANCE_MS = 300_000


def check_age(signed_s: int, *, now_ms: int) -> None:
    """Refuse a signature made more than five minutes before or after `now_ms`.

    Raises:
        StaleSignature: says nothing more.
    """
    if abs(now_ms - signed_s * 1_000) > TOLERANCE_MS:
        raise StaleSignature


def sandbox_secret(token_secret: str) -> str:
    """Derive the secret the server shares with the sandbox, so that both know it without a setting of their own.

    Standard Webhooks' form: `whsec_` and 32 bytes in base64. Nothing about `token_secret` can be learned from it.
    """
    key = hmac.new(token_secret.encode(), b"giftwave sandbox provider v1", hashlib.sha256).digest()
    return f"whsec_{base64.b64encode(key).decode()}"
