from datetime import date
from decimal import Decimal

import pytest

from core import auth, clock, portfolio, portfolio_groups, portfolio_tiles, rollups
from core.errors import Forbidden
from core.filters import AccountFilter
from core.models import AuditEntry, Group, Target
from core.periods import Period
from core.standings import ReasonKind
from core.vocabulary import Permission, Role
from tests import factories

DAY = date(2026, 3, 31)
QUARTER = Period.of(date(2026, 1, 1), DAY)


def target(session, account, month, amount):
    session.add(
        Target(
            account_id=account.id, month=month, version=1, net_revenue_amount=Decimal(amount), margin_amount=None,
            recorded_at=clock.now(), recorded_by="dora", superseded_at=None, batch_id=None,
        )
    )  # fmt: skip


@pytest.fixture
def two_accounts(session, kam, other_kam):
    """Anna's grew from 100 to 120 at 20 % discount; Ben's fell from 200 to 50 and is 250 short of target."""
    soap = factories.product(session, "SOAP")
    anna = factories.account(session, kam, "A", name="Anna's")
    ben = factories.account(session, other_kam, "B", name="Ben's")
    factories.line(session, anna, soap, date(2025, 2, 10), quantity="10", list_price="10")
    factories.line(
        session,
        anna,
        soap,
        date(2026, 2, 10),
        quantity="12",
        list_price="12.5",
        net_price="10",
        unit_cost="6",
    )
    factories.line(session, anna, soap, date(2025, 12, 5), quantity="8", list_price="10")
    factories.line(session, ben, soap, date(2025, 3, 1), quantity="20", list_price="10")
    factories.line(session, ben, soap, date(2026, 1, 4), quantity="5", list_price="10")
    target(session, ben, date(2026, 1, 1), "300")
    rollups.rebuild(session)
    session.flush()
    return anna, ben


def by_code(board):
    return {row.code: row for row in board.standings}


def test_an_account_stands_against_last_year_and_the_period_before(session, director, two_accounts):
    row = by_code(portfolio.board(session, director, QUARTER, day=DAY))["A"]

    assert row.now.net == Decimal(120)
    assert row.year_ago.net == Decimal(100)
    assert row.before.net == Decimal(80)
    assert row.growth == Decimal("0.2")
    assert row.attainment is None  # no target is not a target of zero
    assert row.months[-2:] == (Decimal(120), Decimal(0))
    assert row.reasons == ()


def test_a_fall_and_a_missed_target_need_attention_with_their_amounts(session, director, two_accounts):
    row = by_code(portfolio.board(session, director, QUARTER, day=DAY))["B"]

    amounts = {reason.kind: reason.amount for reason in row.reasons}
    assert amounts == {ReasonKind.TARGET: Decimal(250), ReasonKind.FALL: Decimal(150)}
    assert [reason.kind for reason in row.reasons] == [ReasonKind.TARGET, ReasonKind.FALL]  # most money first
    assert all(reason.is_red for reason in row.reasons)


def test_an_account_silent_for_twice_its_usual_gap_needs_attention(session, director):
    account, soap = factories.account(session, code="R"), factories.product(session)
    for day in (date(2026, 1, 1), date(2026, 1, 21), date(2026, 2, 10), date(2026, 2, 20)):
        factories.line(session, account, soap, day, list_price="100")
    rollups.rebuild(session)

    row = by_code(portfolio.board(session, director, QUARTER, day=DAY))["R"]

    (reason,) = row.reasons  # gaps 20, 20, 10: usual 20; 39 days since 20 February are 1.95 times that
    assert (reason.kind, reason.days, reason.usual_days) == (ReasonKind.RHYTHM, 39, Decimal(20))
    assert not reason.is_red
    assert reason.amount == Decimal("20.8219")  # 400 a year, 19 days too late: 400 × 19 ÷ 365


def test_every_figure_is_what_its_rows_add_up_to(session, director, two_accounts):
    board = portfolio.board(session, director, QUARTER, day=DAY)
    tiles = portfolio_tiles.tiles(board.standings, sees_cost=True)

    assert tiles["net_revenue"].value == sum(part.numerator for part in tiles["net_revenue"].parts) == 170
    assert tiles["net_revenue"].growth == Decimal(170 - 300) / 300
    assert (tiles["discount_rate"].numerator, tiles["discount_rate"].denominator) == (
        Decimal(30),
        Decimal(200),
    )
    assert tiles["discount_rate"].value == Decimal("0.15")
    assert (tiles["margin_rate"].numerator, tiles["margin_rate"].denominator) == (Decimal(48), Decimal(120))
    assert tiles["target_attainment"].value == Decimal(170) / 300
    assert tiles["active_accounts"].value == 2
    assert tiles["top_share"].value == 1
    assert tiles["net_revenue"].lines == 2


