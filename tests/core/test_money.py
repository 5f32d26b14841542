"""Money is exact: in Python, on the way to the store and back."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import StatementError

from core import db, money
from core.models import Account, SignInAttempt
from core.models.base import Money, UtcDateTime
from core.vocabulary import AttemptOutcome
from tests import factories

amounts = st.decimals(-(10**12), 10**12, places=4)


def test_half_of_the_last_digit_rounds_away_from_zero():
    assert money.round_money(Decimal("0.00005")) == Decimal("0.0001")
    assert money.round_money(Decimal("-0.00005")) == Decimal("-0.0001")
    assert money.round_money(Decimal("0.00004999")) == 0


def test_a_ratio_without_denominator_is_unknown():
    assert money.ratio(Decimal(5), Decimal(0)) is None
    assert money.ratio(None, Decimal(1)) is None
    assert money.ratio(Decimal(1), Decimal(8)) == Decimal("0.125")


@given(amounts)
def test_an_amount_survives_the_store_unchanged(amount):
    kept = Money().process_bind_param(amount, None)

    assert Money().result_processor(None, None)(kept) == amount


def test_a_float_is_refused():
    with pytest.raises(TypeError):
        Money().process_bind_param(0.1, None)


def test_digits_are_never_lost_silently():
    with pytest.raises(ValueError, match="more digits"):
        Money().process_bind_param(Decimal("0.00001"), None)


def test_sums_in_the_store_are_exact(session):
    # 123456789012345.6789 is where binary floats give up; 0.10 is where they never were right.
    for amount in ("123456789012345.6789", "0.1000", "0.1000", "0.1000"):
        factories.account(session, credit_limit=Decimal(amount))

    assert session.scalar(select(func.sum(Account.credit_limit))) == Decimal("123456789012345.9789")


def test_sqlite_refuses_a_float_in_a_money_column(sqlite_store):
    with db.write() as session:
        account = factories.account(session)
        with pytest.raises(Exception, match="credit_limit_whole"):
            session.execute(text("UPDATE accounts SET credit_limit = 0.5 WHERE id = :id"), {"id": account.id})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)), st.integers(-14, 14))
def test_a_moment_keeps_its_instant_whatever_its_zone(moment, hours):
    zoned = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    kept = UtcDateTime().process_bind_param(zoned, None)

    assert UtcDateTime().process_result_value(kept.replace(tzinfo=None), None) == zoned


def test_a_moment_without_zone_is_refused(session):
    session.add(
        SignInAttempt(at=datetime(2026, 1, 1), username="a", address="", outcome=AttemptOutcome.FAILED)
    )

    with pytest.raises(StatementError, match="time zone"):
        session.flush()


def test_moments_come_back_in_utc(session):
    at = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    session.add(SignInAttempt(at=at, username="a", address="", outcome=AttemptOutcome.FAILED))
    session.flush()
    session.expire_all()

    assert session.scalar(select(SignInAttempt.at)) == datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
