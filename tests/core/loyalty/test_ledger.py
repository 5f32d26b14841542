from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import auth, clock, db
from core.auth import OPERATOR
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.loyalty import grants, members, postings, programmes, runs, statements, status
from core.loyalty_vocabulary import EntryKind, RequestOutcome
from core.models import Group
from core.vocabulary import Permission, Role
from tests import factories
from tests.conftest import on_sqlite
from tests.core.loyalty.programmes import DOCUMENT, agrees, live, points, with_parts

START = date(2026, 1, 1)


@pytest.fixture
def shop(session, kam):
    """An account of Anna's with orders of 300, 400 and 600 in January, February and March."""
    account = factories.account(session, kam, "A")
    goods = factories.product(session, "P", category="Tea")
    for place, (on, amount) in enumerate([("2026-01-10", 300), ("2026-02-10", 400), ("2026-03-10", 600)]):
        factories.line(
            session,
            account,
            goods,
            date.fromisoformat(on),
            quantity=str(amount),
            list_price="1",
            order_no=f"O{place}",
        )
    return account, goods


def enrolled(session, account, document=DOCUMENT, start=START):
    number = live(session, start, document)
    members.enrol_account(session, OPERATOR, account.id, number, start)
    return number


def test_orders_earn_with_the_factor_of_the_tier_held_before_the_day(session, shop):
    enrolled(session, shop[0])

    found = points(session, shop[0].id, on=date(2026, 3, 31))

    # 300 and 400 without a tier, then Silver (700 qualify): 600 × 1.5.
    assert found.active == 300 + 400 + 900
    assert found.qualifying == 1300
    assert (found.loyalty_tier, found.tier.since) == ("Gold", date(2026, 3, 10))
    assert points(session, shop[0].id, on=date(2026, 3, 9)).loyalty_tier == "Silver"
    assert agrees(session)


@on_sqlite
def test_a_programme_may_count_the_tier_that_the_order_leads_to(session, shop):
    steps = {**DOCUMENT["tiers"], "factor": "after"}
    enrolled(session, shop[0], with_parts(tiers=steps))

    # 300 without a tier, 400 leads to Silver, 600 to Gold.
    assert points(session, shop[0].id, on=date(2026, 3, 31)).active == 300 + 600 + 1200


def test_factors_of_products_categories_and_campaigns_multiply_points_and_leave_what_qualifies(session, shop):
    account, _goods = shop
    other = factories.product(session, "Q", category="Coffee")
    factories.line(session, account, other, date(2026, 1, 20), quantity="10", list_price="10", order_no="O9")
    earning = {
        "points_per": "0.5",
        "multipliers": [{"category": "Tea", "factor": "2"}, {"product": "Q", "factor": "3"}],
        "campaigns": [
            {"name": "January", "factor": "1.5", "first_on": "2026-01-01", "last_on": "2026-01-10"}
        ],
    }
    enrolled(session, account, with_parts(earning=earning, tiers={}))

    entries = statements.entries(session, OPERATOR, account.id)

    assert [(one.about.split(":")[0], one.points, one.qualifying) for one in entries] == [
        ("O0", 450, 150),
        ("O9", 150, 50),
        ("O1", 400, 200),
        ("O2", 600, 300),
    ]


def test_a_return_takes_back_what_its_lines_earned_at_the_factor_of_then(session, shop):
    account, goods = shop
    enrolled(session, account)
    factories.line(
        session, account, goods, date(2026, 4, 1), quantity="-200", list_price="1", order_no="R1", line_no=3
    )

    runs.run_all(session, OPERATOR, clock.today())

    (back,) = [
        one for one in statements.entries(session, OPERATOR, account.id) if one.kind is EntryKind.REVERSE
    ]
    assert (back.points, back.qualifying, back.posted_on) == (-300, -200, date(2026, 4, 1))
    assert back.source == "return:R1:3:2026-04-01:order:O2:2026-03-10"
    assert points(session, account.id, on=date(2026, 4, 1)).active == 1300


