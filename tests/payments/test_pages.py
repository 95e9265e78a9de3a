"""The sandbox's pages in a real browser: a fan pays, a person presses the bank's buttons."""

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.helpers.server import wait_until
from tests.helpers.stripe_stand_in import ServedApp
from tests.payments.inbox import Inbox
from tests.payments.rigs import fresh_id
from tests.payments.sandbox_process import SandboxProcess

SIZES = {"phone": (360, 780), "desktop": (1_440, 900)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next(found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shop() -> Iterator[ServedApp]:
    """Where a checkout leads back to; another origin than the sandbox's."""

    async def watch(_: Request) -> Response:
        return PlainTextResponse("the stream")

    with ServedApp(Starlette(routes=[Route("/{path:path}", watch)])) as shop:
        yield shop


@pytest.fixture(params=SIZES)
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    width, height = SIZES[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if request.param == "phone" else "light"
    )
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda line: complaints.append(line.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    # A refusal is shown on the page; that its status is 4xx is no complaint.
    assert [line for line in complaints if "status of 4" not in line] == []


def open_checkout(sandbox: SandboxProcess, shop: ServedApp, *, fan: str = "u_ana") -> tuple[str, str]:
    """Return a topup_id and the reference of its checkout."""
    topup_id = fresh_id()
    wish = {"topup_id": topup_id, "fan": fan, "coins": 500, "price_minor": 629, "currency": "EUR"}
    wish["return_url"] = f"{shop.url}/watch/lounge?as=Ben#token=t"
    return topup_id, sandbox.http.post("/api/checkouts", json=wish).raise_for_status().json()["reference"]


def status(sandbox: SandboxProcess, reference: str) -> str:
    return str(sandbox.http.get(f"/api/payments/{reference}").json()["status"])


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize(
    ("button", "result", "end"),
    [
        ("pay", "paid", "paid"),
        ("pay-later", "processing", "processing"),
        ("decline", "declined", "failed"),
        ("cancel", "cancelled", "expired"),
    ],
)
def test_each_button_leads_back_with_its_result(
    page: Page, sandbox: SandboxProcess, shop: ServedApp, button: str, result: str, end: str
) -> None:
    topup_id, reference = open_checkout(sandbox, shop)
    page.goto(f"{sandbox.url}/checkout/{reference}")
    expect(page.get_by_test_id("price")).to_have_text("€6.29")
    expect(page.get_by_test_id("coins")).to_have_text("500 coins")
    expect(page.get_by_role("note")).to_contain_text("No real money moves")
    assert fits(page)

    page.get_by_test_id(button).click()

    page.wait_for_url(f"{shop.url}/watch/lounge?as=Ben&topup={topup_id}&result={result}#token=t")
    assert status(sandbox, reference) == end
    page.goto(f"{sandbox.url}/checkout/{reference}")
    expect(page.get_by_test_id("finished")).to_be_visible()
    page.get_by_test_id("back").click()
    page.wait_for_url(re.compile(rf"result={result}#token=t$"))


def test_a_checkout_is_paid_once_from_two_tabs(page: Page, sandbox: SandboxProcess, shop: ServedApp) -> None:
    _, reference = open_checkout(sandbox, shop)
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(f"{sandbox.url}/checkout/{reference}")

    page.get_by_test_id("pay").click()
    page.wait_for_url(re.compile("result=paid"))
    other.get_by_test_id("decline").click()

    other.wait_for_url(re.compile("result=paid"))
    assert status(sandbox, reference) == "paid"


def test_the_keyboard_reaches_every_button(page: Page, sandbox: SandboxProcess, shop: ServedApp) -> None:
    _, reference = open_checkout(sandbox, shop)
    page.goto(f"{sandbox.url}/checkout/{reference}")

    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.dataset.testid"))

    assert reached == ["pay", "pay-later", "decline", "cancel"]


def test_what_a_fan_is_called_is_text(page: Page, sandbox: SandboxProcess, shop: ServedApp) -> None:
    fan = "<img/src=x/onerror=alert(1)>&amp;"
    _, reference = open_checkout(sandbox, shop, fan=fan)

    for path in (f"/checkout/{reference}", "/"):
        page.goto(f"{sandbox.url}{path}")
        expect(page.get_by_text(fan).first).to_be_visible()
        assert page.locator("img").count() == 0


def test_pages_allow_no_script_and_no_frame(sandbox: SandboxProcess, shop: ServedApp) -> None:
    _, reference = open_checkout(sandbox, shop)

    for path in (f"/checkout/{reference}", "/"):
        headers = sandbox.http.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_a_payment_lives_through_its_buttons(
    page: Page, sandbox: SandboxProcess, shop: ServedApp, inbox: Inbox
) -> None:
    _, reference = open_checkout(sandbox, shop)
    sandbox.press(f"/checkout/{reference}/pay-later")
    page.goto(sandbox.url)
    card = page.locator(f"[id={reference}]")

    card.get_by_test_id("settle").click()
    expect(card).to_contain_text("paid")
    card.get_by_label("Amount to refund").fill("7.00")
    card.get_by_test_id("refund").click()
    expect(page.get_by_role("alert")).to_contain_text("€6.29")
    card.get_by_label("Amount to refund").fill("1.29")
    card.get_by_test_id("refund").click()
    card.get_by_test_id("dispute").click()
    expect(card).to_contain_text("dispute open")
    card.get_by_test_id("dispute-won").click()
    expect(card).to_contain_text("dispute won")

    told = ["checkout.completed", "payment.processing", "payment.captured", "payment.refunded"]
    wait_until(lambda: inbox.kinds(reference) == [*told, "dispute.opened", "dispute.won"])
    assert fits(page)


def test_a_payout_lives_through_its_buttons(page: Page, sandbox: SandboxProcess) -> None:
    payout_id = fresh_id()
    sandbox.turn(payout="manual")
    wish = {"payout_id": payout_id, "creator": "c_mira", "destination": "sandbox:mira", "amount_minor": 1_250}
    sandbox.http.post("/api/payouts", json=wish | {"currency": "KWD"}).raise_for_status()
    page.goto(sandbox.url)
    card = page.locator(f"[id='{payout_id}']")

    expect(card).to_contain_text("KWD\xa01.250")
    card.get_by_test_id("payout-paid").click()
    expect(card).to_contain_text("paid")
    card.get_by_test_id("payout-return").click()
    expect(card).to_contain_text("sent this payout back")


def test_knobs_are_turned_on_the_page(page: Page, sandbox: SandboxProcess) -> None:
    page.goto(sandbox.url)

    page.get_by_label("Copies").fill("3")
    page.get_by_label("Forge").check()
    page.locator("select[name=payout]").select_option("return")
    page.get_by_test_id("save-knobs").click()
    page.wait_for_url(re.compile("#knobs$"))

    knobs = sandbox.http.get("/api/knobs").json()
    assert (knobs["duplicate"], knobs["forged"], knobs["stale"], knobs["payout"]) == (3, True, False, "return")
    expect(page.get_by_label("Forge")).to_be_checked()


def test_a_dropped_event_is_sent_by_its_button(
    page: Page, sandbox: SandboxProcess, shop: ServedApp, inbox: Inbox
) -> None:
    _, reference = open_checkout(sandbox, shop)
    sandbox.turn(drop=True)
    sandbox.press(f"/checkout/{reference}/decline")
    page.goto(sandbox.url)

    page.get_by_test_id("event").first.get_by_test_id("send-again").click()

    wait_until(lambda: inbox.kinds(reference) == ["payment.failed"])
