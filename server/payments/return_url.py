"""The address to which a checkout sends the fan's browser back."""

import re
from urllib.parse import urlsplit

# Of an origin that may stand in a header: no user, no spaces, nothing that ends a directive.
_NETLOC = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?")
_PRINTABLE = re.compile(r"[!-~]{1,2048}")
_OURS = ("topup", "result")


def origin_of(return_url: str) -> str | None:
    """Return the origin of an absolute http(s) address, or None where it is not one."""
    if not _PRINTABLE.fullmatch(return_url):
        return None
    try:
        parts = urlsplit(return_url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not _NETLOC.fullmatch(parts.netloc):
        return None
    return f"{parts.scheme}://{parts.netloc}"


def with_result(return_url: str, *, topup_id: str, result: str) -> str:
    """Add `topup` and `result` to the query; what an earlier purchase left there goes, everything else stays."""
    parts = urlsplit(return_url)
    kept = [pair for pair in parts.query.split("&") if pair and pair.split("=")[0] not in _OURS]
    return parts._replace(query="&".join([*kept, f"topup={topup_id}", f"result={result}"])).geturl()
