"""Messages that cannot be read, and people who may not do this."""

from server.errors.tree import GiftwaveError


class BadInput(GiftwaveError):
    """The message itself is wrong."""

    code = "bad_input"
    sentence = "This message cannot be read."


class Malformed(BadInput):
    """Not JSON or MessagePack at all."""

    code = "malformed"
    sentence = "This frame is not a well-formed message of the agreed subprotocol."


class UnknownType(BadInput):
    """A message type this server does not know."""

    code = "unknown_type"
    sentence = "This message type is not known here; see docs/reference/protocol.md."


class BadField(BadInput):
    """A field is missing, unknown, of the wrong type or out of range."""

    code = "bad_field"
    sentence = "A field of this message is missing, unknown or out of range."


class HelloFirst(BadInput):
    """Something was sent before `hello`."""

    code = "hello_first"
    sentence = "Say hello with a token before anything else."


class AlreadyGreeted(BadInput):
    """A second `hello`."""

    code = "already_greeted"
    sentence = "This connection already said hello; open another one to speak as somebody else."


class NotFound(BadInput):
    """No such address."""

    code = "not_found"
    sentence = "There is nothing at this address."


class MethodNotAllowed(BadInput):
    """The address exists, the method does not."""

    code = "method_not_allowed"
    sentence = "This address does not take this method."


class BodyTooLarge(BadInput):
    """A request body over the limit."""

    code = "body_too_large"
    sentence = "This body is larger than any request here needs to be."


class AccessDenied(GiftwaveError):
    """Who speaks may not do this."""

    code = "access_denied"
    sentence = "You may not do this."


class BadToken(AccessDenied):
    """The token's signature, audience, issuer shape or role is wrong."""

    code = "bad_token"
    sentence = "This token is not valid here; ask for a new one."


class TokenExpired(AccessDenied):
    """The token was good once."""

    code = "token_expired"
    sentence = "This token has expired; ask for a new one and connect again."


class Forbidden(AccessDenied):
    """A good token of the wrong role or the wrong owner."""

    code = "forbidden"
    sentence = "Your role does not allow this."


class OriginNotAllowed(AccessDenied):
    """A browser came from a page that is not on the allow-list."""

    code = "origin_not_allowed"
    sentence = "Pages of this origin may not connect; add it to GIFTWAVE_ORIGINS."
