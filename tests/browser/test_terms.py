"""A manager before a meeting, on a phone: a special price is granted, explained by the Price X-ray, and taken back."""

import csv
import io

from playwright.sync_api import expect

from tests.browser.conftest import settled
from tests.conftest import needs_chromium

pytestmark = needs_chromium

PHONE = {"width": 390, "height": 844}


def _pick(dialog, label, text):
    box = dialog.get_by_role("combobox", name=label)
    box.click()
    box.fill(text)
    dialog.page.get_by_role("option").first.click()


def test_on_a_phone_a_special_price_is_granted_explained_and_undone(enter, site):
    rows = csv.DictReader(io.StringIO(site.ask("export", "accounts", "--as", "aisyah")))
    account = next(iter(rows))["code"]
    product = next(csv.DictReader(io.StringIO(site.ask("export", "products", "--as", "zulaikha"))))
    page = enter("aisyah", "/terms")
    page.set_viewport_size(PHONE)
    page.goto(f"{site.address}/terms?account={account}")
    expect(page.get_by_text("In force", exact=True).first).to_be_visible()
    settled(page)

    page.get_by_role("button", name="New term").click()
    dialog = page.get_by_role("dialog")
    _pick(dialog, "Product", product["code"])
    expect(dialog.get_by_text("List RM")).to_be_visible()
    price = f"{float(product['list_price']) * 0.95:.2f}"
    dialog.get_by_label("Price, RM a unit").fill(price)
    dialog.get_by_label("Why").fill("offer of a competitor")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Undo", exact=True)).to_be_visible()
    asked = ("price", "--account", account, "--product", product["code"], "--quantity", "1")
    xray = page.context.new_page()
    xray.set_viewport_size(PHONE)
    xray.goto(f"{site.address}/xray?account={account}&product={product['code']}")
    expect(xray.get_by_text("special price T")).not_to_have_count(0)
    expect(xray.get_by_text(f"RM\u00a0{price}").first).to_be_visible()
    xray.close()

    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    settled(page)
    assert f'"{price}' not in site.ask(*asked, "--on", "2030-01-01", "--json")
