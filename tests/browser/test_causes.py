"""Why an account's revenue moved takes two clicks, and one more takes it back."""

import csv
import io

from playwright.sync_api import expect

from tests.browser.conftest import settled
from tests.conftest import needs_chromium

pytestmark = needs_chromium


def test_two_clicks_record_a_cause_and_one_takes_it_back(enter, site):
    rows = csv.DictReader(io.StringIO(site.ask("export", "accounts", "--as", "aisyah")))
    page = enter("aisyah", f"/account?account={next(iter(rows))['code']}")

    page.get_by_role("button", name="Say why", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Lost contact", exact=True).click()

    expect(page.get_by_text("Lost contact recorded").first).to_be_visible()  # said, and offered to be undone
    settled(page)
    expect(page.get_by_text("Lost contact (").first).to_be_visible()
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("Lost contact (")).to_have_count(0)
