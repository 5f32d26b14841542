from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from core import authority, clock, db, product_prices, term_edits, term_versions
from core.auth import OPERATOR
from core.authority import LimitDraft
from core.models import Term
from core.term_drafts import Scope, TermDraft
from core.vocabulary import Role, TermKind, TermStatus
from tests import factories
from tests.pages.conftest import field, shown, sign_in, submit

PAGE = "commercial/terms.py"


@pytest.fixture
def session(sqlite_store):
    with db.write() as opened:
        yield opened


@pytest.fixture
def granted(session, kam, other_kam, viewer):
    """Anna's account with a special price that ends soon, Ben's with another; managers grant up to 20% off."""
    mine = factories.account(session, kam, "MINE", name="Aman Mart")
    other = factories.account(session, other_kam, "OTHER", name="Hidden Mart")
    tea = factories.product(session, "TEA", name="Tea")
    coffee = factories.product(session, "COFFEE", name="Coffee")
    for product in (tea, coffee):
        product_prices.set_list_price(session, OPERATOR, product.id, date(2025, 1, 1), Decimal(10))
    limit = LimitDraft(Role.MANAGER, date(2025, 1, 1), discount_share=Decimal("0.20"), reason="policy")
    authority.record(session, OPERATOR, limit, version=None)
    end = clock.today() + timedelta(days=30)
    for account, price in ((mine, "8.50"), (other, "7")):
        draft = TermDraft(
            Scope(account_id=account.id, product_id=tea.id), TermKind.SPECIAL_PRICE, Decimal(price), date(2026, 1, 1),
            end, status=TermStatus.APPROVED, reason="agreement",
        )  # fmt: skip
        term_versions.record(session, OPERATOR, draft)
    session.commit()


def _new():
    from core import accounts, db
    from pages.ui import gate, term_form

    actor = gate.require()
    with db.read() as session:
        account = accounts.get_by_code(session, actor, "MINE")
    term_form._open(actor, account, "MYR")


def _one():
    import streamlit as st

    from core import accounts, db, term_calendar
    from pages.ui import approval_words, gate, term_dialog
    from pages.ui.term_words import Words

    actor = gate.require()
    with db.read() as session:
        account = accounts.get_by_code(session, actor, "MINE")
        found = term_calendar.overview(session, actor, account.id)
    row = next(one for one in found.rows if one.number == st.session_state["number"])
    opened = term_dialog.Opened(row, found.rows, Words(approval_words.names(actor), "MYR"), "MINE")
    term_dialog._draw(actor, opened)


def _many():
    from core import accounts, db
    from pages.ui import gate, term_grid
    from pages.ui.approval_words import Names
    from pages.ui.term_words import Words

    actor = gate.require()
    with db.read() as session:
        account = accounts.get_by_code(session, actor, "MINE")
    term_grid._open(actor, account, Words(Names(), "MYR"))


def _copy():
    from core import accounts, db
    from pages.ui import approval_words, gate, term_copy
    from pages.ui.term_words import Words

    actor = gate.require()
    with db.read() as session:
        account = accounts.get_by_code(session, actor, "NEXT")
    term_copy._open(actor, account, Words(approval_words.names(actor), "MYR"))


@pytest.fixture
def typed(monkeypatch):
    """`typed({"price": ["8"]})`: what somebody types into the grid that is drawn next."""

    def type_in(columns):
        def edited(frame, **_options):
            filled = frame.copy()
            for name, cells in columns.items():
                for place, cell in enumerate(cells):
                    filled.loc[place, name] = cell
            return filled

        monkeypatch.setattr("streamlit.data_editor", edited)

    return type_in


@pytest.fixture
def dialog(granted, cookie, kam):
    """`dialog(_new)`: what the function draws, as Anna sees it in a dialog."""
    cookie["token"] = sign_in(kam)

    def opened(function, **state):
        page = AppTest.from_function(function, default_timeout=30)
        for name, value in state.items():
            page.session_state[name] = value
        return page.run()

    return opened


def in_force():
    with db.read() as session:
        rows = session.scalars(
            select(Term)
            .where(Term.superseded_at.is_(None), Term.status == TermStatus.APPROVED)
            .order_by(Term.id)
        )
        return [(one.kind, one.price or one.rate, one.valid_from) for one in rows]


def choose(page, key, value):
    return next(box for box in page.selectbox if box.key == key).select(value).run()


def press(page, label):
    return next(button for button in page.button if button.label == label).click().run()


def test_an_account_shows_what_is_in_force_and_what_ends(granted, kam, open_page):
    page = open_page(PAGE, kam, account="MINE")

    assert not page.exception
    assert {one.label: one.value for one in page.metric} == {
        "In force": "1", "Ending soon": "1", "Coming": "0", "Waiting": "0",
    }  # fmt: skip
    assert "8.50" in str(page.dataframe[0].value["value"][0])


def test_without_an_account_the_calendar_of_all_that_one_sees_stands_there(granted, kam, open_page):
    page = open_page(PAGE, kam)

    assert not page.exception
    said = [list(frame.value["whom"]) for frame in page.dataframe]
    assert said == [["Aman Mart"]]


