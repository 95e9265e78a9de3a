"""Tokens: signed, short-lived, for one audience and one role (JWT, HS256 only)."""

import secrets

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from server.clock import Clock
from server.domain.ids import UserId, is_slug
from server.domain.order import NAME_CHARS_MAX, is_name
from server.domain.room import Role
from server.errors import BadToken, SettingInvalid, TokenExpired
from server.service.identity import Identity

AUDIENCE = "giftwave"
# One algorithm, named by us: a token never chooses how it is checked (RFC 8725 §3.1).
_ALGORITHMS = ["HS256"]


class Tokens:
    """Mints and checks tokens."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._key = OctKey.import_key(secret)
        self._clock = clock

    def mint(self, user: str, *, name: str, role: Role, ttl_s: int, simulated: bool = False) -> str:
        """Return a token for `user`, good for `ttl_s` seconds.

        Raises:
            SettingInvalid: the user id or the name cannot be used.
        """
        if not is_slug(user):
            raise SettingInvalid(f"A user id is 1 to 32 of a-z, 0-9, _ and -, not {user!r}.")
        if not is_name(name):
            raise SettingInvalid(f"A name is 1 to {NAME_CHARS_MAX} printable characters.")
        now_s = self._clock.now_ms() // 1_000
        claims = {
            "sub": user,
            "name": name.strip(),
            "role": role.value,
            "aud": AUDIENCE,
            "iat": now_s,
            "exp": now_s + ttl_s,
            "jti": secrets.token_hex(8),
        }
        if simulated:
            claims["simulated"] = True
        return jwt.encode({"alg": "HS256"}, claims, self._key, algorithms=_ALGORITHMS)

    def check(self, token: str) -> Identity:
        """Return who a token speaks for.

        Raises:
            BadToken: signature, audience, role or shape is wrong.
            TokenExpired: it was good once.
        """
        identity = self.check_ignoring_expiry(token)
        if identity.expires_at_ms <= self._clock.now_ms():
            raise TokenExpired
        return identity

    def check_ignoring_expiry(self, token: str) -> Identity:
        """Return who a token speaks, or once spoke, for. Raises `BadToken`."""
        try:
            claims = jwt.decode(token, self._key, algorithms=_ALGORITHMS).claims
        except (JoseError, ValueError, TypeError) as error:
            raise BadToken from error
        user, name, role, expires_s = (claims.get(claim) for claim in ("sub", "name", "role", "exp"))
        if claims.get("aud") != AUDIENCE:
            raise BadToken("This token is for another audience.")
        if not (
            isinstance(user, str)
            and is_slug(user)
            and isinstance(name, str)
            and is_name(name)
            and type(expires_s) is int
        ):
            raise BadToken
        if role not in list(Role):
            raise BadToken("This token has no role that is known here.")
        return Identity(
            id=UserId(user),
            name=name,
            role=Role(role),
            expires_at_ms=expires_s * 1_000,
            simulated=claims.get("simulated") is True,
        )
