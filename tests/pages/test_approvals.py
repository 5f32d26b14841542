"""Approvals: the queue of a director, the side of a manager, the limits, and the floor prices."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core import approvals, authority, clock, db, entitlements, floors, product_prices, term_versions
from core.auth import OPERATOR
from core.authority import LimitDraft
from core.floors import FloorDraft
from core.models import TermDecision
from core.term_drafts import Scope, TermDraft
from core.vocabulary import DecisionOutcome, Role, TermKind, TermStatus
from tests import factories
from tests.pages.conftest import field, shown, submit

PAGE, FLOORS, XRAY = "management/approvals.py", "commercial/floors.py", "commercial/xray.py"
TODAY, JAN = date(2026, 6, 15), date(2026, 1, 1)


@pytest.fixture(autouse=True)
def _that_day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC).replace(year=2026, month=6, day=15))


@pytest.fixture
def session(sqlite_store):
    with db.write() as opened:
        yield opened


@pytest.fixture
def asked(session, kam, director, other_kam, viewer):
    """Anna asks for 80.00 where 100.00 is the list price and 60.00 the cost; ten were bought in the year."""
    shop = factories.account(session, kam, "SHOP", name="Aman *Mart*")
    tea = factories.product(session, "TEA", name="Tea", category="Drinks")
    product_prices.set_list_price(session, OPERATOR, tea.id, date(2025, 1, 1), Decimal(100))
    product_prices.set_cost(session, OPERATOR, tea.id, date(2025, 1, 1), Decimal(60))
    factories.line(session, shop, tea, date(2026, 5, 1), quantity="10", list_price="100")
    scope = Scope(account_id=shop.id, product_id=tea.id)
    annual = TermDraft(
        scope, TermKind.SPECIAL_PRICE, Decimal(90), JAN, status=TermStatus.APPROVED, reason="year"
    )
    term_versions.record(session, OPERATOR, annual)
    wanted = TermDraft(scope, TermKind.SPECIAL_PRICE, Decimal(80), date(2026, 7, 1), reason="tender")
    made = approvals.ask(session, kam, wanted)
    session.commit()
    return made


def _press(page, form, label):
    for button in page.button:
        if (button.key or "").startswith(f"{form}/") and button.label == label:
            return button.click().run()
    raise AssertionError(f"The form {form} has no button {label}.")


def _price(day=date(2026, 7, 1)):
    with db.read() as own:
        return entitlements.price(own, OPERATOR, "SHOP", "TEA", Decimal(1), day).net_price


def test_a_director_sees_what_it_costs_and_approves_it(asked, director, open_page):
    page = open_page(PAGE, director, term=f"T{asked.number}")

    said = shown(page)
    assert not page.exception
    assert "Aman \\*Mart\\* · Tea" in said
    assert "anna asked on 15 Jun 2026" in said
    figures = {metric.label: metric.value for metric in page.metric}
    assert figures == {
        "Total discount": "20.0%",
        "Margin rate": "25.0%",
        "Discount money a year": "RM\u00a0200",
        "Revenue a year": "−RM\u00a0100",
        "Margin a year": "−RM\u00a0100",
    }
    assert "(net price − unit cost) ÷ net price" in said.replace("\\", "")
    assert "ends before 1 Jul 2026" in said

    page = _press(page, f"decide-{asked.number}", "Approve")

    assert not page.exception
    assert "Nothing waits for a decision." in shown(page)
    assert (_price(), _price(TODAY)) == (80, 90)


def test_a_rejection_without_a_reason_is_refused_and_keeps_what_was_typed(asked, director, open_page):
    page = open_page(PAGE, director)
    page = _press(page, f"decide-{asked.number}", "Reject")
    assert "Say why: who asked reads it." in [error.value for error in page.error]

    field(page, f"decide-{asked.number}", "reason").set_value("too thin")
    page = _press(page, f"decide-{asked.number}", "Reject")

    assert not page.exception
    with db.read() as own:
        found = own.query(TermDecision).one()
        assert (found.outcome, found.reason, found.decided_by) == (
            DecisionOutcome.REJECTED,
            "too thin",
            "dora",
        )


def test_beyond_the_own_limit_a_director_can_only_reject(asked, director, open_page):
    with db.write() as session:
        authority.record(
            session, OPERATOR, LimitDraft(Role.DIRECTOR, JAN, Decimal("0.1"), reason="rule"), version=None
        )

    page = open_page(PAGE, director)

    labels = [button.label for button in page.button]
    assert "Reject" in labels
    assert "Approve" not in labels
    assert any("Beyond the limits of your role" in info.value for info in page.info)


def test_somebody_elses_decision_is_said_to_the_second_one(asked, director, open_page):
    page = open_page(PAGE, director)
    with db.write() as session:
        approvals.decide(session, OPERATOR, asked.number, version=asked.version, approve=False, reason="no")

    page = _press(page, f"decide-{asked.number}", "Approve")

    assert any("operator decided about T2 meanwhile" in said.value for said in page.warning)
    assert _price() == 90


def test_a_manager_sees_the_state_of_what_they_asked_for_and_takes_it_back(asked, kam, other_kam, open_page):
    page = open_page(PAGE, kam)
    said = shown(page)
    assert "waits for a director" in said
    assert [tab.label for tab in page.tabs] == ["My submissions", "Decided", "Limits"]
    # Cost is not theirs to see: the other manager sees nothing at all.
    assert "Margin" not in {metric.label for metric in page.metric}
    assert "Aman" not in shown(open_page(PAGE, other_kam))

    page = submit(open_page(PAGE, kam), f"withdraw-{asked.number}")

    assert not page.exception
    assert "draft" in shown(page)
    page = submit(page, f"submit-{asked.number}")
    assert "waits for a director" in shown(page)


def test_a_manager_reads_why_it_was_rejected_and_may_ask_again(asked, kam, open_page):
    with db.write() as session:
        approvals.decide(
            session, OPERATOR, asked.number, version=asked.version, approve=False, reason="too thin"
        )

    page = open_page(PAGE, kam)

    assert "too thin" in shown(page)
    assert "Ask again" in [button.label for button in page.button]


def test_an_empty_queue_says_so(session, director, kam, open_page):
    session.commit()

    assert "Nothing waits for a decision." in shown(open_page(PAGE, director))
    assert any("You have not asked for a term yet" in info.value for info in open_page(PAGE, kam).info)


def test_floors_are_listed_for_who_sees_cost_and_nobody_else(asked, director, kam, viewer, open_page):
    with db.write() as session:
        tea = session.query(factories.Product).filter_by(code="TEA").one()
        floors.record(
            session, OPERATOR, FloorDraft(JAN, product_id=tea.id, price=Decimal("71.23"), reason="cost")
        )

    page = open_page(FLOORS, director)

    assert not page.exception
    assert "71.23" in page.dataframe[0].value.to_string()
    for actor in (kam, viewer):
        refused = open_page(FLOORS, actor)
        assert "No access" in shown(refused)
        xray = open_page(XRAY, actor, account="SHOP", product="TEA", on="2026-06-15")
        assert "71.23" not in shown(xray)


def test_limits_are_recorded_by_who_may_say_so(asked, director, kam, open_page):
    page = open_page(PAGE, director)
    keys = [button.key for button in page.button]
    assert "limit_manager" in keys
    assert "limit_director" not in keys
    assert not [
        key for key in (button.key for button in open_page(PAGE, kam).button) if str(key).startswith("limit_")
    ]
