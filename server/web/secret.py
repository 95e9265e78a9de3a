"""The secret that signs tokens: the operator's, or the data folder's own."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from server.errors import SettingInvalid
from server.settings import Settings

_SECRET_BYTES = 32


def token_secret(settings: Settings) -> str:
    """Return the configured secret, or the data folder's own, made on first use and readable by its owner only."""
    if settings.token_secret is not None:
        return settings.token_secret.get_secret_value()
    path = settings.data / "token.secret"
    settings.data.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Whole or not at all: a worker that starts beside us must not read half a secret.
        draft = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_hex(_SECRET_BYTES))
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return _read_secret(path)


def _read_secret(path: Path) -> str:
    secret = path.read_text(encoding="utf-8").strip()
    if len(secret) < _SECRET_BYTES:
        raise SettingInvalid(f"{path} holds no usable secret; delete it to have a new one made.")
    return secret
