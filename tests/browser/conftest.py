"""A real Chromium on a real server."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.helpers.server import ServerProcess

_CHROMIUM_FLAGS = [
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 780}


# Not for the session: while it lives, Playwright keeps an event loop running under which no async test can start.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next(found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("demo", "--no-crowd", workers=2) as server:
        yield server


class Pages:
    """Opens pages as different people and keeps what their consoles complain about."""

    def __init__(self, browser: Browser, server: ServerProcess) -> None:
        self._browser = browser
        self._server = server
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def open(self, path: str, *, size: dict[str, int] = DESKTOP, calm: bool = False) -> Page:
        """Open a page as a new person."""
        context = self._browser.new_context(
            viewport={"width": size["width"], "height": size["height"]},
            reduced_motion="reduce" if calm else "no-preference",
        )
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(f"{path}: {error}"))
        page.goto(f"{self._server.url}{path}")
        return page

    def live(self, path: str, *, size: dict[str, int] = DESKTOP, calm: bool = False) -> Page:
        """Open a page and return once it is connected."""
        page = self.open(path, size=size, calm=calm)
        page.wait_for_selector("[data-testid=connection][data-state=live]", state="attached")
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.location['url']}: {message.text}")


@pytest.fixture
def pages(browser: Browser, server: ServerProcess) -> Iterator[Pages]:
    """Pages that must not complain on their consoles."""
    pages = Pages(browser, server)
    yield pages
    pages.close()
    assert pages.complaints == []
