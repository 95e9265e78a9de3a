"""The root of every error, and how to list them all."""

from typing import ClassVar


class GiftwaveError(Exception):
    """An error with a stable wire `code`, a sentence for people, and whether a retry can help."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    sentence: ClassVar[str] = "Something broke on our side; it was recorded."

    def __init__(self, message: str | None = None, *, retry_after_ms: int | None = None) -> None:
        super().__init__(message or self.sentence)
        self.message = message or self.sentence
        self.retry_after_ms = retry_after_ms


def all_errors(root: type[GiftwaveError] = GiftwaveError) -> list[type[GiftwaveError]]:
    """Return `root` and every class below it, parents first: the documentation and the decoders read this."""
    found = [root]
    for child in root.__subclasses__():
        found.extend(all_errors(child))
    return found
