"""The built pages, with headers that keep them to this origin."""

from pathlib import Path

from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECURITY_HEADERS = {
    b"content-security-policy": (
        b"default-src 'self'; img-src 'self' data:; style-src 'self'; connect-src 'self'; object-src 'none'; "
        b"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    b"x-content-type-options": b"nosniff",
    # A token may stand in the fragment; the address of a page is nobody else's business either way.
    b"referrer-policy": b"no-referrer",
}
_PAGES = {
    "/": "index.html",
    "/watch/{room}": "watch.html",
    "/studio/{room}": "studio.html",
    "/overlay/{room}": "overlay.html",
}


class SecurityHeaders:
    """Adds the security headers to every HTTP answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_SECURITY_HEADERS.items()]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def page_routes(folder: Path) -> list[BaseRoute]:
    """Return the routes of the pages in `folder`; where they are not built, they say how to build them."""
    routes: list[BaseRoute] = [Route(path, PageEndpoint(folder / name)) for path, name in _PAGES.items()]
    for name in ("assets", "gifts"):
        if (folder / name).is_dir():
            routes.append(Mount(f"/{name}", StaticFiles(directory=folder / name)))
    return routes


class PageEndpoint:
    """Serves one HTML file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response: Response
        if self._path.is_file():
            response = FileResponse(self._path, headers={"Cache-Control": "no-cache"})
        else:
            response = PlainTextResponse("The pages are not built; run `make pages` and load this again.\n", 503)
        await response(scope, receive, send)
