"""The three pages in a real browser: what a person clicks on one is what people see on the others."""

import os
import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from server.domain.room import Role
from tests.browser.conftest import DESKTOP, PHONE, Pages
from tests.helpers.server import ServerProcess

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
WATCH, STUDIO, OVERLAY = "/watch/lounge", "/studio/lounge", "/overlay/lounge"


@pytest.fixture(autouse=True)
def room(server: ServerProcess) -> None:
    """The demo creator's room is open."""
    mira = server.token("c_mira", name="Mira", role=Role.CREATOR)
    server.post("/v1/rooms", {"room": "lounge", "title": "Late night piano"}, token=mira)


def gift(page: Page, gift_id: str) -> None:
    """Choose the shelf a gift stands on, and tap it."""
    button = page.get_by_test_id(f"gift-{gift_id}")
    for tier in range(1, 6):
        if button.is_visible():
            break
        page.get_by_test_id(f"tier-{tier}").click()
    button.click()


def number(page: Page, test_id: str) -> int:
    text = page.get_by_test_id(test_id).inner_text()
    return int("".join(letter for letter in text if letter.isdigit()))


def test_a_rose_sent_by_a_click_is_seen_on_the_second_viewer_the_studio_and_the_overlay(pages: Pages) -> None:
    ana, ben = pages.live(WATCH), pages.live(f"{WATCH}?as=Ben")
    studio, overlay = pages.live(STUDIO), pages.live(OVERLAY)
    before, earned = number(ana, "balance"), number(studio, "earnings")

    gift(ana, "balloon")

    for page in (ana, ben, studio):
        expect(page.locator("[data-testid=feed-row][data-gift=balloon]").first).to_be_visible()
    for page in (ana, ben, overlay):
        expect(page.locator("[data-testid=tray-row][data-gift=balloon]").first).to_be_visible()
    expect(ana.get_by_test_id("balance")).to_contain_text(f"{before - 9:,}")
    expect(studio.get_by_test_id("earnings")).to_contain_text(f"{earned + 6:,}")  # 9 coins at 70 % are 6.3 diamonds
    expect(ben.get_by_test_id("top-fans")).not_to_be_empty()


def test_taps_count_up_in_one_row_that_stays(pages: Pages) -> None:
    ana, overlay = pages.live(WATCH), pages.live(OVERLAY)
    before = number(ana, "balance")

    for _ in range(5):
        gift(ana, "rose")

    row = overlay.locator("[data-testid=tray-row][data-gift=rose]")
    expect(row).to_have_attribute("data-total", "5")
    expect(row).to_have_count(1)
    expect(ana.get_by_test_id("balance")).to_contain_text(f"{before - 5:,}")


def test_a_big_gift_asks_once_more_and_plays_its_own_effect_everywhere(pages: Pages) -> None:
    ana, ben, overlay = pages.live(WATCH), pages.live(f"{WATCH}?as=Ben"), pages.live(OVERLAY)
    before = number(ana, "balance")

    gift(ana, "fireworks")
    assert number(ana, "balance") == before
    ana.get_by_test_id("confirm-fireworks").click()

    for page in (ana, ben, overlay):
        expect(page.get_by_test_id("effect-stage")).to_have_attribute("data-effect", "fireworks")
    expect(ana.get_by_test_id("balance")).to_contain_text(f"{before - 1_000:,}")


def test_reduced_motion_is_honoured_and_the_gift_is_still_recorded(pages: Pages) -> None:
    calm = pages.live(WATCH, calm=True)

    gift(calm, "confetti")

    expect(calm.locator("[data-testid=feed-row][data-gift=confetti]").first).to_be_visible()
    assert calm.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")


