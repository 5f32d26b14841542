from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from core import auth, clock, db
from core.errors import Conflict
from core.models import Account, AuditEntry, ListPrice, Product, Target, UnitCost
from core.vocabulary import AccountStatus, Role
from tests import factories
from tests.core.importing.bringing import bring, counts, orders, reasons, undo

pytestmark = pytest.mark.usefixtures("store")

ACCOUNTS = (
    "code,name,group,segment,tier,industry,region,country,owner,status,since,currency,payment_days,credit_limit\n"
    "A,Aman Sdn Bhd,Aman Group,Retail chain,A,Food,Central,Malaysia,anna,Active,2019-05-01,MYR,30,250000\n"
    "B,,,,,,,,,,,,,\n"
)


@pytest.fixture
def anna(store):
    with db.write() as session:
        return auth.actor_for(factories.user(session, "anna", Role.MANAGER))


def account(code):
    with db.read() as session:
        row = session.scalar(select(Account).where(Account.code == code))
        return None if row is None else {
            "name": row.name,
            "group": row.group and row.group.name,
            "segment": row.segment and row.segment.name,
            "region": row.region and row.region.name,
            "owner": row.owner and row.owner.username,
            "status": row.status,
            "since": row.since_on,
            "days": row.payment_days,
            "limit": row.credit_limit,
        }  # fmt: skip


def test_accounts_are_created_with_what_is_new_around_them(anna):
    outcome = bring("accounts", ACCOUNTS)

    assert counts(outcome.check) == (2, 2, 0, 0, 0)
    assert account("A") == {
        "name": "Aman Sdn Bhd", "group": "Aman Group", "segment": "Retail chain", "region": "Central", "owner": "anna",
        "status": AccountStatus.ACTIVE, "since": date(2019, 5, 1), "days": 30, "limit": Decimal(250000),
    }  # fmt: skip
    assert account("B")["name"] == "B"
    assert counts(bring("accounts", ACCOUNTS).check) == (2, 0, 0, 2, 0)


def test_only_what_a_row_says_changes(anna):
    bring("accounts", ACCOUNTS)

    outcome = bring("accounts", "code,segment,payment_days\nA,Hotel,\nB,,14\n")

    assert counts(outcome.check) == (2, 2, 2, 0, 0)
    assert (account("A")["segment"], account("A")["days"], account("A")["name"]) == (
        "Hotel",
        30,
        "Aman Sdn Bhd",
    )
    with db.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "account:update")).first()
        assert list(entry.changes) == ["segment_id"]


def test_an_undone_account_file_gives_values_back_and_takes_accounts_away(anna):
    first = bring("accounts", ACCOUNTS).batch_id
    before = account("A")
    second = bring("accounts", "code,name,status,credit_limit\nA,Aman,lost,1\nC,New,,\n").batch_id

    undo(second)

    assert account("A") == before
    assert account("C") is None
    undo(first)
    assert account("A") is None
    assert counts(bring("accounts", ACCOUNTS).check) == (2, 2, 0, 0, 0)


def test_an_account_file_is_not_undone_over_later_changes_or_orders(anna):
    first = bring("accounts", ACCOUNTS).batch_id
    second = bring("accounts", "code,name\nA,Aman\n").batch_id

    with pytest.raises(Conflict, match="Account A"):
        undo(first)
    undo(second)
    orders("order_no,ordered_on,account,product,quantity,unit_price\nS1,2026-01-05,B,P,1,1\n")
    with pytest.raises(Conflict, match="Account B"):
        undo(first)


def test_bad_account_rows_are_named(anna):
    outcome = bring(
        "accounts",
        "code,owner,status,payment_days,currency\nA,nobody,,,\nB,,sleeping,,\nC,,,-1,\nD,,,1.5,\nE,,,,dollars\n,,,3,\n"
        "F,,,5,\nF,,,6,\nF,,,5,\n",
    )

    assert counts(outcome.check) == (9, 1, 0, 1, 7)
    assert set(reasons(outcome.check)) == {
        "owner: there is no such active user",
        "status: the status is active, dormant or lost",
        "payment_days: days of payment are not below zero",
        "payment_days: this is not a whole number",
        "currency: give a currency by its three letters, such as MYR",
        "code: a value is needed here",
        "code: this stands in the file twice, with different values",
    }


