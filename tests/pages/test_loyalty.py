"""Loyalty as people see it: the page, the part on Account with its forms, the designer and the replay lab."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from core import clock, db, rollups, saved_views
from core.auth import OPERATOR
from core.loyalty import grants, lab, members, postings, programmes
from core.loyalty_vocabulary import ProgrammeStatus
from core.periods import Period
from core.vocabulary import Role
from pages.ui import loyalty_account, programme_grids, programme_parts, replay_scenarios
from tests import factories
from tests.core.loyalty.programmes import DOCUMENT, live, points
from tests.pages.conftest import field, shown, sign_in, submit

FIRST, TODAY = date(2025, 1, 1), date(2026, 11, 26)


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: TODAY)


@pytest.fixture
def shop(session, kam, other_kam, director, viewer):
    """Anna's A, 100 short of Gold, with 1,000 points; her B in no programme; Ben's in the programme too."""
    goods = factories.product(session, "TEA", category="Tea")
    accounts = {
        "A": factories.account(session, kam, "A", name="Aman Mart"),
        "B": factories.account(session, kam, "B", name="Bakti Store"),
        "HIS": factories.account(session, other_kam, "HIS", name="Hidden House"),
    }
    for code, account in accounts.items():
        for month, amount in ((1, 300), (2, 400), (3, 200)):
            on = date(2026, month, 10)
            factories.line(session, account, goods, on, quantity=str(amount), list_price="1", unit_cost="0.6",
                           order_no=f"{code}-{month}")  # fmt: skip
    number = live(session, FIRST)
    for code in ("A", "HIS"):
        members.enrol_account(session, OPERATOR, accounts[code].id, number, FIRST)
    rollups.rebuild(session)
    found = SimpleNamespace(number=number, **{code: account.id for code, account in accounts.items()})
    session.commit()
    return found


def tab(open_page, actor, code="A"):
    page = open_page("accounts/account.py", actor, account=code)
    page.session_state["account_tab"] = "Loyalty"
    page = page.run()
    assert not page.exception, page.exception[0].value
    return page


def press(page, key):
    page = page.button(key=key).click().run()
    assert not page.exception, page.exception[0].value
    return page


def now(account_id):
    with db.read() as session:
        return points(session, account_id)


def undo(page, actor):
    """What the bar at the foot of the page would take back."""
    offer = page.session_state["form:undo"]
    with db.write() as session:
        offer.undo(session, actor)


def content(what, account_id):
    """A dialog's content alone, as Streamlit runs it again after each click."""
    from core import accounts, db
    from pages.ui import gate, loyalty_forms, loyalty_requests

    actor = gate.require()
    with db.read() as session:
        account = accounts.get(session, actor, account_id)
    if what == "enrol":
        loyalty_forms._enrol(actor, account)
    elif what == "requests":
        loyalty_requests._open(actor)
    else:
        {
            "redeem": loyalty_forms._redeem, "adjust": loyalty_forms._adjust, "grant": loyalty_forms._grant,
            "award": loyalty_forms._award,
        }[what](actor, account_id, account.name)  # fmt: skip


@pytest.fixture
def dialog(cookie):
    def opened(actor, what, account_id):
        cookie["token"] = sign_in(actor)
        page = AppTest.from_function(content, args=(what, account_id), default_timeout=30).run()
        assert not page.exception, page.exception[0].value
        return page

    return opened


def test_the_page_says_who_is_near_and_what_to_tell_them_and_nothing_of_others(shop, kam, open_page):
    page = open_page("commercial/loyalty.py", kam)

    said = shown(page)
    assert not page.exception
    assert "Hidden" not in said
    frame = page.dataframe[0].value
    assert list(frame["name"]) == ["Aman Mart"]
    assert frame["say"][0].replace("\xa0", " ") == (
        "With RM 100 more in orders by 31 Dec 2026 you reach Gold: 5.0% extra discount, 2 times the points. "
        "On last year's purchases that is worth about RM 32 a year to you."
    )
    values = {one.label: one.value for one in page.metric}
    assert (values["Members"], values["Points outstanding"]) == ("1", "1.0K")
    assert values["Liability"].replace("\xa0", " ") == "RM 9"  # 1,000 × 85% × 0.01
    assert "management estimate" in said