@on_sqlite
def test_returns_of_a_whole_order_in_pieces_leave_nothing_of_its_points(session, shop):
    account, goods = shop
    steps = {"steps": [{"name": "Silver", "threshold": "500", "factor": "1.33"}]}
    enrolled(session, account, with_parts(tiers=steps))
    for place, back in enumerate((199, 200, 201)):
        factories.line(
            session,
            account,
            goods,
            date(2026, 4, 1),
            quantity=f"-{back}",
            list_price="1",
            order_no=f"R{place}",
        )

    runs.run_all(session, OPERATOR, clock.today())

    assert points(session, account.id, on=date(2026, 4, 1)).active == 700


def test_an_order_that_comes_late_leads_to_the_same_ledger_by_corrections(session, shop):
    account, goods = shop
    enrolled(session, account)
    before = points(session, account.id, on=date(2026, 3, 31))
    factories.line(session, account, goods, date(2026, 1, 15), quantity="800", list_price="1", order_no="L1")

    runs.run_all(session, OPERATOR, clock.today())

    # Silver and Gold come with it (1,100): the orders since then earn double.
    assert points(session, account.id, on=date(2026, 3, 31)).active == 300 + 800 + 800 + 1200
    yesterday = clock.today() - timedelta(days=1)
    assert points(session, account.id, on=date(2026, 3, 31), known_on=yesterday).active == 0
    corrections = [one for one in statements.entries(session, OPERATOR, account.id) if one.is_correction]
    assert [(one.about.split(":")[0], one.points) for one in corrections] == [("O1", 400), ("O2", 300)]
    assert before.active == 1600
    assert agrees(session)


@on_sqlite
def test_the_daily_job_may_run_twice(session, shop):
    enrolled(session, shop[0])

    again = runs.run_all(session, OPERATOR, clock.today())

    assert again.accrued.entries == 0


@on_sqlite
def test_the_daily_job_does_not_run_ahead(session, shop):
    with pytest.raises(Invalid):
        runs.run_all(session, OPERATOR, clock.today() + timedelta(days=1))


def test_points_lapse_a_day_after_their_last(session, shop):
    account, _goods = shop
    enrolled(session, account, with_parts(expiry={"kind": "months", "months": 1}))

    lapsed = [
        one for one in statements.entries(session, OPERATOR, account.id) if one.kind is EntryKind.EXPIRE
    ]

    assert [(one.posted_on, one.points) for one in lapsed][:1] == [(date(2026, 2, 11), -300)]
    assert points(session, account.id, on=date(2026, 2, 10)).active == 700
    assert points(session, account.id, on=date(2026, 2, 11)).active == 400
    assert points(session, account.id, on=date(2026, 2, 11)).expired == 300
    assert agrees(session)


def test_a_redemption_beyond_the_balance_is_refused(session, kam, shop):
    account, _goods = shop
    enrolled(session, account)
    assert points(session, account.id).active == 1600

    postings.redeem(session, kam, account.id, "Display", key="a", times=15)
    postings.redeem(session, kam, account.id, "Display", key="b")
    with pytest.raises(Conflict):
        postings.redeem(session, kam, account.id, "Display", key="c")

    assert points(session, account.id).active == 0
    assert points(session, account.id).redeemed == 1600
    assert agrees(session)


@on_sqlite
def test_the_same_redemption_is_never_booked_twice(session, kam, shop):
    account, _goods = shop
    enrolled(session, account)
    postings.redeem(session, kam, account.id, "Display", key="a")

    with pytest.raises(Conflict):
        postings.redeem(session, kam, account.id, "Display", key="a")

    assert points(session, account.id).redeemed == 100


@on_sqlite
def test_a_redemption_of_a_past_day_may_not_take_what_was_spent_since(session, kam, shop):
    account, _goods = shop
    enrolled(session, account)
    postings.redeem(session, kam, account.id, "Display", key="a", times=16)

    with pytest.raises(Conflict):
        postings.redeem(session, kam, account.id, "Display", key="b", on=date(2026, 2, 20))


