"""The frame of the sandbox's pages, and the small parts both are made of."""

from datetime import UTC, datetime
from html import escape

from starlette.responses import HTMLResponse

_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body class="{kind}">
<p class="notice" role="note"><strong>Sandbox</strong> No real money moves here.</p>
{body}
</body>
</html>
"""


def page(title: str, body: str, *, kind: str, status: int = 200, form_targets: str = "'self'") -> HTMLResponse:
    """Return a page. `body` is HTML; `form_targets` is where its forms may end, redirects included."""
    policy = (
        f"default-src 'none'; style-src 'self'; img-src data:; form-action {form_targets}; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        # Not no-referrer: our own forms would then say `Origin: null`.
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
    }
    return HTMLResponse(_FRAME.format(title=escape(title), body=body, kind=kind), status, headers=headers)


def button(action: str, label: str, *, style: str = "", test_id: str = "") -> str:
    """Return a form that is one button."""
    hook = f' data-testid="{escape(test_id)}"' if test_id else ""
    return (
        f'<form method="post" action="{escape(action)}">'
        f'<button class="button {style}"{hook}>{escape(label)}</button></form>'
    )


def badge(state: str) -> str:
    """Return a state as a coloured word."""
    return f'<span class="badge {escape(state.replace(" ", "-"))}">{escape(state)}</span>'


def moment(at_ms: int) -> str:
    """Return a moment for people, in UTC."""
    at = datetime.fromtimestamp(at_ms / 1_000, tz=UTC)
    return f'<time datetime="{at.isoformat()}">{at:%d %b %H:%M:%S}</time>'
