from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import python_calamine
from pypdf import PdfReader
from typer.testing import CliRunner

from core import clock, db, price_lists, product_prices, term_versions
from core.__main__ import app
from core.auth import OPERATOR
from core.errors import Invalid, NotFound
from core.models import Segment
from core.price_lists import Item, Payment, PriceList, Promotion, Step
from core.reports import price_list
from core.term_drafts import Scope, TermDraft
from core.vocabulary import TermKind, TermStatus
from tests import factories

TODAY = date(2026, 6, 15)
DAY = date(2026, 7, 1)


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 6, 15, 12, tzinfo=UTC))
    monkeypatch.setattr(clock, "today", lambda: TODAY)


@pytest.fixture
def shop(session, kam):
    """Anna's shop in Retail (5% on all): tea lists at 100 with tiers, jam at 10 with a promotion in August."""
    retail = Segment(name="Retail")
    session.add(retail)
    session.flush()
    row = factories.account(session, kam, "SHOP", name="Kedai <Aman> & Co", segment_id=retail.id)
    row.tea = factories.product(session, "TEA", name="Tea", category="Drinks")
    row.jam = factories.product(session, "JAM", name="Jam", category="Spreads")
    for product, listed, cost in ((row.tea, "100", "61.2345"), (row.jam, "10", "7.4321")):
        product_prices.set_list_price(session, OPERATOR, product.id, date(2025, 1, 1), Decimal(listed))
        product_prices.set_cost(session, OPERATOR, product.id, date(2025, 1, 1), Decimal(cost))

    def grant(value, kind, scope, **more):
        given = {
            "valid_from": date(2026, 1, 1),
            "status": TermStatus.APPROVED,
            "reason": "secret reason",
            **more,
        }
        term_versions.record(session, OPERATOR, TermDraft(scope, kind, Decimal(value), **given))

    mine = Scope(account_id=row.id, product_id=row.tea.id)
    grant("0.05", TermKind.DISCOUNT, Scope(segment_id=retail.id))
    grant("0.08", TermKind.QUANTITY_TIER, mine, min_quantity=Decimal(12))
    grant("0.10", TermKind.QUANTITY_TIER, mine, min_quantity=Decimal(48))
    grant("0.20", TermKind.PROMOTION, Scope(account_id=row.id, product_id=row.jam.id),
          valid_from=date(2026, 8, 1), valid_to=date(2026, 8, 15))  # fmt: skip
    grant(
        "0.50",
        TermKind.PROMOTION,
        Scope(account_id=row.id, product_id=row.jam.id),
        status=TermStatus.SUBMITTED,
    )
    grant("0.03", TermKind.PROMPT_PAYMENT, Scope(account_id=row.id), days=10)
    return row


def test_it_holds_the_price_of_every_product_with_steps_and_promotions(session, shop, kam):
    found = price_lists.of_account(session, kam, shop.id, DAY)

    tea, jam = found.items
    assert tea.category == "Drinks"
    assert (tea.list_price, tea.net_price) == (Decimal(100), Decimal(95))
    assert tea.steps == (Step(Decimal(12), Decimal(92)), Step(Decimal(48), Decimal(90)))
    assert (jam.net_price, jam.steps) == (Decimal("9.5"), ())
    assert jam.promotions == (Promotion(date(2026, 8, 1), date(2026, 8, 14), Decimal(1), Decimal(8)),)


def test_it_says_until_when_a_price_holds_and_how_to_pay(session, shop, kam):
    for value, kind, more in (
        ("9", TermKind.SPECIAL_PRICE, {"valid_to": date(2026, 12, 1)}),
        ("45", TermKind.PAYMENT_TERMS, {}),
    ):
        product_id = shop.jam.id if kind is TermKind.SPECIAL_PRICE else None
        draft = TermDraft(Scope(account_id=shop.id, product_id=product_id), kind, Decimal(value), date(2026, 1, 1),
                          status=TermStatus.APPROVED, **more)  # fmt: skip
        term_versions.record(session, OPERATOR, draft)
    group_wide = TermDraft(Scope(segment_id=shop.segment_id), TermKind.PAYMENT_TERMS, Decimal(14), date(2026, 1, 1),
                           status=TermStatus.APPROVED)  # fmt: skip
    term_versions.record(session, OPERATOR, group_wide)

    found = price_lists.of_account(session, kam, shop.id, DAY)

    tea, jam = found.items
    assert (tea.last_day, jam.net_price, jam.last_day) == (None, 9, date(2026, 11, 30))
    assert found.payment == Payment(45, Decimal("0.03"), 10)
    text = str(
        python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(price_list.write(found, "xlsx", "en")))
        .get_sheet_by_index(0)
        .to_python()
    )
    for said in ("30 Nov 2026", "45 days after the invoice", "Paid within 10 days: 3.0% off."):
        assert said in text