@pytest.mark.parametrize("name", ["Members", "From tier to tier", "Liability & breakage"])
def test_each_tab_of_the_page_is_drawn(shop, director, open_page, name):
    page = open_page("commercial/loyalty.py", director)
    page.session_state["loyalty_tab"] = name
    page = page.run()
    assert not page.exception
    assert page.dataframe


def test_before_any_programme_the_page_says_so(session, kam, director, open_page):
    session.commit()
    assert "No loyalty programme is live" in shown(open_page("commercial/loyalty.py", kam))
    buttons = [one.label for one in open_page("commercial/loyalty.py", director).button]
    assert "Design a programme" in buttons
    assert "There is no programme yet" in shown(open_page("commercial/programmes.py", director))
    assert "There is no programme to try yet" in shown(open_page("commercial/replay.py", director))


def test_an_account_shows_that_its_lots_and_entries_sum_to_the_balance(shop, kam, open_page):
    page = tab(open_page, kam)

    said = shown(page)
    values = {one.label: one.value for one in page.metric}
    assert (values["Active"], values["To next tier"], values["To stay"]) == ("1,000", "100", "0")
    assert "Balance 1,000 = sum of the lots 1,000; sum of the entries 1,000, the same." in said
    assert "sure until 31 Dec 2027" in said
    ledger = next(one.value for one in page.dataframe if "balance" in one.value)
    assert list(ledger["points"]) == [300, 400, 300]  # the newest first, with Silver's factor 1.5


def test_an_account_without_points_is_enrolled_and_that_is_undone(shop, kam, open_page, dialog):
    page = tab(open_page, kam, "B")
    assert "takes part in no loyalty programme" in shown(page)

    page = dialog(kam, "enrol", shop.B)
    form = f"loyalty-enrol-{shop.B}"
    field(page, form, "valid_from").set_value(date(2026, 2, 1))
    page = submit(page, form)
    assert now(shop.B).active == 600  # the orders of February and March

    undo(page, kam)
    assert (now(shop.B).balance, now(shop.B).tier) == (0, None)


def test_a_first_day_before_the_programme_is_said_under_the_field(shop, kam, dialog):
    page = dialog(kam, "enrol", shop.B)
    form = f"loyalty-enrol-{shop.B}"
    field(page, form, "valid_from").set_value(date(2024, 1, 1))
    page = submit(page, form)
    assert any("The programme begins on" in one.value for one in page.error)


def test_a_reward_is_redeemed_and_given_back(shop, kam, dialog):
    page = dialog(kam, "redeem", shop.A)
    form = f"loyalty-redeem-{shop.A}"
    field(page, form, "times").set_value("3")
    page = submit(page, form)
    assert (now(shop.A).active, now(shop.A).redeemed) == (700, 300)

    undo(page, kam)
    assert (now(shop.A).active, now(shop.A).balance) == (1000, 1000)


def test_more_than_there_is_is_not_redeemed(shop, kam, dialog):
    page = dialog(kam, "redeem", shop.A)
    form = f"loyalty-redeem-{shop.A}"
    field(page, form, "times").set_value("11")
    page = submit(page, form)
    assert page.error
    assert now(shop.A).active == 1000


def test_an_adjustment_beyond_the_limit_waits_and_is_approved_by_somebody_else(shop, kam, director, dialog):
    page = dialog(kam, "adjust", shop.A)
    form = f"loyalty-adjust-{shop.A}"
    field(page, form, "points").set_value("201")
    field(page, form, "reason").set_value("late delivery")
    submit(page, form)
    assert now(shop.A).active == 1000
    with db.read() as session:
        (waiting,) = postings.requests(session, OPERATOR)

    page = dialog(director, "requests", shop.A)
    buttons = page.get("form_submit_button") or page.button
    page = next(one for one in buttons if one.label == "Approve").click().run()
    assert not page.exception
    assert now(shop.A).active == 1201
    assert waiting.reason == "late delivery"