def test_an_account_of_somebody_else_looks_absent(granted, kam, open_page):
    page = open_page(PAGE, kam, account="OTHER")

    assert not page.exception
    assert "There is no such account." in shown(page)
    assert "7.00" not in shown(page)


def test_as_known_on_a_day_before_it_was_recorded_there_is_nothing_and_nothing_to_change(
    granted, kam, open_page
):
    page = open_page(PAGE, kam, account="MINE", known="2026-01-01")

    assert not page.exception
    assert page.metric[0].value == "0"
    assert "New term" not in [button.label for button in page.button]


def test_a_special_price_within_authority_is_in_force_at_once(dialog):
    page = choose(dialog(_new), "term_goods_True", "pCOFFEE")
    assert "today RM" in shown(page)
    form = f"term-new-{account_id('MINE')}-special_price"
    field(page, form, "value").input("9.20")
    field(page, form, "reason").input("offer of a competitor")
    submit(page, form)

    assert not page.exception
    assert [row[1] for row in in_force()] == [Decimal("8.5"), Decimal(7), Decimal("9.2")]


def test_a_price_beyond_authority_waits_and_the_old_one_stays(dialog):
    page = choose(dialog(_new), "term_goods_True", "pTEA")
    form = f"term-new-{account_id('MINE')}-special_price"
    field(page, form, "value").input("5")
    field(page, form, "valid_from").set_value(clock.today() + timedelta(days=1))
    field(page, form, "reason").input("offer of a competitor")
    submit(page, form)

    assert not page.exception
    assert [row[1] for row in in_force()] == [Decimal("8.5"), Decimal(7)]
    with db.read() as session:
        waits = session.scalars(select(Term).where(Term.status == TermStatus.SUBMITTED)).one()
    assert waits.price == 5


def test_what_is_missing_is_said_under_its_field_and_what_was_typed_stays(dialog):
    page = dialog(_new)
    form = f"term-new-{account_id('MINE')}-special_price"
    field(page, form, "reason").input("offer")
    submit(page, form)
    assert "Give a value." in [error.value for error in page.error]
    field(page, form, "value").input("9")
    submit(page, form)

    assert [error.value for error in page.error] == ["Choose a product: a special price is of one product."]
    assert field(page, form, "reason").value == "offer"
    assert len(in_force()) == 2


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("special_price", {"value", "valid_from", "valid_to", "min_quantity", "reason", "governed_by", "is_exception"}),
        ("discount", {"value", "valid_from", "valid_to", "min_quantity", "reason", "governed_by", "stacks"}),
        ("quantity_tier", {"value", "valid_from", "valid_to", "min_quantity", "reason", "governed_by", "stacks"}),
        ("promotion", {"value", "valid_from", "valid_to", "min_quantity", "reason", "governed_by", "stacks"}),
        ("volume_tier", {"value", "valid_from", "valid_to", "min_quantity", "reason", "governed_by", "basis", "period",
                         "mode"}),
        ("prompt_payment", {"value", "valid_from", "valid_to", "days", "reason", "governed_by"}),
        ("freight", {"value", "valid_from", "valid_to", "reason", "governed_by"}),
        ("payment_terms", {"value", "valid_from", "valid_to", "reason", "governed_by"}),
    ],
)  # fmt: skip
def test_each_kind_asks_only_for_what_it_needs(dialog, kind, fields):
    page = choose(dialog(_new), "term_kind", TermKind(kind))

    prefix = f"term-new-{account_id('MINE')}-{kind}/"
    kinds = ("text_input", "selectbox", "checkbox", "date_input")
    found = {
        one.key.split("/")[1]
        for name in kinds
        for one in page.get(name)
        if (one.key or "").startswith(prefix)
    }
    assert not page.exception
    assert found == fields


def test_a_link_opens_a_term_with_its_versions(granted, kam, open_page):
    page = open_page(PAGE, kam, account="MINE", term=f"T{number_of('MINE')}")

    assert not page.exception
    assert "Every version, the newest first" in shown(page)


def edit(dialog, which):
    number = number_of("MINE")
    page = dialog(_one, number=number)
    page.session_state[f"term_edit_{number}"] = which
    return page.run(), number


def test_a_new_value_from_a_day_keeps_the_days_before(dialog):
    page, number = edit(dialog, "value")
    form, day = f"term-change-{number}", clock.today() + timedelta(days=10)
    field(page, form, "value").input("8.20")
    field(page, form, "valid_from").set_value(day)
    field(page, form, "reason").input("talk")
    submit(page, form)

    assert not page.exception
    assert sorted(row[1:] for row in in_force() if row[1] != 7) == [
        (Decimal("8.2"), day), (Decimal("8.5"), date(2026, 1, 1)),
    ]  # fmt: skip


