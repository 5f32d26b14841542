from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from core import clock, kpis, rollups
from core.auth import OPERATOR
from core.kpis import By, Options
from core.loyalty import ledger, members, postings, replay, spec_documents, sums
from core.loyalty.ledger import Draft
from core.loyalty.rules import milli
from core.loyalty_vocabulary import EntryKind
from core.periods import Period
from tests import factories
from tests.conftest import on_sqlite
from tests.core.loyalty.programmes import live, with_parts

START = date(2026, 1, 1)
YEAR = Period.of(START, date(2026, 12, 31))
NAMES = ("issued", "redeemed", "expired", "outstanding")


@pytest.fixture
def two(session, kam):
    """A earned 10,000, of which 5,200 were redeemed and 800 lapsed; B is in no programme."""
    a, b = factories.account(session, kam, "A"), factories.account(session, kam, "B")
    goods = factories.product(session, "P")
    for account, on, amount in ((a, "2026-01-10", 800), (a, "2026-02-10", 9200), (b, "2026-02-10", 30000)):
        factories.line(session, account, goods, date.fromisoformat(on), quantity=str(amount), list_price="1")
    rollups.rebuild(session)
    document = with_parts(tiers={"steps": [{"name": "Silver", "threshold": "800"}]}, point_cost="0.01",
                          earning={"campaigns": []}, expiry={"kind": "months", "months": 3})  # fmt: skip
    members.enrol_account(session, OPERATOR, a.id, live(session, START, document), START)
    return a, b


def figure(session, name, period=YEAR, **options):
    (found,) = kpis.compute(session, OPERATOR, [name], period, Options(**options))
    return found


@on_sqlite
def test_the_vector_of_issued_redeemed_expired_and_outstanding(session, kam):
    account = factories.account(session, kam, "A")
    postings.adjust(session, OPERATOR, account.id, Decimal(10_000), "issued", key="a")
    postings.redeem_points(session, OPERATOR, account.id, Decimal(5_200), "gift", key="b")
    member = ledger.hold(session, members.own_member(session, account.id).id)
    draft = Draft(account.id, EntryKind.EXPIRE, -milli(Decimal(800)), clock.today(), "c", "c")
    postings.book(session, OPERATOR, member, None, [draft])

    found = {name: figure(session, f"loyalty_points_{name}").figure.value for name in NAMES}

    assert found == {"issued": 10_000, "redeemed": 5_200, "expired": 800, "outstanding": 4_000}
    assert figure(session, "loyalty_redemption_rate").figure.value == Decimal("0.52")
    # Nobody says what a point costs here: then nobody says what all of them cost.
    assert figure(session, "loyalty_liability").figure.value is None
    assert replay.liability(Decimal(4_000), spec_documents.parse({})) == Decimal("34.00")


def test_issued_less_redeemed_expired_and_reversed_is_outstanding(session, kam, two):
    a, _b = two
    postings.adjust(session, OPERATOR, a.id, Decimal(500), "gift", key="g")
    postings.redeem_points(session, OPERATOR, a.id, Decimal(200), "gift", key="b")
    postings.adjust(session, OPERATOR, a.id, Decimal(-50), "mistake", key="m")

    (row,) = [one for one in sums.by_account(session, kam, YEAR) if one.account_id == a.id]

    assert (row.issued, row.redeemed, row.expired, row.reversed) == (10_500, 200, 10_000, 50)
    assert row.outstanding == row.issued - row.redeemed - row.expired - row.reversed == 250


def test_cohorts_tell_what_became_of_each_months_points(session, kam, two):
    january, february = sums.cohorts(session, kam, YEAR)

    assert (january.month, january.issued, january.expired, january.remaining) == (START, 800, 800, 0)
    assert (february.issued, february.redemption_rate) == (9200, 0)


@on_sqlite
def test_liability_and_breakage_follow_the_programmes_expectation(session, two):
    quarter = Period.of(START, date(2026, 3, 31))

    # 10,000 are outstanding at the end of March: 85 % × 0.01 each.
    assert figure(session, "loyalty_liability", quarter).figure.value == Decimal("85.0000")
    assert figure(session, "loyalty_breakage", quarter).figure.value == Decimal("0.15")


def test_the_share_of_revenue_counts_days_in_the_programme(session, two):
    assert figure(session, "loyalty_revenue_share").figure.value == Decimal("0.25")
    by = dict(figure(session, "loyalty_revenue_share", by=By.ACCOUNT).by)
    assert by == {"A": Decimal(1), "B": None} or by == {"A": Decimal(1), "B": Decimal(0)}


def test_tier_migration_counts_who_rose_and_who_fell(session, kam, two):
    january = Period.of(date(2026, 1, 10), date(2026, 1, 31))

    found = sums.migration(session, kam, january)

    assert (found.up, found.down, found.stayed) == (1, 0, 0)
    assert found.moves == {("", "Silver"): 1}
    assert figure(session, "loyalty_tier_migration", january).figure.value == 1
    assert sums.tiers_over_time(session, kam, january) == {START: {"Silver": 1}}


@on_sqlite
def test_figures_of_accounts_that_somebody_does_not_see_are_no_part_of_theirs(session, other_kam, two):
    assert sums.by_account(session, other_kam, YEAR) == []
    assert sums.cohorts(session, other_kam, YEAR) == []
