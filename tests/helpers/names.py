"""Names that no other test uses, for rooms and people on a shared server."""

import itertools

_numbers = itertools.count()


def fresh(kind: str) -> str:
    """Return a name that no other test uses."""
    return f"{kind}-{next(_numbers)}"
