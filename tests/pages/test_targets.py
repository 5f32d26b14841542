"""The grid of targets: typed, proposed, saved, and read by those who may not change it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core import audit, clock, db, rollups, target_plans, targets
from core.audit import Subject
from core.auth import OPERATOR
from core.models import Account
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


def test_an_account_that_is_taken_away_goes_from_the_open_grid_and_what_was_typed_stays(
    trade, kam, other_kam, open_page
):
    with db.write() as session:
        zone = factories.account(session, kam, "ZONE", name="Zone").id
        session.commit()
    page = open_page("accounts/targets.py", kam)
    nonce = page.session_state[f"form:targets-{_name(kam)}"]["nonce"]
    # Harbour is the first row, Zone the second.
    typed = {1: {f"{START:%Y-%m}": 55.5}}
    page.session_state[f"targets-{_name(kam)}/grid/{nonce}/0"] = {
        "edited_rows": typed, "added_rows": [], "deleted_rows": [],
    }  # fmt: skip
    with db.write() as other:
        other.get(Account, trade).owner_id = other_kam.user_id
        audit.record(other, OPERATOR, "account:update", Subject("account", "H", "Harbour", trade), {})
    page.run()

    assert not page.exception
    assert not [frame for frame in page.dataframe if "Harbour" in frame.value.to_csv()]
    submit(page, f"targets-{_name(kam)}")
    assert not page.exception
    with db.read() as reading:
        assert [row.account_id for row in target_plans.plan(reading, kam, START).rows] == [zone]
    assert _stored(kam)[0] == Decimal("55.5")


def test_after_a_conflict_the_first_value_can_be_typed_again(trade, kam, director, open_page):
    page = open_page("accounts/targets.py", kam)
    with db.write() as other:
        target_plans.save(
            other, director, {(trade, START): Decimal(999)}, seen={(trade, START): Decimal(120)}
        )
    _edit(page, _name(kam), **{f"{START:%Y-%m}": 5.0})
    submit(page, f"targets-{_name(kam)}")
    assert _stored(kam)[0] == 999
    _edit(page, _name(kam), **{f"{START:%Y-%m}": 120.0})
    submit(page, f"targets-{_name(kam)}")
    assert _stored(kam)[0] == 120


def test_what_others_save_is_seen_in_the_open_grid(trade, kam, director, open_page):
    page = open_page("accounts/targets.py", kam)
    with db.write() as other:
        target_plans.save(
            other, director, {(trade, START): Decimal(999)}, seen={(trade, START): Decimal(120)}
        )
    page.run()
    assert {metric.label: metric.value for metric in page.metric}["Target of the year"] == "RM\u00a0999"


def test_what_was_typed_waits_while_another_year_is_looked_at(trade, kam, open_page):
    page = open_page("accounts/targets.py", kam)
    _edit(page, _name(kam), **{f"{START:%Y-%m}": 77.0})
    page.run()
    this, before = f"{START:%Y-%m}", f"{add_months(START, -12):%Y-%m}"
    page.selectbox(key="chosen_year").set_value(before).run()
    assert "Not saved yet in" in shown(page)
    assert "1 cell" in shown(page)

    page.selectbox(key="chosen_year").set_value(this).run()
    assert {metric.label: metric.value for metric in page.metric}["Target of the year"] == "RM\u00a077"
    submit(page, f"targets-{_name(kam)}")
    assert _stored(kam)[0] == 77


def test_a_split_says_which_accounts_it_leaves_alone(trade, director, open_page):
    page = open_page("accounts/targets.py", director, manager="all")
    name = f"split-{START:%Y-%m}-all"
    field(page, name, "total").input("1000")
    submit(page, name)

    assert "1 account without revenue last year got no part" in shown(page)
    submit(page, f"targets-{START:%Y-%m}-all")
    with db.read() as reading:
        harbour, hill = target_plans.plan(reading, director, START).rows
        assert list(harbour.months[:2]) == [250, 750]
        assert set(hill.months) == {None}
