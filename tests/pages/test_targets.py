"""The grid of targets: typed, proposed, saved, and read by those who may not change it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core import clock, db, rollups, target_plans, targets
from core.auth import OPERATOR
from core.periods import add_months, first_of_month, fiscal_year_start
from tests import factories
from tests.pages.conftest import field, shown, submit


@pytest.fixture
def session(sqlite_store):
    with db.write() as opened:
        yield opened


START = fiscal_year_start(clock.today(), 1)


@pytest.fixture
def trade(session, kam, other_kam, director, viewer):
    tea = factories.product(session, "TEA")
    harbour = factories.account(session, kam, "H", name="Harbour")
    factories.account(session, other_kam, "ZZ", name="ZZHill")
    for month, quantity in ((0, "10"), (1, "30")):
        day = add_months(START, month - 12) + timedelta(days=4)
        factories.line(session, harbour, tea, day, quantity=quantity, list_price="10")
    targets.set_many(session, OPERATOR, harbour.id, {START: (Decimal(120), None)})
    rollups.rebuild(session)
    account_id = harbour.id
    session.commit()
    return account_id


def _name(kam):
    return f"{START:%Y-%m}-{kam.user_id}"


def _edit(page, name, number=0, **cells):
    nonce = page.session_state[f"form:targets-{name}"]["nonce"]
    page.session_state[f"targets-{name}/grid/{nonce}/{number}"] = {
        "edited_rows": {0: cells}, "added_rows": [], "deleted_rows": [],
    }  # fmt: skip


def _stored(actor):
    with db.read() as reading:
        return target_plans.plan(reading, actor, START).rows[0].months


def test_a_cell_that_is_typed_is_saved_and_the_totals_follow_at_once(trade, kam, open_page):
    page = open_page("accounts/targets.py", kam)
    assert not page.exception
    assert "ZZHill" not in shown(page)
    _edit(page, _name(kam), **{f"{add_months(START, 1):%Y-%m}": 310.25})
    page.run()
    assert {metric.label: metric.value for metric in page.metric}["Target of the year"] == "RM\u00a0430"

    submit(page, f"targets-{_name(kam)}")
    assert _stored(kam)[:3] == (Decimal(120), Decimal("310.25"), None)


def test_a_year_is_split_into_the_grid_and_saved_from_there(trade, kam, open_page):
    page = open_page("accounts/targets.py", kam)
    field(page, f"split-{_name(kam)}", "total").input("1,000.01")
    submit(page, f"split-{_name(kam)}")
    assert not page.exception
    assert _stored(kam)[0] == 120  # proposed, not saved

    submit(page, f"targets-{_name(kam)}")
    assert _stored(kam)[:3] == (Decimal("250.00"), Decimal("750.01"), Decimal(0))


def test_two_people_who_set_one_month_both_see_it(trade, kam, director, open_page):
    page = open_page("accounts/targets.py", kam)
    with db.write() as other:
        target_plans.save(
            other, director, {(trade, START): Decimal(999)}, seen={(trade, START): Decimal(120)}
        )
    _edit(page, _name(kam), **{f"{START:%Y-%m}": 5.0})
    submit(page, f"targets-{_name(kam)}")

    assert any("Harbour in" in warning.value and "999.00" in warning.value for warning in page.warning)
    assert _stored(kam)[0] == 999


def test_who_only_reads_sees_the_grid_and_no_button(trade, viewer, open_page):
    page = open_page("accounts/targets.py", viewer)

    assert not page.exception
    assert not [button for button in page.button if button.label.startswith("Save")]
    assert "Harbour" in page.dataframe[0].value.to_csv()


def test_a_director_sees_the_totals_of_each_manager(trade, director, open_page):
    page = open_page("accounts/targets.py", director, manager="all")

    tables = [frame.value for frame in page.dataframe]
    owners = next(frame for frame in tables if "accounts" in frame.columns)
    assert dict(zip(owners["name"], owners["total"], strict=True))["Anna"] == 120


def test_this_month_is_in_the_grid(trade, kam, open_page):
    page = open_page("accounts/targets.py", kam)

    assert first_of_month(clock.today()).year == START.year
    assert page.title[0].value == "Targets"