def test_what_somebody_changed_meanwhile_is_shown_beside_what_was_typed(dialog):
    page, number = edit(dialog, "value")
    with db.write() as session:
        seen = session.scalars(
            select(Term.id).where(Term.number == number, Term.superseded_at.is_(None))
        ).one()
        term_edits.change(session, OPERATOR, seen, Decimal(9), date(2026, 1, 1), reason="corrected")
    form = f"term-change-{number}"
    field(page, form, "value").input("8.20")
    field(page, form, "reason").input("talk")
    submit(page, form)

    assert any("Saved meanwhile: 9." in one.value for one in page.warning)
    assert field(page, form, "value").value == "8.20"
    submit(page, form)
    assert not page.exception
    assert Decimal("8.2") in [row[1] for row in in_force()]


def test_an_end_that_is_no_early_end_is_said_under_its_field(dialog):
    page, number = edit(dialog, "end")
    form = f"term-end-{number}"
    field(page, form, "last_day").set_value(clock.today() + timedelta(days=60))
    field(page, form, "reason").input("lost")
    submit(page, form)

    assert any("It ends on that day or earlier already" in one.value for one in page.error)


def test_days_of_all_versions_are_saved_at_once(dialog):
    page, number = edit(dialog, "shift")
    form, last = f"term-shift-{number}", clock.today() + timedelta(days=5)
    field(page, form, f"last-{number}").set_value(last)
    field(page, form, "reason").input("sooner")
    submit(page, form)

    assert not page.exception
    with db.read() as session:
        row = session.scalars(select(Term).where(Term.number == number, Term.superseded_at.is_(None))).one()
    assert row.valid_to == last + timedelta(days=1)


def test_many_products_get_a_price_a_discount_and_a_tier_at_once(dialog, typed):
    labels = ["Tea · TEA", "Coffee · COFFEE", "Coffee · COFFEE", "Coffee · COFFEE"]
    typed(
        {
            "product": labels,
            "price": ["8.20"],
            "discount": [None, "2.5", "5", None],
            "quantity": [None, None, "100"],
        }
    )
    page, form = dialog(_many), f"term-grid-{account_id('MINE')}"
    field(page, form, "reason").input("agreement")
    submit(page, form)

    assert not page.exception
    assert sorted((kind.value, value) for kind, value, _first in in_force()) == [
        ("discount", Decimal("0.025")), ("quantity_tier", Decimal("0.05")), ("special_price", Decimal(7)),
        ("special_price", Decimal("8.2")), ("special_price", Decimal("8.5")),
    ]  # fmt: skip


def test_cells_that_cannot_be_meant_are_said_with_their_row_and_nothing_is_saved(dialog, typed):
    typed(
        {
            "product": ["Tea · TEA", None, "Coffee · COFFEE"],
            "price": ["8,20x", "5", "4"],
            "discount": [None, None, "3"],
        }
    )
    page, form = dialog(_many), f"term-grid-{account_id('MINE')}"
    field(page, form, "reason").input("agreement")
    submit(page, form)

    assert len(page.error) == 1
    said = page.error[0].value.replace("\\", "")
    assert "Tea · TEA: “8,20x”: Type a number, such as 1,234.5." in said
    assert "Row 2: Choose a product." in said
    assert "Coffee · COFFEE: Give a special price or a discount, not both." in said
    assert field(page, form, "reason").value == "agreement"
    assert len(in_force()) == 2


def test_terms_are_copied_with_other_values_and_the_source_stays(dialog, typed, kam):
    with db.write() as session:
        factories.account(session, kam, "NEXT", name="Next Mart")
    typed({"value": ["8.40"]})
    page = choose(dialog(_copy), "copy_source", "MINE")
    submit(page, f"term-copy-{account_id('NEXT')}-MINE")

    assert not page.exception
    assert [row[1:] for row in in_force()][-1] == (Decimal("8.4"), clock.today())
    assert len(in_force()) == 3


def test_a_copy_with_nothing_ticked_says_so(dialog, typed, kam):
    with db.write() as session:
        factories.account(session, kam, "NEXT", name="Next Mart")
    typed({"take": [False]})
    page = choose(dialog(_copy), "copy_source", "MINE")
    submit(page, f"term-copy-{account_id('NEXT')}-MINE")

    assert [one.value for one in page.error] == ["Tick at least one term."]


def test_then_and_now_stand_side_by_side(granted, kam, open_page):
    page = open_page(PAGE, kam, account="MINE", term_tab="Then and now")
    page.session_state["term_tab"] = "Then and now"
    page.run()

    assert not page.exception
    assert "1 added, 0 changed, 0 ended, 0 the same" in shown(page)


def test_a_viewer_changes_nothing(granted, viewer, open_page):
    page = open_page(PAGE, viewer, account="MINE")

    assert not page.exception
    assert not {"New term", "Many products", "Copy from …"} & {button.label for button in page.button}


def test_account_has_its_terms_in_a_tab(granted, kam, open_page):
    page = open_page("accounts/account.py", kam, account="MINE")
    page.session_state["account_tab"] = "Terms"
    page.run()

    assert not page.exception
    assert "ends" in shown(page)
    assert "Open in Price terms" in [button.label for button in page.button]


def account_id(code):
    from core.models import Account

    with db.read() as session:
        return session.scalars(select(Account.id).where(Account.code == code)).one()


def number_of(code):
    with db.read() as session:
        return session.scalars(select(Term.number).where(Term.account_id == account_id(code))).first()