def test_without_payment_terms_the_accounts_own_days_hold(session, shop, kam):
    shop.payment_days = 60
    session.flush()
    assert price_lists.of_account(session, kam, shop.id, DAY).payment.due_days == 60


def test_a_promotion_that_runs_on_the_first_day_is_not_the_lasting_price(session, shop, kam):
    jam = price_lists.of_account(session, kam, shop.id, date(2026, 8, 3)).items[1]

    assert jam.net_price == Decimal("9.5")
    assert jam.promotions[0].first == date(2026, 8, 3)


def test_what_has_no_list_price_has_a_special_price_or_is_not_on_the_list(session, shop, kam):
    bare, special = factories.product(session, "BARE"), factories.product(session, "ONLY", category="Drinks")
    draft = TermDraft(Scope(account_id=shop.id, product_id=special.id), TermKind.SPECIAL_PRICE, Decimal("3.2500"),
                      date(2026, 1, 1), status=TermStatus.APPROVED)  # fmt: skip
    term_versions.record(session, OPERATOR, draft)

    items = {item.code: item for item in price_lists.of_account(session, kam, shop.id, DAY).items}

    assert (items["ONLY"].list_price, items["ONLY"].net_price) == (None, Decimal("3.25"))
    assert bare.code not in items


def test_others_have_no_list_of_it_and_an_empty_one_is_refused(session, shop, other_kam):
    with pytest.raises(NotFound):
        price_lists.of_account(session, other_kam, shop.id, DAY)
    with pytest.raises(Invalid, match="No product has a price"):
        price_lists.of_account(session, OPERATOR, shop.id, date(2020, 1, 1))


def test_the_workbook_says_prices_and_neither_cost_nor_reason(session, shop, director):
    found = price_lists.of_account(session, director, shop.id, DAY)
    data = price_list.write(found, "xlsx", "en")
    rows = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()

    said = [[cell for cell in row if cell != ""] for row in rows]
    assert ["Drinks", "TEA", "Tea", 100.0, 95.0, 12.0, 92.0, 48.0, 90.0] in said
    assert ["Spreads", "JAM", "Jam", 10.0, 9.5, "Promotion 1 Aug 2026 to 14 Aug 2026: 8.00"] in said
    text = str(rows)
    assert "secret" not in text
    assert "61.2345" not in text


@pytest.mark.parametrize("speaks", ["en", "ms"])
def test_the_pdf_is_the_same_each_time_and_takes_names_as_they_are(session, shop, director, speaks):
    found = price_lists.of_account(session, director, shop.id, DAY)

    made = price_list.write(found, "pdf", speaks)

    assert made.startswith(b"%PDF")
    assert made == price_list.write(found, "pdf", speaks)
    assert made != price_list.write(found, "pdf", "ms" if speaks == "en" else "en")


def test_the_command_line_writes_it_and_notes_who_took_it(session, shop, tmp_path):
    session.commit()
    out = tmp_path / "list.xlsx"

    done = CliRunner().invoke(
        app, ["report", "price-list", "--account", "SHOP", "--from", "2026-07-01", "--out", str(out),
              "--language", "ms"],
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    sheet = python_calamine.CalamineWorkbook.from_path(str(out)).get_sheet_by_index(0)
    assert sheet.to_python()[1][0] == "Senarai harga"
    with db.read() as reading:
        from core import audit

        newest = audit.search(reading, OPERATOR).rows[0]
    assert "price-list" in str(newest)


def test_names_in_chinese_stand_in_a_font_that_knows_them():
    soy = Item("SOY", "李锦记 Soy <sauce> 酱油", "酱料", None, Decimal(10), Decimal(9), (), ())
    found = PriceList("Utama", "A-1", "永旺 & Co", "MYR", DAY, (soy,))

    page = PdfReader(io.BytesIO(price_list.write(found, "pdf", "en"))).pages[0]

    said = page.extract_text()
    assert all(text in said for text in ("李锦记", "Soy <sauce>", "酱油", "酱料", "永旺", "& Co"))
    fonts = {str(font.get_object()["/BaseFont"]) for font in page["/Resources"]["/Font"].values()}
    assert "/STSong-Light" in fonts
