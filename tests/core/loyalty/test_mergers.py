from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from core import account_mergers, doctor, merger_previews, rollups
from core.auth import OPERATOR
from core.errors import Conflict
from core.loyalty import members, postings
from core.models import LoyaltyEntry
from tests import factories
from tests.conftest import on_sqlite
from tests.core.loyalty.programmes import agrees, live, points

START = date(2026, 1, 1)


@pytest.fixture
def pair(session, kam):
    """Two accounts that are one; both take part, and each was given points by hand."""
    gone, kept = (factories.account(session, kam, code) for code in ("OLD", "NEW"))
    goods = factories.product(session, "P")
    for account, on, amount, order in (
        (gone, "2026-01-10", 300, "S1"),
        (kept, "2026-01-20", 250, "S2"),
        (gone, "2026-02-10", 100, "S3"),
    ):
        factories.line(
            session,
            account,
            goods,
            date.fromisoformat(on),
            quantity=str(amount),
            list_price="1",
            order_no=order,
        )
    rollups.rebuild(session)
    number = live(session, START)
    for account in (gone, kept):
        members.enrol_account(session, OPERATOR, account.id, number, START)
        postings.adjust(session, OPERATOR, account.id, Decimal(40), "gift", key=account.code)
    return gone, kept


def merged(session, director, pair):
    gone, kept = pair
    versions = merger_previews.preview(session, director, gone.id, kept.id).versions
    return account_mergers.merge(session, director, gone.id, kept.id, versions=versions)


def unwell(session):
    return [problem for check in doctor.examine(session, OPERATOR) for problem in check.differences]


def test_points_of_a_merged_account_join_those_of_the_other(session, director, pair):
    gone, kept = pair
    postings.redeem_points(session, OPERATOR, gone.id, Decimal(25), "gift", key="r")

    merged(session, director, pair)

    # Silver (500) is reached on 20 January by both together: the order of February earns 150.
    assert points(session, kept.id).active == 300 + 250 + 150 + 40 + 40 - 25
    assert agrees(session)
    assert unwell(session) == []


def test_parting_the_accounts_gives_each_its_points_back(session, director, pair):
    gone, _kept = pair
    postings.redeem_points(session, OPERATOR, gone.id, Decimal(25), "gift", key="r")
    before = [points(session, one.id).active for one in pair]

    account_mergers.undo(session, director, merged(session, director, pair))

    assert [points(session, one.id).active for one in pair] == before == [415, 290]
    assert unwell(session) == []


def test_entries_of_one_key_at_both_accounts_are_both_kept_and_parted_again(session, director, pair):
    gone, kept = pair
    held = select(LoyaltyEntry.account_id).where(LoyaltyEntry.key == "redeem:r")
    postings.redeem_points(session, OPERATOR, gone.id, Decimal(25), "gift", key="r")
    postings.redeem_points(session, OPERATOR, kept.id, Decimal(10), "gift", key="s")
    session.execute(update(LoyaltyEntry).where(LoyaltyEntry.key == "redeem:s").values(key="redeem:r"))
    before = [points(session, one.id).active for one in pair]

    merger = merged(session, director, pair)
    assert points(session, kept.id).active == 300 + 250 + 150 + 40 + 40 - 35
    account_mergers.undo(session, director, merger)

    assert [points(session, one.id).active for one in pair] == before
    assert set(session.scalars(held)) == {gone.id, kept.id}


@on_sqlite
def test_what_was_entered_since_stands_against_parting_them(session, director, pair):
    merger = merged(session, director, pair)
    postings.redeem_points(session, OPERATOR, pair[1].id, Decimal(5), "gift", key="r")

    with pytest.raises(Conflict):
        account_mergers.undo(session, director, merger)


@on_sqlite
def test_only_one_of_the_two_has_points(session, director, kam):
    gone, kept = (factories.account(session, kam, code) for code in ("OLD", "NEW"))
    rollups.rebuild(session)
    postings.adjust(session, OPERATOR, gone.id, Decimal(40), "gift", key="a")

    merger = merged(session, director, (gone, kept))
    assert points(session, kept.id).active == 40
    account_mergers.undo(session, director, merger)

    assert (points(session, gone.id).active, points(session, kept.id).active) == (40, 0)
    assert unwell(session) == []