def test_a_manager_changes_own_accounts_only(anna):
    bring("accounts", ACCOUNTS)

    outcome = bring(
        "accounts",
        "code,industry,owner\nA,Retail,\nB,Retail,\nC,Retail,\nA,,ben\n",
        actor=anna,
        skip_rejected=True,
    )

    assert counts(outcome.check) == (4, 1, 1, 0, 3)
    assert set(reasons(outcome.check)) == {
        "code: there is no such account among those you may change",
        "owner: there is no such active user",
    }


def prices(model, column):
    with db.read() as session:
        query = select(model).where(model.superseded_at.is_(None)).order_by(model.valid_from)
        return [(row.valid_from, row.valid_to, str(getattr(row, column))) for row in session.scalars(query)]


def test_products_keep_a_history_of_prices(store):
    first = bring(
        "products",
        "code,name,category,unit,list_price,unit_cost,valid_from\n"
        "P1,Rice,Staples,bag,10.00,6.00,2025-01-01\nP1,,,,11.00,,2026-01-01\nP2,Tea,,,,,\n",
    )

    assert counts(first.check) == (3, 3, 0, 0, 0)
    assert prices(ListPrice, "price") == [
        (date(2025, 1, 1), date(2026, 1, 1), "10"),
        (date(2026, 1, 1), None, "11"),
    ]
    assert prices(UnitCost, "cost") == [(date(2025, 1, 1), None, "6")]

    second = bring("products", "code,list_price,valid_from\nP1,10.50,2025-07-01\nP1,11,2026-01-01\n")

    assert counts(second.check) == (2, 1, 1, 1, 0)
    assert prices(ListPrice, "price") == [
        (date(2025, 1, 1), date(2025, 7, 1), "10"),
        (date(2025, 7, 1), date(2026, 1, 1), "10.5"),
        (date(2026, 1, 1), None, "11"),
    ]

    undo(second.batch_id)
    assert prices(ListPrice, "price") == [
        (date(2025, 1, 1), date(2026, 1, 1), "10"),
        (date(2026, 1, 1), None, "11"),
    ]
    undo(first.batch_id)
    assert prices(ListPrice, "price") == []
    with db.read() as session:
        assert session.scalars(select(Product)).all() == []


def test_a_price_without_a_day_holds_from_today(store, monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: date(2026, 3, 1))
    bring("products", "code,list_price\nP1,10\n")
    monkeypatch.setattr(clock, "today", lambda: date(2026, 4, 1))

    same = bring("products", "code,list_price\nP1,10\n")

    assert counts(same.check) == (1, 0, 0, 1, 0)
    assert prices(ListPrice, "price") == [(date(2026, 3, 1), None, "10")]


def targets():
    with db.read() as session:
        query = select(Target).where(Target.superseded_at.is_(None)).order_by(Target.month)
        return [(row.month, str(row.net_revenue_amount), row.margin_amount) for row in session.scalars(query)]


def test_targets_are_versions_and_an_undone_file_puts_the_earlier_ones_back(store):
    bring("accounts", "code\nA\n")
    first = bring(
        "targets", "account,month,net_revenue,margin\nA,2026-01,1000.50,200.25\nA,Feb 2026,1100.50,\n"
    )
    assert counts(first.check) == (2, 2, 0, 0, 0)

    second = bring("targets", "account,month,net_revenue\nA,2026-01,1500.50\nA,2026-02,1100.50\n")
    assert counts(second.check) == (2, 1, 1, 1, 0)
    assert targets() == [(date(2026, 1, 1), "1500.5", Decimal("200.25")), (date(2026, 2, 1), "1100.5", None)]

    with pytest.raises(Conflict, match="A for 2026-01"):
        undo(first.batch_id)
    undo(second.batch_id)
    assert targets()[0] == (date(2026, 1, 1), "1000.5", Decimal("200.25"))
    undo(first.batch_id)
    assert targets() == []
    again = bring(
        "targets", "account,month,net_revenue,margin\nA,2026-01,1000.50,200.25\nA,Feb 2026,1100.50,\n"
    )
    assert counts(again.check) == (2, 2, 0, 0, 0)


def test_bad_targets_are_named(anna):
    bring("accounts", "code\nA\n")

    outcome = bring(
        "targets",
        "account,month,net_revenue\nX,2026-01,1.5\nA,someday,1.5\nA,2026-01,\nA,2026-02,1.5\nA,2026-02,2.5\n",
    )

    assert counts(outcome.check) == (5, 1, 0, 0, 4)
    assert counts(bring("targets", "account,month,net_revenue\nA,2026-01,1.5\n", actor=anna).check) == (
        1,
        0,
        0,
        0,
        1,
    )