@pytest.mark.parametrize("who", ["kam", "other_kam", "director", "viewer"])
def test_the_figures_of_each_role_are_those_of_its_rows(session, request, two_accounts, who):
    actor = request.getfixturevalue(who)
    board = portfolio.board(session, actor, QUARTER, day=DAY)
    tiles = portfolio_tiles.tiles(board.standings, sees_cost=board.sees_cost)

    expected = {"kam": 120, "other_kam": 50, "director": 170, "viewer": 170}[who]
    assert tiles["net_revenue"].value == expected
    assert sum(row.now.net for row in board.standings) == expected
    assert sum(month.net for month in board.months if month.net is not None) == expected
    assert ("margin_rate" in tiles) == (who == "director")
    for tile in tiles.values():
        top = sum(part.numerator for part in tile.parts)
        bottom = sum(part.denominator or 0 for part in tile.parts)
        assert tile.value == (top / bottom if bottom else None) if tile.is_ratio else tile.value == top


def test_a_manager_sees_no_other_managers_account(session, kam, two_accounts):
    board = portfolio.board(session, kam, QUARTER, day=DAY)

    assert [row.code for row in board.standings] == ["A"]
    assert list(portfolio.choices(session, kam)["owner"].values()) == ["Anna"]


def test_figures_without_anything_below_the_line_are_unknown(session, director):
    factories.account(session)

    board = portfolio.board(session, director, QUARTER, day=DAY)
    tiles = portfolio_tiles.tiles(board.standings, sees_cost=True)

    assert tiles["discount_rate"].value is None
    assert tiles["target_attainment"].value is None
    assert tiles["net_revenue"].growth is None


def test_a_group_is_the_sum_of_its_accounts(session, director, two_accounts):
    group = Group(code="G", name="Both")
    session.add(group)
    session.flush()
    for account in two_accounts:
        account.group_id = group.id
    session.flush()

    board = portfolio.board(session, director, QUARTER, day=DAY)
    (row,) = portfolio_groups.rolled_up(board.standings)

    assert (row.name, row.account_count, row.now.net, row.target) == ("Both", 2, Decimal(170), Decimal(300))
    assert {reason.account for reason in row.reasons} == {"Ben's"}


def test_a_filter_narrows_accounts_and_months_alike(session, director, kam, two_accounts):
    mine = AccountFilter(owner_ids=frozenset({kam.user_id}))

    board = portfolio.board(session, director, QUARTER, mine, day=DAY)

    assert [row.code for row in board.standings] == ["A"]
    assert sum(month.net or 0 for month in board.months) == 120


def test_periods_end_with_the_newest_booking_where_it_is_old(session, director, two_accounts, monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: date(2026, 3, 2))
    assert portfolio.as_of(session, director) == date(2026, 3, 2)

    monkeypatch.setattr(clock, "today", lambda: date(2030, 3, 2))
    assert portfolio.as_of(session, director) == date(2026, 2, 10)


def test_a_store_without_orders_has_no_day_to_look_from(session, director):
    assert portfolio.as_of(session, director) is None


def test_a_month_that_has_not_begun_has_no_revenue_rather_than_none(session, director, two_accounts):
    months = portfolio.board(session, director, QUARTER, day=DAY).months

    assert [month.month.month for month in months] == list(range(1, 13))
    assert months[2].net == 0
    assert months[3].net is None


def test_taking_the_portfolio_out_stands_in_the_audit(session, kam):
    portfolio.record_export(session, kam, 7, {"format": "csv"})

    entry = session.query(AuditEntry).one()
    assert (entry.action, entry.actor) == ("export:portfolio", "anna")
    assert entry.changes == {"rows": [None, 7], "format": [None, "csv"]}


def test_who_may_not_read_revenue_sees_no_portfolio(session):
    admin = auth.actor_for(factories.user(session, "adam", Role.ADMIN))

    with pytest.raises(Forbidden):
        portfolio.board(session, admin, QUARTER, day=DAY)
    assert not admin.may(Permission.REVENUE_READ)