@on_sqlite
def test_what_is_taken_back_goes_to_the_lots_that_it_came_from(session, kam, shop):
    account, _goods = shop
    enrolled(session, account)
    postings.redeem(session, kam, account.id, "Display", key="a", times=3)

    postings.take_back(session, kam, account.id, "redeem:a", "wrong reward")

    assert points(session, account.id).active == 1600
    assert points(session, account.id).redeemed == 0
    with pytest.raises(Conflict):
        postings.take_back(session, kam, account.id, "redeem:a", "again")
    assert agrees(session)


@on_sqlite
def test_a_bonus_earns_what_the_programme_says_and_lapses_like_other_points(session, kam, shop):
    account, _goods = shop
    enrolled(session, account)

    postings.award(session, kam, account.id, "referral", key="a", reason="brought Hotel B")

    (bonus,) = [one for one in statements.entries(session, kam, account.id) if one.what == "bonus"]
    assert (bonus.points, bonus.qualifying, bonus.reason) == (250, 0, "brought Hotel B")
    assert bonus.expires_on == clock.today().replace(year=clock.today().year + 1)
    with pytest.raises(NotFound):
        postings.award(session, kam, account.id, "birthday", key="b")


@on_sqlite
def test_an_adjustment_beyond_the_limit_waits_for_approval(session, kam, director, shop):
    account, _goods = shop
    enrolled(session, account)

    assert postings.adjust(session, kam, account.id, Decimal(200), "apology", key="a") is None
    request = postings.adjust(session, kam, account.id, Decimal(201), "apology", key="b")
    assert points(session, account.id).active == 1800

    with pytest.raises(Forbidden):
        postings.decide(session, kam, request, RequestOutcome.APPROVED)
    postings.decide(session, director, request, RequestOutcome.APPROVED)
    assert points(session, account.id).active == 2001
    with pytest.raises(Conflict):
        postings.decide(session, director, request, RequestOutcome.REJECTED, reason="no")
    refused = postings.adjust(session, kam, account.id, Decimal(-900), "mistake", key="c")
    postings.decide(session, director, refused, RequestOutcome.REJECTED, reason="no mistake")
    assert points(session, account.id).active == 2001
    assert postings.requests(session, kam) == []


@on_sqlite
def test_taking_points_is_no_way_below_zero(session, director, shop):
    account, _goods = shop
    enrolled(session, account)

    with pytest.raises(Conflict):
        postings.adjust(session, director, account.id, Decimal(-1601), "mistake", key="a")


@on_sqlite
def test_qualifying_points_given_by_hand_move_the_tier_at_once(session, director, shop):
    account, _goods = shop
    enrolled(session, account, with_parts(adjust_limit="5000"))
    assert status.search(session, director)[0].loyalty_tier == "Gold"

    postings.adjust(
        session, director, account.id, Decimal(1), "correction", key="a", qualifying=Decimal(-700)
    )

    (row,) = status.search(session, director)
    assert row.qualifying == 600
    # What was reached stays until the window ends.
    assert row.loyalty_tier == "Gold"


@on_sqlite
def test_a_granted_tier_shows_as_granted_and_ends(session, director, shop):
    account, _goods = shop
    today = clock.today()
    enrolled(
        session, account, with_parts(tiers={"steps": [{"name": "Top", "threshold": "9999", "factor": "3"}]})
    )
    with pytest.raises(Invalid):
        grants.grant(session, director, account.id, "Silver", today, today, "strategic")

    grant = grants.grant(session, director, account.id, "Top", today, today + timedelta(days=30), "strategic")

    found = points(session, account.id)
    assert (found.loyalty_tier, found.tier.source, found.tier.until) == (
        "Top",
        "granted",
        today + timedelta(days=30),
    )
    assert points(session, account.id, on=today + timedelta(days=31)).loyalty_tier is None
    (row,) = grants.search(session, director, account.id)
    assert (row.granted_by, row.reason) == ("dora", "strategic")
    grants.withdraw(session, director, account.id, grant)
    assert points(session, account.id).loyalty_tier is None