def test_a_small_adjustment_is_booked_at_once_and_undone(shop, kam, dialog):
    page = dialog(kam, "adjust", shop.A)
    form = f"loyalty-adjust-{shop.A}"
    field(page, form, "points").set_value("-200")
    page = submit(page, form)
    assert "Say why." in [one.value for one in page.error]
    field(page, form, "reason").set_value("wrong order")
    page = submit(page, form)
    assert now(shop.A).active == 800
    undo(page, kam)
    assert now(shop.A).active == 1000


def test_a_tier_is_granted_by_who_may_and_withdrawn(shop, kam, director, open_page, dialog):
    assert not [one for one in tab(open_page, kam).button if one.key == "loyalty_grant"]
    page = dialog(director, "grant", shop.A)
    form = f"loyalty-grant-{shop.A}"
    field(page, form, "reason").set_value("opens two shops")
    page = submit(page, form)
    assert now(shop.A).loyalty_tier == "Gold"
    with db.read() as session:
        (given,) = grants.search(session, OPERATOR, shop.A)
    assert (given.reason, given.last_on) == ("opens two shops", date(2026, 12, 31))

    undo(page, director)
    assert now(shop.A).loyalty_tier == "Silver"


def test_who_only_reads_has_no_button_of_points(shop, viewer, open_page):
    keys = {one.key for one in tab(open_page, viewer).button}
    assert not {"loyalty_redeem", "loyalty_adjust", "loyalty_grant", "loyalty_enrol"} & keys


def test_a_statement_is_made_and_noted(shop, kam, session):
    from core import accounts

    with db.read() as reading:
        account = accounts.get_by_code(reading, kam, "A")
    made = loyalty_account.statement_file(kam, account, Period(FIRST, TODAY), "ms")
    assert made.startswith(b"%PDF")


def test_a_programme_is_designed_approved_and_put_into_force(session, director, open_page):
    eva = factories.user(session, "eva", Role.DIRECTOR)
    from core import auth

    other = auth.actor_for(eva)
    session.commit()
    page = open_page("commercial/programmes.py", director)
    field(page, "programme-new", "name").set_value("Circle")
    key = next(one.key for one in page.text_input if one.key.startswith("programme-new/name/"))
    nonce = key.rpartition("/")[2]
    added = {
        "0": {"name": "Silver", "threshold": "500"},
        "1": {"name": "Gold", "threshold": "1,000", "benefits.discount_rate": "5"},
    }
    page.session_state[f"programme-new/tiers.steps/{nonce}"] = {
        "edited_rows": {int(place): row for place, row in added.items()}, "added_rows": [], "deleted_rows": [],
    }  # fmt: skip
    page = submit(page, "programme-new")
    assert not page.exception
    with db.read() as reading:
        (draft,) = programmes.search(reading, OPERATOR)
    assert draft.status is ProgrammeStatus.DRAFT
    assert [(tier.name, tier.threshold, tier.benefits.discount_rate) for tier in draft.spec.tiers] == [
        ("Silver", 500, 0), ("Gold", 1000, Decimal("0.05")),
    ]  # fmt: skip

    page = open_page("commercial/programmes.py", other, programme=str(draft.number))
    page = submit(page, f"approve-{draft.version}")
    with db.read() as reading:
        (approved,) = programmes.search(reading, OPERATOR)
    assert approved.status is ProgrammeStatus.APPROVED
    page = open_page("commercial/programmes.py", other, programme=str(draft.number))
    field(page, f"live-{approved.version}", "valid_from").set_value(date(2026, 12, 1))
    submit(page, f"live-{approved.version}")
    with db.read() as reading:
        (put,) = programmes.search(reading, OPERATOR)
    assert (put.status, put.valid_from) == (ProgrammeStatus.LIVE, date(2026, 12, 1))


