"""What the company decided holds for everybody, and is never changed by accident."""

from datetime import date
from decimal import Decimal

import pytest

from core import auth, settings, users
from core.errors import Conflict, Forbidden, Invalid
from core.models import AuditEntry
from core.settings import Settings
from core.vocabulary import Role
from tests import factories


@pytest.fixture
def admin(session):
    return auth.actor_for(factories.user(session, "ada", Role.ADMIN))


def test_until_somebody_decides_the_currency_is_ringgit(session):
    assert settings.get(session) == Settings()
    assert settings.get(session).base_currency == "MYR"


def test_a_decision_is_kept_exactly_and_recorded(session, admin):
    settings.update(session, admin, {"rhythm_amber": Decimal("1.75"), "company": "Selasih"})

    assert settings.get(session).rhythm_amber == Decimal("1.75")
    entry = session.query(AuditEntry).one()
    assert entry.changes == {"company": ["", "Selasih"], "rhythm_amber": ["1.5", "1.75"]}


def test_saving_what_is_there_records_nothing(session, admin):
    settings.update(session, admin, {"company": ""})

    assert session.query(AuditEntry).count() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_currency", "RINGGIT"),
        ("fiscal_year_month", 13),
        ("languages", ()),
        ("languages", ("fr",)),
        ("rhythm_amber", Decimal("0.5")),
        ("rhythm_amber", Decimal(3)),
        ("fall_share", Decimal(1)),
    ],
)
def test_what_breaks_a_rule_is_said_at_its_field(session, admin, field, value):
    with pytest.raises(Invalid) as caught:
        settings.update(session, admin, {field: value})

    assert list(caught.value.fields) == [field]


def test_the_currency_stays_once_there_are_orders(session, admin):
    factories.line(session, factories.account(session), factories.product(session), date(2026, 1, 1))

    with pytest.raises(Conflict, match="base currency cannot change"):
        settings.update(session, admin, {"base_currency": "SGD"})


def test_what_somebody_else_decided_meanwhile_is_shown(session, admin):
    seen = settings.get(session)
    settings.update(session, admin, {"company": "Theirs"}, seen=seen)

    with pytest.raises(Conflict) as caught:
        settings.update(session, admin, {"company": "Mine"}, seen=seen)

    assert caught.value.current == {"company": "Theirs"}


def test_only_an_administrator_decides(session, director):
    with pytest.raises(Forbidden):
        settings.update(session, director, {"company": "x"})


def test_people_choose_among_the_companys_languages(session, admin, kam):
    settings.update(session, admin, {"languages": ("ms",)})

    users.choose_language(session, kam, "ms")
    with pytest.raises(Invalid, match="does not speak"):
        users.choose_language(session, kam, "en")
