"""What is kept of the health of accounts answers as if it were read anew, whatever changes."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, func, select, text

from core import (
    clock,
    doctor,
    health,
    health_renewal,
    health_standings,
    health_track,
    order_entry,
    rollups,
    settings,
    targets,
)
from core.auth import OPERATOR
from core.errors import Forbidden
from core.models import Account, HealthStanding, OrderLine, Receivable
from core.order_drafts import LineDraft, OrderDraft
from pages.ui import answers
from tests import factories

DAY = date(2026, 6, 30)
MONTHS = [date(2023 + n // 12, n % 12 + 1, 10) for n in range(42)]  # January 2023 to June 2026


@pytest.fixture(autouse=True)
def _that_day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def company(session, kam, other_kam):
    """Three accounts that buy two categories, are delivered late now and then, owe something and have targets."""
    accounts = [
        factories.account(session, one, code) for one, code in ((kam, "A"), (kam, "B"), (other_kam, "C"))
    ]
    goods = [factories.product(session, code, category=code) for code in ("TEA", "JAM")]
    for place, account in enumerate(accounts):
        for number, day in enumerate(MONTHS):
            due = day + timedelta(days=5)
            late = (number + place) % 4 == 0
            factories.line(
                session, account, goods[number // (3 + place) % 2], day, quantity=str(100 - place * number % 60),
                list_price="1", net_price="0.9" if number % 5 else "1", promised_on=due,
                delivered_on=due + timedelta(days=late),
            )  # fmt: skip
        _owes(session, account, date(2026, 5, 31), 50 + 10 * place)
        _owes(session, account, date(2025, 3, 31), 20)
        targets.set_many(
            session,
            OPERATOR,
            account.id,
            {date(2026, month, 1): (Decimal(90), None) for month in range(1, 7)},
        )
    factories.account(session, kam, "NEW")  # nothing is known of it
    rollups.rebuild(session)
    return accounts, goods


def _owes(session, account, as_of, amount):
    for number, due_on in (("R1", as_of - timedelta(days=10)), ("R2", as_of + timedelta(days=10))):
        session.add(
            Receivable(
                account_id=account.id, as_of=as_of, invoice_no=number, due_on=due_on, amount=Decimal(amount),
                open_amount=Decimal(amount), batch_id=None,
            )
        )  # fmt: skip
    session.flush()


def _kept(session):
    return session.scalar(select(func.count()).select_from(HealthStanding))


def _answers(session, actor):
    found = health.overview(session, actor)
    ends = health.month_ends(DAY, 2)
    return (
        sorted(health.scores(session, actor).scores.items()),
        found,
        health_track.record(session, actor),
        {day: sorted(of_day.items()) for day, of_day in health.at(session, actor, ends).items()},
        health.of_account(session, actor, found.rows[0].account_id),
    )


def _anew(session, actor):
    """The same questions without anything kept."""
    point = session.begin_nested()
    session.execute(delete(HealthStanding))
    found = repr(_answers(session, actor))
    point.rollback()
    return found


def _same(session, *actors):
    for actor in actors:
        assert repr(_answers(session, actor)) == _anew(session, actor)


def test_answers_are_the_same_with_and_without_what_is_kept(session, kam, other_kam, director, company):
    days = health_renewal.days(session, OPERATOR)

    assert health_renewal.read_all(session, OPERATOR) == _kept(session) == 4 * len(days)

    assert {DAY, date(2026, 3, 31), date(2025, 6, 30), date(2025, 12, 31)} <= set(days)
    assert health_renewal.read(session, OPERATOR) is None
    assert len(health_track.record(session, director).cases) > 6
    _same(session, kam, other_kam, director)


def _sell_more(session, accounts, goods):
    line = factories.line(session, accounts[0], goods[1], date(2026, 6, 20), quantity="500", list_price="1")
    rollups.add(session, OrderLine.order_no == line.order_no)
    rollups.refresh_rhythm(session, [accounts[0].id])


def _correct_the_past(session, accounts, _goods):
    where = OrderLine.account_id == accounts[0].id
    rollups.subtract(session, where)
    for line in session.scalars(select(OrderLine).where(where, OrderLine.booked_on < date(2025, 1, 1))):
        line.net_amount, line.net_price = line.net_amount / 2, line.net_price / 2
    session.flush()
    rollups.add(session, where)
    rollups.refresh_rhythm(session, [accounts[0].id])


def _set_a_target(session, accounts, _goods):
    targets.set_many(session, OPERATOR, accounts[1].id, {date(2026, 3, 1): (Decimal(200), None)})


def _owe_more(session, accounts, _goods):
    _owes(session, accounts[1], date(2026, 6, 15), 500)


def _confirm(session, accounts, _goods):
    accounts[2].confirmed_at = datetime(2026, 6, 29, tzinfo=UTC)
    session.flush()


def _move_to_another_category(session, _accounts, goods):
    goods[1].category_id = goods[0].category_id
    session.flush()


def _judge_otherwise(session, _accounts, _goods):
    settings.update(session, OPERATOR, {"otif_late_days": 1})


def _weigh_otherwise(session, _accounts, _goods):
    settings.update(session, OPERATOR, {"health_trend_weight": 40, "health_otif_weight": 0})


def _move_the_fiscal_year(session, _accounts, _goods):
    settings.update(session, OPERATOR, {"fiscal_year_month": 2})


@pytest.mark.parametrize(
    "change",
    [
        _sell_more, _correct_the_past, _set_a_target, _owe_more, _confirm, _move_to_another_category, _judge_otherwise,
        _weigh_otherwise, _move_the_fiscal_year,
    ],
)  # fmt: skip
def test_after_a_change_the_answers_are_those_of_the_changed_store(session, director, company, change):
    health_renewal.read_all(session, OPERATOR)
    before = repr(_answers(session, director))

    change(session, *company)

    anew = _anew(session, director)
    assert repr(_answers(session, director)) == anew != before
    health_renewal.read_all(session, OPERATOR)
    assert repr(_answers(session, director)) == anew


def _order_by_hand(session, accounts, _goods):
    line = LineDraft("TEA", Decimal(900), net_price=Decimal(1))
    order_entry.enter(session, OPERATOR, accounts[0].id, OrderDraft("BY-HAND", date(2026, 2, 2), (line,)))


def _order_before_the_first(session, accounts, _goods):
    line = LineDraft("TEA", Decimal(900), net_price=Decimal(1))
    order_entry.enter(session, OPERATOR, accounts[1].id, OrderDraft("EARLY", date(2022, 2, 2), (line,)))


def _asked(session, actor):
    ask = answers.asker(session, actor)
    found = ask(health.overview)
    ends = health.month_ends(DAY, 2)
    return (
        sorted(ask(health.scores).scores.items()),
        found,
        ask(health_track.record),
        {day: sorted(of_day.items()) for day, of_day in ask(health.at, ends).items()},
        ask(health.of_account, found.rows[0].account_id),
    )


@pytest.mark.parametrize(
    "change",
    [_order_by_hand, _order_before_the_first, _set_a_target, _weigh_otherwise, _move_the_fiscal_year],
)
def test_an_account_touched_is_put_into_the_answer_of_all(session, director, company, change):
    answers.forget()
    before = repr(_asked(session, director))
    assert before == repr(_answers(session, director))

    change(session, *company)
    session.expire_all()

    assert repr(_asked(session, director)) == _anew(session, director) != before
    assert len(health_track.record(session, director).cases) > 6


def test_what_was_read_before_a_change_counts_for_nothing_after_it(session, director, company):
    batch = health_renewal.read(session, OPERATOR)
    _sell_more(session, *company)

    health_renewal.keep(session, OPERATOR, batch)

    _same(session, director)
    again = health_renewal.read(session, OPERATOR)
    assert {row["account_id"] for row in again.rows} == {company[0][0].id}


def test_a_day_that_is_still_to_come_is_never_kept(session, director, company, monkeypatch):
    health_renewal.read_all(session, OPERATOR)
    later = health.scores(session, director, day=DAY + timedelta(days=1))
    assert set(later.scores) == {row.id for row in session.scalars(select(Account).where(Account.code != ""))}

    monkeypatch.setattr(clock, "today", lambda: DAY + timedelta(days=1))

    assert health_renewal.read_all(session, OPERATOR)
    assert set(session.scalars(select(HealthStanding.day))) == set(health_renewal.days(session, OPERATOR))


def test_an_account_that_goes_takes_what_is_kept_of_it_along(session, company):
    health_renewal.read_all(session, OPERATOR)
    new = session.scalar(select(Account).where(Account.code == "NEW"))
    kept = _kept(session)

    session.delete(new)
    session.flush()

    assert _kept(session) == kept - len(health_renewal.days(session, OPERATOR))


def test_the_doctor_names_what_is_kept_wrong(session, company):
    health_renewal.read_all(session, OPERATOR)
    named = {check.name: check for check in doctor.examine(session, OPERATOR)}
    assert named["health"].is_well

    session.execute(text("UPDATE health_standings SET net_amount = 1 WHERE day = '2025-12-31'"))

    found = {check.name: check.differences for check in doctor.examine(session, OPERATOR)}["health"]
    assert "2025-12-31" in found[0]


def test_only_who_maintains_the_store_reads_ahead(session, director, company):
    for ask in (health_renewal.read, health_renewal.days, health_renewal.read_all):
        with pytest.raises(Forbidden):
            ask(session, director)


def test_an_account_that_went_since_it_was_read_is_not_kept(session, kam):
    factories.line(session, account := factories.account(session, kam), factories.product(session), DAY)
    rollups.rebuild(session)
    batch = health_renewal.read(session, OPERATOR)
    rows = [{**row, "account_id": 987_654_321} for row in batch.rows] + list(batch.rows)

    health_standings.keep(session, OPERATOR, rows, batch.days)

    kept = session.scalars(select(HealthStanding.account_id).distinct()).all()
    assert kept == [account.id]