def test_a_message_with_markup_is_shown_as_text(pages: Pages) -> None:
    ana, studio = pages.live(WATCH), pages.live(STUDIO)
    ana.get_by_test_id("message").fill("<img src=x onerror=alert(1)>")

    gift(ana, "coffee")

    expect(studio.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    assert studio.locator("img[src=x]").count() == 0


def test_an_anonymous_fan_is_named_nowhere(pages: Pages) -> None:
    ana, studio = pages.live(f"{WATCH}?as=Zelda"), pages.live(STUDIO)
    ana.get_by_test_id("anonymous").press("Space")

    gift(ana, "donut")

    expect(studio.locator("[data-testid=feed-row][data-gift=donut]").first).to_contain_text("Anonymous")
    expect(studio.get_by_text("Zelda")).to_have_count(0)


def test_a_page_comes_back_by_itself_after_its_worker_dies(pages: Pages, server: ServerProcess) -> None:
    ana, ben = pages.live(WATCH), pages.live(f"{WATCH}?as=Ben")
    pages.complaints.clear()

    for pid in server.worker_pids():
        os.kill(pid, signal.SIGKILL)
    for page in (ana, ben):
        page.wait_for_selector("[data-testid=connection][data-state=live]", state="attached", timeout=20_000)
    server.wait_ready()
    gift(ana, "clap")

    expect(ben.locator("[data-testid=feed-row][data-gift=clap]").first).to_be_visible()
    # The browser itself reports the connection that was cut; nothing else may be said.
    pages.complaints[:] = [said for said in pages.complaints if "WebSocket" not in said and "ERR_" not in said]


def test_a_closed_room_says_so_and_takes_nothing(pages: Pages, server: ServerProcess) -> None:
    ana = pages.live(WATCH)
    before = number(ana, "balance")

    server.close_room("lounge")

    expect(ana.get_by_text("ended", exact=False).first).to_be_visible()
    assert number(ana, "balance") == before


def test_an_empty_wallet_is_told_in_words(pages: Pages) -> None:
    poor = pages.live(f"{WATCH}?as=Poor")

    gift(poor, "galaxy")
    poor.get_by_test_id("confirm-galaxy").click()
    expect(poor.get_by_test_id("balance")).to_contain_text("20,000")

    button = poor.get_by_test_id("gift-galaxy")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_attribute("aria-label", re.compile("costs 30,000 coins; you have 20,000"))


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["360px", "1440px"])
@pytest.mark.parametrize("path", ["/", WATCH, STUDIO, OVERLAY])
def test_a_page_fits_its_screen(pages: Pages, path: str, size: dict[str, int]) -> None:
    page = pages.open(path, size=size) if path == "/" else pages.live(path, size=size)

    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    assert wider <= 0


@pytest.mark.parametrize("path", [WATCH, STUDIO])
def test_every_control_has_a_name_and_can_be_reached_by_keyboard(pages: Pages, path: str) -> None:
    page = pages.live(path)

    controls = page.locator("button:visible, input:visible, a:visible, [role=button]:visible, [role=switch]:visible")

    for index in range(controls.count()):
        control = controls.nth(index)
        named = control.evaluate(
            "el => (el.getAttribute('aria-label') || el.innerText || el.title || el.labels?.[0]?.innerText"
            " || el.placeholder || document.getElementById(el.getAttribute('aria-labelledby'))?.innerText || '').trim()"
        )
        assert named, control.evaluate("el => el.outerHTML")
        assert control.evaluate("el => el.tabIndex >= -1")


def test_the_pages_ask_nobody_else(pages: Pages, server: ServerProcess) -> None:
    page = pages.open("/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{server.url}{WATCH}")
    page.wait_for_selector("[data-testid=connection][data-state=live]", state="attached")

    assert asked
    assert all(url.startswith((server.url, server.ws_url.removesuffix("/v1/ws"), "data:")) for url in asked)


def test_the_picture_of_the_readme(pages: Pages, server: ServerProcess, tmp_path: Path) -> None:
    ana, ben = pages.live(f"{WATCH}?as=Ana"), pages.live(f"{WATCH}?as=Ben")
    for name in ("star", "star", "star"):
        gift(ben, name)
    gift(ana, "balloon")
    ben.get_by_test_id("message").fill("Encore!")
    gift(ben, "lanterns")
    expect(ana.get_by_test_id("effect-stage")).to_have_attribute("data-effect", "lanterns")
    ana.wait_for_timeout(1_500)

    # `make pictures` keeps it; a plain test run only proves that it can be taken.
    folder = PICTURES if os.environ.get("GIFTWAVE_KEEP_PICTURES") else tmp_path
    folder.mkdir(exist_ok=True)
    taken = ana.screenshot(path=folder / "viewer.jpg", type="jpeg", quality=82)

    assert len(taken) > 20_000