def test_what_is_wrong_in_a_row_is_said_with_its_row_and_column(session, director, open_page):
    session.commit()
    page = open_page("commercial/programmes.py", director)
    field(page, "programme-new", "name").set_value("Circle")
    key = next(one.key for one in page.text_input if one.key.startswith("programme-new/name/"))
    nonce = key.rpartition("/")[2]
    page.session_state[f"programme-new/tiers.steps/{nonce}"] = {
        "edited_rows": {0: {"name": "Silver", "threshold": "500"}, 1: {"name": "Gold", "threshold": "400"}},
        "added_rows": [], "deleted_rows": [],
    }  # fmt: skip
    field(page, "programme-new", "redemption_rate").set_value("1.5")
    page = submit(page, "programme-new")
    said = [one.value for one in page.error]
    assert "Row 2, Threshold: Each tier needs more than the one below it." in said
    assert "Give a share from 0 to 1." in said


def test_what_a_draft_changes_is_told_column_by_column():
    before = {**DOCUMENT, "point_cost": "0.01"}
    steps = [DOCUMENT["tiers"]["steps"][0], {**DOCUMENT["tiers"]["steps"][1], "threshold": "1200"}]
    after = {
        **before,
        "tiers": {"steps": [*steps, {"name": "Top", "threshold": "9000"}]},
        "point_cost": "0.02",
    }

    assert list(programme_parts._differences(before, after)) == [
        ("Cost of a point", "0.01", "0.02"),
        ("Tiers, the lowest first: Gold", "Threshold 1,000", "Threshold 1,200"),
        ("Tiers, the lowest first: Top", "none", "Loyalty tier Top, Threshold 9,000, Free freight No"),
    ]


def test_a_grid_reads_back_what_it_shows():
    for grid in programme_grids.ALL:
        import pandas as pd

        document = {**DOCUMENT, "earning": {"multipliers": [{"category": "Tea", "factor": "1.5"}]}}
        rows = programme_grids.rows_of(grid, document)
        if rows:
            found, problems = programme_grids.read(grid, pd.DataFrame(rows).astype(object))
            assert problems == []
            assert programme_grids.rows_of(grid, _nested(grid, found)) == rows


def _nested(grid, rows):
    if grid is programme_grids.BONUSES:
        return {"bonuses": {row["name"]: row["points"] for row in rows}}
    *above, last = grid.path.split(".")
    document = {last: rows}
    for name in reversed(above):
        document = {name: document}
    return document


def test_the_lab_compares_with_the_programme_in_force_and_keeps_a_scenario(shop, director, open_page):
    with db.write() as session:
        document = {**DOCUMENT, "tiers": {"steps": [{**one, "threshold": str(int(one["threshold"]) * 2)} for one in
                                                    DOCUMENT["tiers"]["steps"]]}}  # fmt: skip
        programmes.save_draft(session, OPERATOR, "Circle", document, number=shop.number)
    page = open_page("commercial/replay.py", director)

    assert not page.exception
    values = {one.label: one.value for one in page.metric}
    # Three accounts with 900 each: Silver in force; below the doubled threshold of 1,000 under the draft.
    assert (values["In a tier"], values["Winners and losers"]) == ("0 / 3", "0 / 3")
    assert values["One order away"] == "3"

    with db.write() as session:
        newest = programmes.search(session, OPERATOR)[0].version
        asked = lab.Question(newest, date(2026, 10, 31))
        saved_views.save(
            session, director, replay_scenarios.PAGE, "Twice", replay_scenarios.as_choices(asked)
        )
    page.session_state["replay_tab"] = "Scenarios"
    page = page.run()
    assert not page.exception
    table = page.dataframe[0].value
    assert list(table.columns) == ["Figure", "On the screen", "Twice"]
    assert list(table["Twice"]) == list(table["On the screen"])


@pytest.mark.parametrize("name", ["One order away", "Sensitivity"])
def test_each_tab_of_the_lab_is_drawn(shop, director, open_page, name):
    page = open_page("commercial/replay.py", director)
    page.session_state["replay_tab"] = name
    page = page.run()
    assert not page.exception


def test_the_ledger_is_what_a_replay_of_the_programme_in_force_gives(shop, director, open_page):
    page = press(open_page("commercial/replay.py", director), "compare_ledger")
    assert any("exactly the same" in one.value for one in page.success)
