"""What the sandbox answers instead of doing something."""


# Not a GiftwaveError: that tree is what our own callers meet, and the sandbox is another company's server.
class Refusal(Exception):
    """An answer with an HTTP status, a stable code and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def unknown_payment() -> Refusal:
    """No payment has this reference."""
    return Refusal(404, "unknown_payment", "There is no payment with this reference.")


def unknown_payout() -> Refusal:
    """No payout has this id."""
    return Refusal(404, "unknown_payout", "There is no payout with this id.")


def wrong_state(message: str) -> Refusal:
    """What is asked does not fit where the thing stands."""
    return Refusal(409, "wrong_state", message)


def idempotency_conflict(name: str) -> Refusal:
    """The same key came before with other content."""
    return Refusal(409, "idempotency_conflict", f"This {name} was used before with other content; nothing was done.")
