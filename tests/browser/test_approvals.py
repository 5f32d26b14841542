"""A manager asks for a price on a phone before a meeting, and a director approves it on hers."""

import csv
import io
import json
import re
from datetime import date
from decimal import Decimal

from playwright.sync_api import expect

from tests.browser.conftest import settled
from tests.conftest import needs_chromium

pytestmark = needs_chromium

PHONE = {"width": 390, "height": 844}


def _first(text, number):
    return list(csv.DictReader(io.StringIO(text)))[number]


def _within(page):
    """Nothing stands outside the screen to the right."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_manager_asks_and_a_director_approves_both_on_a_phone(enter, context, site):
    account = _first(site.ask("export", "accounts", "--as", "aisyah"), 0)
    product = _first(site.ask("export", "products"), 9)["code"]
    today = date.today().isoformat()  # noqa: DTZ011
    asked = (
        "price",
        "--account",
        account["code"],
        "--product",
        product,
        "--quantity",
        "1",
        "--on",
        today,
        "--json",
    )
    listed = Decimal(json.loads(site.ask(*asked))["list_price"])
    wanted = (listed * Decimal("0.75")).quantize(Decimal("0.01"))

    page = enter("aisyah", f"/xray?account={account['code']}&product={product}")
    page.set_viewport_size(PHONE)
    settled(page)
    page.get_by_role("button", name="Ask for another price").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Price of a unit").fill(str(wanted))
    dialog.get_by_label("Why", exact=True).fill("match of a rival offer")
    _within(page)
    dialog.get_by_role("button", name="Ask for it").click()
    expect(page.get_by_text("A director approves it.")).to_be_visible()
    settled(page)
    assert Decimal(json.loads(site.ask(*asked))["net_price"]) != wanted
    page.goto(f"{site.address}/approvals")
    expect(page.get_by_text("waits for a director").first).to_be_visible()
    settled(page)
    _within(page)
    mine = page.locator("[class*='st-key-mine_']").filter(has_text="match of a rival offer")
    expect(mine).to_have_count(1)
    name = re.search(r"\bT\d+\b", mine.inner_text()).group()
    page.close()
    context.clear_cookies()

    page = enter("zulaikha", f"/approvals?term={name}")
    page.set_viewport_size(PHONE)
    settled(page)
    card = page.locator(".st-key-submission")
    expect(card).to_contain_text("match of a rival offer")
    _within(page)
    card.get_by_role("button", name="Luluskan").click()
    expect(page.get_by_text(f"{name} diluluskan.")).to_be_visible()
    settled(page)

    expect(card.get_by_text("match of a rival offer")).to_have_count(0)
    assert Decimal(json.loads(site.ask(*asked))["net_price"]) == wanted