def test_a_group_earns_together_and_its_accounts_share_the_points(session, kam, shop):
    account, goods = shop
    group = Group(code="G", name="Group")
    session.add(group)
    session.flush()
    account.group_id = group.id
    second = factories.account(session, kam, "B", group_id=group.id)
    factories.line(session, second, goods, date(2026, 1, 20), quantity="300", list_price="1", order_no="O7")
    number = live(session, START)

    members.enrol_group(session, OPERATOR, group.id, number, START)

    # 300 + 300 lead to Silver in January already: 400 × 1.5 in February, then Gold: 600 × 2.
    for one in (account, second):
        found = points(session, one.id, on=date(2026, 3, 31))
        assert (found.active, found.group) == (300 + 300 + 600 + 1200, "Group")
    postings.redeem(session, kam, second.id, "Display", key="a", times=20)
    assert points(session, account.id).redeemed == 2000
    assert agrees(session)


def test_points_of_its_own_move_into_the_pool_with_their_last_days(session, kam, director, shop):
    account, _goods = shop
    last = clock.today() + timedelta(days=50)
    postings.adjust(session, director, account.id, Decimal(70), "welcome", key="a", expires_on=last)
    group = Group(code="G", name="Group")
    session.add(group)
    session.flush()
    account.group_id = group.id
    number = live(session, START, with_parts(expiry={}))

    members.enrol_group(session, OPERATOR, group.id, number, START)

    found = points(session, account.id)
    assert found.active == 1600 + 70
    assert [(one.on, one.points) for one in found.expiring] == [(last, 70)]
    assert agrees(session)


@on_sqlite
def test_accounts_that_join_or_leave_the_group_earn_for_the_pool_from_then_on(session, kam, shop):
    account, _goods = shop
    group = Group(code="G", name="Group")
    session.add(group)
    session.flush()
    account.group_id = group.id
    number = live(session, START)
    members.enrol_group(session, OPERATOR, group.id, number, START)
    second = factories.account(session, kam, "B", group_id=group.id)
    account.group_id = None
    session.flush()

    assert runs.run_all(session, OPERATOR, clock.today()).moved == 2

    rows = {row.account_code: row for row in members.enrolments(session, OPERATOR)}
    assert (rows["A"].valid_to, rows["B"].valid_from) == (clock.today(), clock.today())
    assert rows["B"].group == "Group"
    assert second.id == rows["B"].account_id


@on_sqlite
def test_an_account_is_in_one_programme_at_a_time(session, shop):
    account, _goods = shop
    number = enrolled(session, account)
    (row,) = members.enrolments(session, OPERATOR, account_id=account.id)
    with pytest.raises(Invalid):
        members.enrol_account(session, OPERATOR, account.id, number, date(2026, 5, 1))

    members.leave(session, OPERATOR, row.id, date(2026, 2, 28))
    members.enrol_account(session, OPERATOR, account.id, number, date(2026, 3, 10))

    assert points(session, account.id).issued == 300 + 400 + 900
    assert points(session, account.id, on=date(2026, 3, 5)).tier is None


@on_sqlite
def test_leaving_keeps_the_points_and_takes_back_what_came_after(session, shop):
    account, _goods = shop
    enrolled(session, account)
    (row,) = members.enrolments(session, OPERATOR, account_id=account.id)

    members.leave(session, OPERATOR, row.id, date(2026, 2, 28))

    assert points(session, account.id).active == 700
    assert points(session, account.id).tier is None
    assert agrees(session)


@on_sqlite
def test_another_version_counts_from_its_day_and_the_past_stays(session, shop):
    account, _goods = shop
    number = enrolled(session, account)

    live(session, date(2026, 3, 1), with_parts(earning={"points_per": "3"}), number=number)
    runs.run_all(session, OPERATOR, clock.today())

    assert points(session, account.id).issued == 300 + 400 + 600 * 3 * Decimal("1.5")
    versions = programmes.search(session, OPERATOR)
    assert [(row.valid_from, row.valid_to) for row in versions] == [
        (date(2026, 3, 1), None),
        (START, date(2026, 3, 1)),
    ] or len(versions) == 2


