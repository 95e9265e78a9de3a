"""Not now: the same message may be sent again."""

from server.errors.tree import GiftwaveError


class Unavailable(GiftwaveError):
    """Not now; the same message may be sent again."""

    code = "unavailable"
    retryable = True
    sentence = "Not possible right now; send the same message again."


class StoreUnavailable(Unavailable):
    """Valkey did not answer: the outcome is unknown, and the same intent finds it out."""

    code = "store_unavailable"
    sentence = "The store does not answer right now; send the same order again, it is charged once."


class Overloaded(Unavailable):
    """More orders wait than the server allows itself."""

    code = "overloaded"
    sentence = "Too many orders are waiting; send the same order again in a moment."


class RateLimited(Unavailable):
    """This connection sends faster than its limit."""

    code = "rate_limited"
    sentence = "You are sending too fast; wait a moment and send it again."


class RecorderBehind(Unavailable):
    """More coins than the operator allows wait to be copied to the books."""

    code = "recorder_behind"
    sentence = "The books are behind, so gifts are paused for a moment; nothing was charged. Send the same order again."


class GateClosed(Unavailable):
    """The store is empty or does not match the books."""

    code = "gate_closed"
    sentence = "The store is being made ready; nothing was charged. Send the same order again."


class BooksUnavailable(Unavailable):
    """The SQL database did not answer: nothing was decided, or the same request finds out what was."""

    code = "books_unavailable"
    sentence = "The books do not answer right now; send the same request again."


class ProviderUnavailable(Unavailable):
    """The payment provider did not answer: the outcome is unknown, and the same request finds it out."""

    code = "provider_unavailable"
    sentence = "The payment provider does not answer right now; send the same request again, it is done once."
