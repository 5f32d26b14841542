"""What people do around forms: orders, groups and products by keyboard, views, cells that open, Malay in a dialog."""

import csv
import io
import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import WAIT, Site, click_twice, settled, title_is, type_in
from tests.conftest import needs_chromium

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def code(site: Site) -> str:
    """One of Aisyah's accounts."""
    rows = csv.DictReader(io.StringIO(site.ask("export", "accounts", "--as", "aisyah")))
    return next(iter(rows))["code"]


@pytest.fixture
def second(chromium: Browser, site: Site):
    """Another browser, in which the director has signed in."""
    context: BrowserContext = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(WAIT)

    def entered(username: str, path: str) -> Page:
        page = context.new_page()
        page.goto(site.address + path)
        type_in(page, username, site.passwords[username])
        title_is(page, re.compile("."))
        return page

    yield entered
    context.close()


def _tab_to(page: Page, label: str) -> None:
    """Press Tab until the field, or the button, of this name has the focus."""
    for _press in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "(() => { const e = document.activeElement;"
            " return (e.getAttribute('aria-label') || '') + '|' + (e.innerText || ''); })()"
        )
        if label in found.split("|"):
            return
    raise AssertionError(f"Tab does not lead to {label}")


def test_a_name_kept_for_a_view_opens_it_again(enter):
    page = enter("aisyah", "/revenue?rows=product&figure=quantity")
    title_is(page, "Revenue")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name="Keep this view").click()
    page.get_by_role("dialog").get_by_label("Name of the view").fill("Products by quantity")
    page.get_by_role("dialog").get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.goto(page.url.split("?")[0])
    title_is(page, "Revenue")
    expect(page.get_by_role("combobox", name="Rows")).to_have_value("Account")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name="Products by quantity").click()
    page.wait_for_url(re.compile("rows=product"))
    expect(page.get_by_role("combobox", name="Rows")).to_have_value("Product")
    assert "figure=quantity" in page.url


def test_a_cell_of_revenue_opens_its_order_lines(enter):
    page = enter("aisyah", "/revenue")
    title_is(page, "Revenue")
    table = page.get_by_test_id("stDataFrame").last
    table.scroll_into_view_if_needed()
    table.click(position={"x": 260, "y": 56})

    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile(r"in [\d,]+ order lines"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    # Another click elsewhere does not bring it back.
    page.get_by_text("12 months").click()
    settled(page)
    expect(page.get_by_role("dialog")).to_have_count(0)


def _cells_by_keyboard(page: Page, *keys: str) -> None:
    """Tab into the grid of the open form, then press keys; what is no key's name is typed."""
    for _press in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "CANVAS":
            break
    page.wait_for_timeout(300)
    for key in keys:
        if key.startswith("Arrow") or key == "Enter":
            page.keyboard.press(key)
        else:
            page.keyboard.type(key, delay=80)  # as fast as people are
        page.wait_for_timeout(250)


def test_an_order_is_booked_by_keyboard_with_a_double_click_and_taken_back(second, site, code):
    page = second("aisyah", f"/account?account={code}&account_tab=Orders")
    page.get_by_role("tab", name="Orders").click()
    page.get_by_role("button", name="New order").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Number")).to_have_value(re.compile(r"^H-\d{4}-0001$"))
    settled(page)
    number = dialog.get_by_label("Number").input_value()
    product = next(csv.DictReader(io.StringIO(site.ask("export", "products", "--as", "aisyah"))))["code"]
    _cells_by_keyboard(
        page, "ArrowDown", "ArrowUp", "Enter", product, "Enter", "ArrowUp", "ArrowRight", "3", "Enter"
    )
    settled(page)
    click_twice(dialog.get_by_role("button", name="Book it"))

    expect(dialog).to_have_count(0)
    expect(page.get_by_text(f"Order {number} booked.").first).to_be_visible()
    assert _lines(site, number) == [(product, "3")]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    assert _lines(site, number) == []


def _lines(site: Site, number: str) -> list[tuple[str, str]]:
    rows = csv.DictReader(io.StringIO(site.ask("export", "orders", "--as", "aisyah")))
    return [(row["product"], row["quantity"]) for row in rows if row["order_no"] == number]


def test_groups_and_products_are_made_by_keyboard(second):
    page = second("rosalind", "/portfolio")
    title_is(page, "Portfolio")
    page.get_by_role("button", name="Groups").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Name", exact=True)).to_be_visible()
    settled(page)
    _tab_to(page, "Name")
    page.keyboard.type("Kumpulan Baharu")
    _tab_to(page, "Code")
    page.keyboard.type("KB")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Group Kumpulan Baharu saved.").first).to_be_visible()

    page.get_by_role("link", name="Products").click()
    title_is(page, "Products")
    page.get_by_role("button", name="New product").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Name", exact=True)).to_be_visible()
    settled(page)
    _tab_to(page, "Code")
    page.keyboard.type("NEW-1")
    _tab_to(page, "Name")
    page.keyboard.type("Teh Baharu")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Product NEW-1 created.").first).to_be_visible()


def test_dialogs_speak_malay_to_who_chose_it_after_each_click(second):
    page = second("zulaikha", "/portfolio")
    page.get_by_role("button", name="Akaun baharu").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Cipta akaun").click()
    expect(dialog.get_by_text("Berikan kod kepada akaun ini.")).to_be_visible()
    expect(dialog.get_by_text("Give the account a code.")).to_have_count(0)
