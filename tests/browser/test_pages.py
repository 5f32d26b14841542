"""The main paths as people walk them, in a real browser against a server of its own with a small demo company."""

import csv
import io
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Site, form_of, settled, title_is, type_in
from tests.conftest import needs_chromium

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def hers(site: Site) -> dict[str, str]:
    """Aisyah's accounts: code → name."""
    return {row["code"]: row["name"] for row in _rows(site, "accounts", "aisyah")}


def _rows(site: Site, kind: str, username: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(site.ask("export", kind, "--as", username))))


def test_a_wrong_password_is_refused_and_the_right_one_leads_to_today(context, site):
    page = context.new_page()
    page.goto(site.address)

    type_in(page, "aisyah", "not the password at all")
    expect(page.get_by_text("User name or password is wrong.")).to_be_visible()
    type_in(page, "aisyah", site.passwords["aisyah"])

    title_is(page, "Today")
    assert urlsplit(page.url).path == "/today"


def test_no_script_can_read_the_session_cookie(enter, context):
    page = enter("aisyah")
    title_is(page, "Today")

    (cookie,) = [cookie for cookie in context.cookies() if "utama" in cookie["name"]]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert cookie["value"] not in page.evaluate("document.cookie")
    assert cookie["value"] not in page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")


def test_a_link_to_an_account_survives_the_sign_in(enter, site, hers):
    code, name = next(iter(hers.items()))

    page = enter("aisyah", f"/account?account={code}")

    title_is(page, name)
    assert page.url == f"{site.address}/account?account={code}"


def test_the_portfolio_shows_figures_and_pictures_that_open(enter, site):
    page = enter("aisyah", "/portfolio")
    title_is(page, "Portfolio")

    expect(page.get_by_test_id("stMetric")).to_have_count(6)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    page.get_by_role("button", name="Rows").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("Sum of the net amounts of all order lines, returns included")).to_be_visible()
    drawer.get_by_role("tab", name="Order lines").click()
    expect(drawer.get_by_text(re.compile(r"in \d+ order lines"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_a_row_of_the_portfolio_opens_its_account(enter, hers):
    page = enter("aisyah", "/portfolio")
    title_is(page, "Portfolio")
    expect(page.locator(".js-plotly-plot")).to_have_count(2)

    table = page.get_by_test_id("stDataFrame").last
    table.scroll_into_view_if_needed()
    table.click(position={"x": 80, "y": 56})
    page.wait_for_url(re.compile(r"/account\?account="))
    title_is(page, hers[page.url.partition("account=")[2]])


def test_who_chooses_malay_is_spoken_to_in_malay(enter):
    page = enter("kumar", "/profile")
    title_is(page, "My profile")

    page.get_by_role("combobox", name="Language").click()
    page.get_by_role("option", name="Bahasa Melayu").click()
    page.get_by_role("button", name="Save", exact=True).click()

    title_is(page, "Profil saya")
    page.get_by_role("link", name="Portfolio").click()
    expect(page.get_by_text("Hasil bersih").first).to_be_visible()


def test_a_file_is_checked_applied_and_undone(enter, site, tmp_path):
    account = _rows(site, "accounts", "meiling")[0]["code"]
    product = _rows(site, "products", "meiling")[0]["code"]
    file = tmp_path / "orders.csv"
    file.write_text(
        "order_no,ordered_on,account,product,quantity,unit_price\n"
        f"BROWSER-1,2026-01-12,{account},{product},2,10.50\n"
        f"BROWSER-2,2026-01-13,{account},{product},1,10.50\n",
        encoding="utf-8",
    )
    page = enter("meiling", "/data")
    title_is(page, "Data & import")

    page.locator("input[type=file]").first.set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("button", name="Apply 2 rows")).to_be_visible()
    assert _ours(site) == []
    page.get_by_role("button", name="Apply 2 rows").click()
    expect(page.get_by_text("2 rows applied from orders.csv")).to_be_visible()
    assert _ours(site) == ["BROWSER-1", "BROWSER-2"]

    settled(page)
    batches = page.get_by_test_id("stDataFrame").last
    batches.scroll_into_view_if_needed()
    batches.click(position={"x": 12, "y": 56})
    page.get_by_role("button", name="Undo this import").click()
    page.get_by_role("button", name=re.compile(r"Undo import \d+")).click()
    expect(page.get_by_text(re.compile(r"Import \d+ is undone"))).to_be_visible()
    assert _ours(site) == []


def _ours(site: Site) -> list[str]:
    return sorted(
        row["order_no"] for row in _rows(site, "orders", "meiling") if row["order_no"].startswith("BROWSER")
    )


def test_signing_out_in_one_tab_ends_the_other_at_its_next_click(enter, context, site):
    first = enter("aisyah")
    title_is(first, "Today")
    second = context.new_page()
    second.goto(f"{site.address}/profile")
    title_is(second, "My profile")

    first.get_by_role("button", name="Aisyah Rahman").click()
    first.get_by_role("button", name="Sign out").click()
    expect(form_of(first)).to_be_visible()
    assert [cookie for cookie in context.cookies() if "utama" in cookie["name"]] == []
    second.get_by_role("link", name="Audit").click()

    expect(form_of(second)).to_be_visible()
    expect(second.get_by_text("Aisyah")).to_have_count(0)


def test_the_keyboard_alone_signs_in(context, site):
    page = context.new_page()
    page.goto(site.address)
    expect(form_of(page)).to_be_visible()
    settled(page)

    for _press in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == "User name":
            break
    page.keyboard.type("priya")
    page.keyboard.press("Tab")
    page.keyboard.type(site.passwords["priya"])
    page.keyboard.press("Enter")

    title_is(page, "Today")


@pytest.mark.parametrize(
    ("username", "paths"),
    [
        ("aisyah", ("today", "portfolio", "account", "account?account={code}", "data", "audit", "profile")),
        ("farah", ("users", "settings", "audit")),
    ],
)
def test_no_page_is_wider_than_a_phone_or_a_desk(enter, site, hers, username, paths):
    code = next(iter(hers))
    page = enter(username)
    too_wide = []
    for path in paths:
        page.set_viewport_size({"width": 390, "height": 844})  # opened on a phone, then turned to a desk
        page.goto(f"{site.address}/{path.format(code=code)}")
        title_is(page, re.compile("."))
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 844})
            page.wait_for_timeout(300)  # the layout follows the window
            found = page.evaluate(
                "[document.documentElement, document.querySelector('[data-testid=stMain]')]"
                ".map(area => area.scrollWidth)"
            )
            if max(found) > width:
                too_wide.append((path, width, found))
    assert too_wide == []
