from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from core import accounts, clock, db
from core.__main__ import app
from core.auth import OPERATOR
from core.errors import Invalid, NotFound
from core.loyalty import members, postings
from core.vocabulary import Role
from tests import factories
from tests.core.loyalty.programmes import DOCUMENT, live

pytestmark = pytest.mark.usefixtures("sqlite_store")
START = date(2026, 1, 1)


@pytest.fixture
def number():
    with db.write() as session:
        factories.user(session, "ben", Role.MANAGER)
        account, goods = factories.account(session, None, "A"), factories.product(session, "P")
        number = live(session, START)
        members.enrol_account(session, OPERATOR, account.id, number, START)
        for on, amount, order in (("2026-01-10", 700, "S1"), ("2026-02-10", 100, "S2")):
            factories.line(
                session,
                account,
                goods,
                date.fromisoformat(on),
                quantity=str(amount),
                list_price="1",
                order_no=order,
            )
    return number


def run(*words):
    found = CliRunner().invoke(app, ["loyalty", *words, "--json"])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return json.loads(found.stdout)


def test_the_daily_job_and_the_status_after_it(number):
    first = run("run", "--on", "2026-03-01")
    again = run("run", "--on", "2026-03-01")

    # Enrolling came to today at once, so the orders that came since are what is missing.
    assert (first["entries"], again["entries"]) == ("2", "0")
    assert run("status", "--account", "A", "--on", "2026-02-28") == {
        "loyalty_tier": "Silver",
        "active": "850",
        "pending": "0",
        "redeemed": "0",
        "expired": "0",
        "qualifying": "800",
        "to_next": "200",
        "to_stay": "0",
        "expiring": [{"on": "2027-01-10", "points": "700"}, {"on": "2027-02-10", "points": "150"}],
    }
    known = run("status", "--account", "A", "--on", "2026-02-28", "--known", "2026-02-28")
    assert (known["loyalty_tier"], known["active"], known["to_next"]) == (None, "0", None)


def test_a_stranger_finds_no_such_account(number):
    with pytest.raises(NotFound):
        run("status", "--account", "A", "--as", "ben")


def test_a_day_that_has_not_come_is_refused(number):
    with pytest.raises(Invalid):
        run("run", "--on", clock.today().replace(year=clock.today().year + 1).isoformat())


def test_a_file_is_tried_and_the_programme_in_force_is_compared_with_its_ledger(number, tmp_path):
    path = tmp_path / "draft.json"
    path.write_text(json.dumps(DOCUMENT))

    tried = run("replay", str(path), "--from", "2026-01-01", "--to", "2026-12-31")
    before = run("replay", f"P{number}")
    run("run")
    after = run("replay", f"P{number}")

    assert (tried["issued"], tried["accounts"], tried["net_revenue"]) == ("850", "1", "800.0000")
    assert tried["tiers"][1] == {"loyalty_tier": "Silver", "accounts": "1"}
    assert tried["rows"][0]["loyalty_tier"] == "Silver"
    assert len(before["differences"]) == 2
    assert (after["differences"], after["lines"]) == ([], "2")


@pytest.mark.parametrize("text", ["[]", "{", '{"tires": {}}'])
def test_a_file_that_holds_no_specification_is_refused_with_a_sentence(number, tmp_path, text):
    path = tmp_path / "draft.json"
    path.write_text(text)

    with pytest.raises(Invalid):
        run("replay", str(path), "--from", "2026-01-01", "--to", "2026-12-31")


def test_points_leave_by_the_command_line(number):
    run("run")
    with db.write() as session:
        account = accounts.get_by_code(session, OPERATOR, "A")
        postings.redeem_points(session, OPERATOR, account.id, Decimal(50), "gift", key="g")

    found = CliRunner().invoke(app, ["export", "loyalty", "--account", "A"])

    assert [line.split(",")[2:4] for line in found.stdout.splitlines()[1:]] == [
        ["earn", "700"],
        ["earn", "150"],
        ["redeem", "50"],
    ]
