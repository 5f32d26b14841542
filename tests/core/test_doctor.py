"""The doctor names what is wrong, and says nothing where all is well."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from core import audit, auth, db, doctor, rollups, settings
from core.audit import Subject
from core.auth import OPERATOR
from core.errors import Forbidden
from tests import factories


@pytest.fixture
def sold(session):
    account, product = factories.account(session, code="HARBOUR"), factories.product(session)
    factories.line(session, account, product, date(2026, 1, 5), quantity="2", order_no="1")
    factories.line(session, account, product, date(2026, 1, 6), quantity="3", order_no="2")
    rollups.rebuild(session)
    audit.record(session, OPERATOR, "account:create", Subject("account", "1", "HARBOUR", account.id))


def _wrong(session):
    return {check.name: check.differences for check in doctor.examine(session, OPERATOR) if not check.is_well}


def test_a_store_in_order_has_nothing_to_tell(session, sold):
    session.commit()

    with db.read() as reading:
        assert _wrong(reading) == {}


@pytest.mark.parametrize(
    ("damage", "check", "named"),
    [
        ("UPDATE revenue_cells SET net_amount = net_amount + 1", "rollups", "revenue_cells"),
        ("UPDATE revenue_account_months SET lines = 3", "rollups", "revenue_account_months"),
        ("UPDATE revenue_account_years SET quantity = 0", "rollups", "revenue_account_years"),
        ("UPDATE revenue_product_months SET cost_amount = 7", "rollups", "revenue_product_months"),
        ("DELETE FROM revenue_months", "rollups", "revenue_months"),
        ("UPDATE account_rhythms SET order_days = 5", "rollups", "account_rhythms"),
        (
            "UPDATE orders SET line_count = 2 WHERE order_no = '2'",
            "orders",
            "Order 2 of HARBOUR says 2 lines",
        ),
        ("UPDATE orders SET ordered_on = '2026-01-07' WHERE order_no = '1'", "orders", "Order 1 of HARBOUR"),
        ("DELETE FROM orders WHERE order_no = '1'", "orders", "Order 1"),
        ("DELETE FROM order_lines WHERE order_no = '2'", "orders", "its lines are 0"),
        (
            "UPDATE order_lines SET booked_on = '2026-02-05' WHERE order_no = '2'",
            "days",
            "booked on 2026-02-05",
        ),
        ("UPDATE audit_head SET last_id = 9", "audit", "entry 2"),
        (
            "INSERT INTO settings (key, value, version) VALUES ('fiscal_year_month', '13', 1)",
            "settings",
            "fiscal",
        ),
    ],
)
def test_each_kind_of_damage_is_named(session, sold, damage, check, named):
    session.execute(text(damage))
    session.expire_all()

    wrong = _wrong(session)

    assert named in " ".join(wrong[check])


def test_a_difference_says_what_is_kept_and_what_the_lines_give(session, sold):
    session.execute(text("UPDATE revenue_months SET net_amount = net_amount + 5000"))
    session.expire_all()

    (sentence,) = _wrong(session)["rollups"]

    assert sentence == (
        "revenue_months: net_amount of month 2026-01-01 is kept as 50.5, its order lines give 50."
    )


def test_only_those_who_maintain_the_store_examine_it(session, director):
    with pytest.raises(Forbidden):
        doctor.examine(session, director)


def test_settings_in_order_are_no_difference(session):
    settings.put(session, {"fall_share": Decimal("0.3")})

    assert "settings" not in _wrong(session)
    assert auth.OPERATOR.sees_everything
