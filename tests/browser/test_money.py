"""Real pages, real checkout: buying coins, limits, history, earnings and payouts as people meet them."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from server.domain.room import Role
from server.payments.signing import sandbox_secret
from tests.browser.conftest import PHONE, Pages
from tests.browser.test_pages import gift, number
from tests.helpers.server import SECRET, ServerProcess, wait_until

WATCH, STUDIO = "/watch/lounge", "/studio/lounge"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("demo", "--no-crowd", workers=2, earnings_settle_s=0) as server:
        mira = server.token("c_mira", name="Mira", role=Role.CREATOR)
        server.post("/v1/rooms", {"room": "lounge", "title": "Late night piano"}, token=mira)
        yield server


@pytest.fixture
def sandbox(server: ServerProcess) -> Iterator[httpx.Client]:
    """The provider's own address, as its staff reaches it."""
    key = sandbox_secret(SECRET)
    with httpx.Client(
        base_url=f"http://127.0.0.1:{server.port + 1_000}", headers={"Authorization": f"Bearer {key}"}, trust_env=False
    ) as client:
        yield client


def choose_pack(page: Page, pack: str = "pack_100") -> None:
    """Open the shop and go to the checkout."""
    page.get_by_test_id("buy-open").click()
    page.get_by_test_id(f"pack-{pack}").click()
    page.wait_for_url("**/checkout/**")


def state_is(page: Page, state: str) -> None:
    expect(page.get_by_test_id("topup-state")).to_have_attribute("data-state", state)


def test_a_pack_paid_at_the_checkout_is_credited_before_ones_eyes(pages: Pages) -> None:
    ana = pages.live(WATCH)
    before = number(ana, "balance")

    choose_pack(ana)
    expect(ana.get_by_text("no real money", exact=False).first).to_be_visible()
    ana.get_by_test_id("pay").click()

    state_is(ana, "credited")
    ana.get_by_test_id("topup-done").click()
    expect(ana.get_by_test_id("balance")).to_contain_text(f"{before + 100:,}")


def test_a_declined_payment_says_so_and_credits_nothing(pages: Pages) -> None:
    ana = pages.live(WATCH)
    before = number(ana, "balance")

    choose_pack(ana)
    ana.get_by_test_id("decline").click()

    state_is(ana, "failed")
    assert number(ana, "balance") == before


def test_a_payment_that_takes_its_time_is_processing_and_then_credited(pages: Pages, sandbox: httpx.Client) -> None:
    ana = pages.live(WATCH)
    before = number(ana, "balance")

    choose_pack(ana)
    reference = ana.url.rsplit("/", 1)[1].split("?")[0]
    ana.get_by_test_id("pay-later").click()
    state_is(ana, "processing")
    _settle(sandbox, reference)

    state_is(ana, "credited")
    expect(ana.get_by_test_id("balance")).to_contain_text(f"{before + 100:,}")


def _settle(sandbox: httpx.Client, reference: str) -> None:
    page = sandbox.get("/").text
    action = next(found for found in re.findall(r'action="([^"]+)"', page) if reference in found and "settle" in found)
    assert sandbox.post(action).status_code in (200, 303)


def test_a_limit_is_seen_before_the_tap_and_holds_after_it(pages: Pages) -> None:
    ana = pages.live(WATCH)
    ana.get_by_test_id("limits-open").click()
    ana.get_by_test_id("limit-day").fill("10")
    ana.get_by_test_id("limits-save").click()
    expect(ana.get_by_test_id("budget-ring")).to_have_attribute("data-left", "10")
    ana.get_by_test_id("dialog-close").first.click()
    before = number(ana, "balance")

    gift(ana, "balloon")  # 9 coins

    expect(ana.get_by_test_id("budget-ring")).to_have_attribute("data-left", "1")
    expect(ana.get_by_test_id("balance")).to_contain_text(f"{before - 9:,}")
    expect(ana.get_by_test_id("gift-balloon")).to_have_attribute("aria-disabled", "true")


def test_a_lock_stops_every_gift(pages: Pages) -> None:
    ana = pages.live(WATCH)
    ana.get_by_test_id("limits-open").click()

    ana.get_by_test_id("lock-24").click()
    ana.get_by_test_id("lock-confirm").click()

    expect(ana.get_by_test_id("lock-state")).to_be_visible()
    ana.get_by_test_id("dialog-close").first.click()
    expect(ana.get_by_test_id("gift-rose")).to_have_attribute("aria-disabled", "true")


def test_the_history_tells_every_coin_and_ends_at_the_balance(pages: Pages) -> None:
    ana = pages.live(WATCH)
    gift(ana, "rose")
    choose_pack(ana)
    ana.get_by_test_id("pay").click()
    state_is(ana, "credited")
    ana.get_by_test_id("topup-done").click()
    balance = number(ana, "balance")

    ana.get_by_test_id("history-open").click()

    for kind in ("grant", "gift", "topup"):
        expect(ana.locator(f"[data-testid=history-line][data-kind={kind}]")).to_have_count(1)
    lines = [int(line.get_attribute("data-coins") or 0) for line in ana.get_by_test_id("history-line").all()]
    assert sum(lines) == balance
    with ana.expect_download() as download:
        ana.get_by_test_id("csv").first.click()
    assert download.value.suggested_filename.endswith(".csv")


def test_a_creator_cashes_out_and_the_buckets_add_up(pages: Pages, server: ServerProcess) -> None:
    ana, studio = pages.live(WATCH), pages.live(STUDIO)
    gift(ana, "phoenix")
    ana.get_by_test_id("confirm-phoenix").click()
    mira = server.token("c_mira", name="Mira", role=Role.CREATOR)
    wait_until(lambda: server.get("/v1/earnings", token=mira).json()["available_units"] > 50_000_000)
    server.request("PUT", "/v1/payouts/destination", token=mira, json={"destination": "sandbox:mira"})
    studio.reload()

    studio.get_by_test_id("payout-open").click()
    studio.get_by_test_id("payout-currency").select_option("USD")
    studio.get_by_test_id("payout-quote").first.click()
    studio.get_by_test_id("payout-confirm").click()

    expect(studio.get_by_test_id("payout-state")).to_have_attribute("data-state", "paid", timeout=20_000)
    studio.get_by_test_id("payout-done").click()
    expect(studio.locator("[data-testid=payout-line][data-state=paid]")).to_have_count(1)
    view = server.get("/v1/earnings", token=mira).json()
    buckets = ("pending", "held", "available", "in_transit", "paid")
    assert view["earned_units"] == sum(view[f"{bucket}_units"] for bucket in buckets)
    assert view["paid_units"] > 0
    expect(studio.locator("[data-testid=statement-line][data-kind=gift]").first).to_be_visible()


@pytest.mark.parametrize("button", ["buy-open", "limits-open", "history-open"])
def test_dialogs_fit_a_phone(pages: Pages, button: str) -> None:
    page = pages.live(WATCH, size=PHONE)

    page.get_by_test_id(button).click()

    expect(page.locator("dialog[open]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    box = page.locator("dialog[open]").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
