"""What needs attention today, its money worked out by hand, and what was decided about it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import (
    accounts,
    approvals,
    attention,
    clock,
    product_prices,
    rollups,
    settings,
    targets,
    term_versions,
)
from core.attention import Kind
from core.auth import OPERATOR
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.filters import AccountFilter
from core.models import AuditEntry, ImportBatch, Receivable
from core.term_drafts import Scope, TermDraft
from core.vocabulary import AccountStatus, AttentionOutcome, BatchKind, BatchStatus, TermKind, TermStatus
from tests import factories

DAY = date(2026, 11, 24)
SWINGING = (170, 10, 60, 150, 20, 90, 160, 10, 70, 40)  # 780 after ten months of 100: 22 % less


@pytest.fixture(autouse=True)
def _that_day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def soap(session):
    return factories.product(session, "SOAP")


def _owes(session, account, open_amount, due_on, as_of, number="R1"):
    session.add(
        Receivable(
            account_id=account.id, as_of=as_of, invoice_no=number, due_on=due_on, amount=Decimal(open_amount),
            open_amount=Decimal(open_amount), batch_id=None,
        )
    )  # fmt: skip
    session.flush()


def _by_kind(found):
    return {item.kind: item for item in found.items}


def test_a_fall_within_the_usual_spread_is_no_reason_and_beyond_it_is(session, kam, soap):
    swinging, steady = factories.account(session, kam, "SWING"), factories.account(session, kam, "STEADY")
    for month in range(1, 11):
        for account, now in ((swinging, SWINGING[month - 1]), (steady, 70)):
            for year, amount in ((2025, 100), (2026, now)):
                factories.line(
                    session, account, soap, date(year, month, 5), quantity=str(amount), list_price="1"
                )
    rollups.rebuild(session)

    # Changes of the swinging one round their median of −35: median deviation 50, so 74.13 a month and 243 over the
    # 328 days of the year; its fall of 220 is not beyond twice that. The steady one falls by 300 and never swung.
    found = {item.code: item for item in attention.items(session, kam, day=DAY) if item.kind is Kind.FALL}
    assert set(found) == {"STEADY"}
    steady_fall = found["STEADY"]
    assert [steady_fall.amount, steady_fall.base, steady_fall.usual] == [300, 1000, 0]


def test_without_the_spread_the_share_alone_decides(session, kam, soap):
    account = factories.account(session, kam, "SWING")
    for month in range(1, 11):
        for year, amount in ((2025, 100), (2026, SWINGING[month - 1])):
            factories.line(session, account, soap, date(year, month, 5), quantity=str(amount), list_price="1")
    rollups.rebuild(session)
    settings.update(session, OPERATOR, {"fall_spread": Decimal(0)})

    kinds = [item.kind for item in attention.items(session, kam, day=DAY)]
    assert Kind.FALL in kinds


def test_what_is_overdue_late_and_refused_has_its_money_and_its_count(session, kam, soap):
    account = factories.account(session, kam, "A", confirmed_at=clock.now())
    _owes(session, account, "500", date(2026, 9, 1), date(2026, 11, 20))
    _owes(session, account, "250.50", date(2026, 11, 1), date(2026, 11, 20), "R2")
    _owes(session, account, "90", date(2026, 12, 1), date(2026, 11, 20), "R3")  # not due yet
    factories.line(
        session, account, soap, date(2026, 11, 2), quantity="3", list_price="10",
        requested_on=date(2026, 11, 10), promised_on=date(2026, 11, 10),
    )  # fmt: skip
    session.add(
        ImportBatch(
            kind=BatchKind.ORDERS, status=BatchStatus.APPLIED, file_name="o.csv", sha256="0" * 64,
            actor="anna", user_id=kam.user_id, started_at=clock.now(), applied_at=clock.now(), rejected_count=4,
        )
    )  # fmt: skip
    rollups.rebuild(session)
    session.flush()

    found = attention.today(session, kam, day=DAY)
    items = _by_kind(found)
    assert (items[Kind.OVERDUE].amount, items[Kind.OVERDUE].count) == (Decimal("750.50"), 2)
    assert items[Kind.OVERDUE].days == 80  # from 1 September to 20 November
    assert (items[Kind.LATE].amount, items[Kind.LATE].count, items[Kind.LATE].days) == (30, 1, 14)
    assert (items[Kind.REJECTS].amount, items[Kind.REJECTS].count) == (None, 4)
    # One account's reasons stand together, its greatest amount counts, and what has no amount comes last.
    assert [[item.kind for item in group] for group in found.groups] == [
        [Kind.OVERDUE, Kind.LATE],
        [Kind.REJECTS],
    ]
    assert found.at_stake == Decimal("750.50")


def test_the_account_with_the_most_money_comes_first(session, kam):
    month = DAY.replace(day=1)
    for code, wanted in (("SMALL", 100), ("GREAT", 9000), ("MIDDLE", 700)):
        account = factories.account(session, kam, code, confirmed_at=clock.now())
        targets.set_many(session, OPERATOR, account.id, {month: (Decimal(wanted), None)})
    rollups.rebuild(session)

    found = attention.today(session, kam, day=date(2026, 11, 30))
    assert [group[0].code for group in found.groups] == ["GREAT", "MIDDLE", "SMALL"]
    assert [group[0].amount for group in found.groups] == [9000, 700, 100]


def test_data_that_nobody_confirmed_for_long_ask_for_it_and_then_no_longer(session, kam):
    account = factories.account(session, kam, "OLD", confirmed_at=clock.now() - timedelta(days=200))
    factories.account(
        session, kam, "LOST", status=AccountStatus.LOST, confirmed_at=clock.now() - timedelta(days=900)
    )

    assert [item.code for item in attention.today(session, kam, day=DAY).items] == ["OLD"]
    accounts.confirm(session, kam, account.id)
    assert list(attention.today(session, kam, day=DAY).items) == []


@pytest.fixture
def debt(session, kam):
    account = factories.account(session, kam, "A", confirmed_at=clock.now())
    _owes(session, account, "500", date(2026, 9, 1), date(2026, 11, 20))
    return _by_kind(attention.today(session, kam, day=DAY))[Kind.OVERDUE]


def test_what_is_done_is_gone_until_the_event_happens_again(session, kam, debt):
    attention.decide(session, kam, debt, AttentionOutcome.DONE, reason="called")

    found = attention.today(session, kam, day=DAY)
    assert not list(found.items)
    assert found.at_stake == 0
    assert [(one.outcome, one.reason, one.decided_by) for one in found.decided] == [
        (AttentionOutcome.DONE, "called", "anna")
    ]
    # The next snapshot still shows it overdue: that is a new event.
    account = accounts.access(session, kam, debt.account_id)
    _owes(session, account, "500", date(2026, 9, 1), date(2026, 11, 23))
    assert [item.kind for item in attention.today(session, kam, day=DAY).items] == [Kind.OVERDUE]


def test_what_was_put_off_asks_again_on_its_day(session, kam, debt, monkeypatch):
    until = DAY + timedelta(days=3)
    attention.decide(session, kam, debt, AttentionOutcome.SNOOZED, until_on=until, reason="paid on Friday")
    assert list(attention.today(session, kam, day=DAY).items) == []

    monkeypatch.setattr(clock, "today", lambda: until)
    assert [item.kind for item in attention.today(session, kam, day=until).items] == [Kind.OVERDUE]


def test_a_decision_taken_back_asks_again_and_both_stand_in_the_audit(session, kam, debt):
    number = attention.decide(session, kam, debt, AttentionOutcome.DONE)
    attention.withdraw(session, kam, number)

    assert [item.kind for item in attention.today(session, kam, day=DAY).items] == [Kind.OVERDUE]
    actions = [row.action for row in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert actions[-2:] == ["attention:done", "attention:withdraw"]
    with pytest.raises(NotFound):
        attention.withdraw(session, kam, number)


def test_a_decision_that_somebody_else_took_meanwhile_is_not_taken_twice(session, kam, director, debt):
    attention.decide(session, director, debt, AttentionOutcome.DONE, reason="paid")

    with pytest.raises(Conflict, match="dora"):
        attention.decide(session, kam, debt, AttentionOutcome.DONE)


@pytest.mark.parametrize(
    ("until", "reason", "field"),
    [(None, "x", "until_on"), (DAY, "x", "until_on"), (DAY + timedelta(1), " ", "reason")],
)
def test_putting_off_needs_a_later_day_and_a_reason(session, kam, debt, until, reason, field):
    with pytest.raises(Invalid) as refused:
        attention.decide(session, kam, debt, AttentionOutcome.SNOOZED, until_on=until, reason=reason)
    assert list(refused.value.fields) == [field]


def test_nobody_decides_about_accounts_that_are_not_theirs(session, other_kam, viewer, debt):
    with pytest.raises(NotFound):
        attention.decide(session, other_kam, debt, AttentionOutcome.DONE)
    with pytest.raises(Forbidden):
        attention.decide(session, viewer, debt, AttentionOutcome.DONE)


def test_a_decision_about_an_account_out_of_sight_cannot_be_taken_back(session, kam, other_kam, debt):
    number = attention.decide(session, kam, debt, AttentionOutcome.DONE)

    with pytest.raises(NotFound):
        attention.withdraw(session, other_kam, number)


def test_another_manager_has_nothing_of_it(session, other_kam, debt):
    found = attention.today(session, other_kam, day=DAY)

    assert not found.groups
    assert not found.decided
    assert found.at_stake == 0
    only = AccountFilter(account_ids=frozenset({debt.account_id}))
    assert attention.items(session, other_kam, only, day=DAY) == ()


def _granted(session, account, product, value, last, **more):
    draft = TermDraft(
        Scope(account_id=account.id, product_id=product.id), more.pop("kind", TermKind.SPECIAL_PRICE), Decimal(value),
        more.pop("first", date(2026, 1, 1)), last and last + timedelta(days=1), status=TermStatus.APPROVED, **more,
    )  # fmt: skip
    return term_versions.record(session, OPERATOR, draft)


def test_terms_that_end_soon_with_nothing_after_them_ask_with_what_was_sold_under_them(
    session, kam, other_kam, soap
):
    shop, other = factories.account(session, kam, "SHOP"), factories.account(session, other_kam, "OTHER")
    oil = factories.product(session, "OIL")
    for product, amount in ((soap, "100"), (oil, "30")):
        for month in (
            date(2025, 11, 5),
            date(2026, 10, 5),
            date(2025, 10, 5),
        ):  # the last one is too long ago
            factories.line(session, shop, product, month, quantity=amount, list_price="1")
    rollups.rebuild(session)
    _granted(session, shop, soap, "0.9", date(2026, 12, 24))  # 30 days ahead
    _granted(
        session, shop, soap, "0.1", date(2026, 12, 1), kind=TermKind.QUANTITY_TIER, min_quantity=Decimal(12)
    )
    _granted(session, shop, oil, "0.9", date(2026, 12, 25))  # a day too far
    carried = factories.product(session, "TEA")
    _granted(session, shop, carried, "0.9", date(2026, 12, 1))
    _granted(session, shop, carried, "0.8", None, first=date(2026, 12, 2))
    _granted(session, shop, oil, "0.2", date(2026, 12, 1), kind=TermKind.PROMOTION)
    _granted(session, other, soap, "0.9", date(2026, 12, 1))

    found = [item for item in attention.items(session, kam, day=DAY) if item.kind is Kind.EXPIRING]

    assert [(item.code, item.count, item.amount, item.on, item.days) for item in found] == [
        ("SHOP", 2, Decimal(200), date(2026, 12, 1), 8)
    ]
    settings.update(session, OPERATOR, {"terms_expire_days": 31})
    wider = [item for item in attention.items(session, kam, day=DAY) if item.kind is Kind.EXPIRING]
    assert [(item.count, item.amount) for item in wider] == [(3, Decimal(260))]


def test_who_can_decide_is_told_what_waits_and_nobody_else(session, kam, director, viewer, soap):
    shop = factories.account(session, kam, "SHOP")
    product_prices.set_list_price(session, OPERATOR, soap.id, date(2025, 1, 1), Decimal(10))
    factories.line(session, shop, soap, date(2026, 10, 5), quantity="50", list_price="10")
    rollups.rebuild(session)
    scope = Scope(account_id=shop.id, product_id=soap.id)
    asked = approvals.ask(
        session, kam, TermDraft(scope, TermKind.SPECIAL_PRICE, Decimal(8), DAY, reason="tender")
    )

    found = [item for item in attention.items(session, director, day=DAY) if item.kind is Kind.APPROVAL]

    assert [(item.code, item.occasion, item.amount, item.who) for item in found] == [
        ("SHOP", str(asked.number), Decimal(100), "anna")
    ]
    for actor in (kam, viewer):
        assert not [item for item in attention.items(session, actor, day=DAY) if item.kind is Kind.APPROVAL]
    attention.decide(
        session,
        director,
        found[0],
        AttentionOutcome.SNOOZED,
        until_on=DAY + timedelta(days=2),
        reason="later",
    )
    approvals.decide(session, director, asked.number, version=asked.version, approve=True)
    assert not [item for item in attention.items(session, director, day=DAY) if item.kind is Kind.APPROVAL]