@on_sqlite
def test_a_closed_programme_earns_nothing_more_and_keeps_what_was_earned(session, shop):
    account, _goods = shop
    number = enrolled(session, account)
    (row,) = [one for one in programmes.search(session, OPERATOR) if one.number == number]

    programmes.close(session, OPERATOR, number, date(2026, 2, 28), version=row.version)
    runs.run_all(session, OPERATOR, clock.today())

    assert points(session, account.id).active == 700


@on_sqlite
def test_whoever_wrote_a_version_does_not_approve_it(session, director):
    version = programmes.save_draft(session, director, "Circle", DOCUMENT)
    number = programmes.get(session, director, version).number
    other = auth.actor_for(factories.user(session, "dan", Role.DIRECTOR))

    with pytest.raises(Conflict):
        programmes.approve(session, director, number, version=version)
    approved = programmes.approve(session, other, number, version=version)
    programmes.go_live(session, director, number, START, version=approved)

    assert [one.status for one in programmes.history(session, director, number)] == [
        "live",
        "approved",
        "draft",
    ]


@on_sqlite
def test_two_people_do_not_overwrite_each_others_draft(session, director):
    first = programmes.save_draft(session, director, "Circle", DOCUMENT)
    number = programmes.get(session, director, first).number
    second = programmes.save_draft(session, director, "Circle", DOCUMENT, number=number, version=first)

    with pytest.raises(Conflict) as refused:
        programmes.save_draft(session, director, "Ring", DOCUMENT, number=number, version=first)

    assert refused.value.version == second


@on_sqlite
def test_a_factor_for_what_the_store_does_not_know_is_refused(session, director):
    with pytest.raises(Invalid):
        programmes.save_draft(
            session, director, "C", {"earning": {"multipliers": [{"product": "nix", "factor": "2"}]}}
        )


@on_sqlite
def test_another_managers_account_looks_as_if_it_did_not_exist(session, other_kam, shop):
    account, _goods = shop
    enrolled(session, account)

    for attempt in (
        lambda: status.of_account(session, other_kam, account.id),
        lambda: statements.entries(session, other_kam, account.id),
        lambda: postings.redeem(session, other_kam, account.id, "Display", key="x"),
        lambda: members.enrol_account(session, other_kam, account.id, 1, START),
        lambda: postings.award(session, other_kam, account.id, "referral", key="x"),
        lambda: postings.take_back(session, other_kam, account.id, "redeem:x", "x"),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert status.search(session, other_kam) == []


@on_sqlite
def test_a_reader_changes_nothing(session, viewer, shop):
    assert viewer.may(Permission.LOYALTY_READ)
    with pytest.raises(Forbidden):
        postings.adjust(session, viewer, shop[0].id, Decimal(1), "x", key="x")


def test_of_a_group_that_somebody_sees_in_part_no_volume_is_told(session, kam, other_kam, shop):
    account, _goods = shop
    group = Group(code="G", name="Group")
    session.add(group)
    session.flush()
    account.group_id = group.id
    factories.account(session, other_kam, "B", group_id=group.id)
    members.enrol_group(session, OPERATOR, group.id, live(session, START), START)

    found = status.of_account(session, kam, account.id)
    (row,) = status.search(session, kam)

    assert (found.active, found.loyalty_tier, found.qualifying, found.tier.to_stay) == (
        1600,
        "Gold",
        None,
        None,
    )
    assert (row.loyalty_tier, row.qualifying, row.to_next) == ("Gold", None, None)
    assert status.of_account(session, OPERATOR, account.id).qualifying == 1300


def test_two_redemptions_of_the_same_points_at_once_cannot_both_succeed(store):
    from concurrent.futures import ThreadPoolExecutor

    with db.write() as session:
        account = factories.account(session, None, "A")
        account_id = account.id
        postings.adjust(session, OPERATOR, account_id, Decimal(100), "welcome", key="w")

    def spend(name: str) -> bool:
        try:
            with db.write() as session:
                postings.redeem_points(session, OPERATOR, account_id, Decimal(60), "gift", key=name)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        spent = list(pool.map(spend, [f"k{place}" for place in range(8)]))

    assert spent.count(True) == 1
    with db.read() as session:
        assert points(session, account_id).active == 40
        assert agrees(session)
