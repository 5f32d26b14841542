"""The settings page: what is decided there holds for figures at once."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core import auth, clock, db, delivery, otif, rollups, settings
from core.auth import OPERATOR
from core.periods import Period
from core.vocabulary import OtifBasis, Role
from tests import factories
from tests.pages.conftest import field, submit


@pytest.fixture
def admin(session):
    return auth.actor_for(factories.user(session, "adam", Role.ADMIN))


def test_a_later_day_that_is_on_time_still_changes_the_figure_at_once(session, admin, open_page):
    day = clock.today() - timedelta(days=10)
    account, product = factories.account(session), factories.product(session)
    factories.line(session, account, product, day, promised_on=day, delivered_on=day + timedelta(days=2))
    rollups.rebuild(session)
    session.commit()
    page = open_page("management/settings.py", admin)
    assert "On time in full" in [one.value for one in page.subheader]

    field(page, "settings", "otif_late_days").set_value("2")
    field(page, "settings", "otif_in_full_share").set_value("0.98")
    submit(page, "settings")

    assert not page.exception
    with db.read() as reading:
        rule = otif.in_force(reading)
        assert (rule.late_days, rule.in_full_share, rule.basis) == (
            2,
            Decimal("0.98"),
            OtifBasis.FIRST_PROMISED,
        )
        assert delivery.totals(reading, OPERATOR, Period.of(day, day)).rate == 1
        assert rollups.differences(reading) == []


def test_a_share_beyond_all_is_refused_at_its_field_and_stays_typed(session, admin, open_page):
    session.commit()
    page = open_page("management/settings.py", admin)

    field(page, "settings", "otif_in_full_share").set_value("1.5")
    submit(page, "settings")

    assert field(page, "settings", "otif_in_full_share").value == "1.5"
    with db.read() as reading:
        assert otif.in_force(reading).in_full_share == 1


def test_two_who_change_settings_see_both_values_and_what_was_left_alone_stays(session, admin, open_page):
    session.commit()
    page = open_page("management/settings.py", admin)
    with db.write() as other:
        settings.update(other, OPERATOR, {"company": "Theirs", "confirm_days": 90})
    field(page, "settings", "company").set_value("Mine")
    submit(page, "settings")
    assert any("Theirs" in warning.value for warning in page.warning)
    assert field(page, "settings", "company").value == "Mine"

    submit(page, "settings")
    with db.read() as reading:
        found = settings.get(reading)
        assert (found.company, found.confirm_days) == ("Mine", 90)
