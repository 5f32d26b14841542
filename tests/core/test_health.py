"""Health scores of a small company, worked out by hand, and what they know of each day."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from core import clock, health, rollups, settings, targets
from core.auth import OPERATOR
from core.errors import Forbidden, NotFound
from core.health_rules import Band, Measure
from core.health_ways import Lever
from core.health_windows import window
from core.models import AuditEntry, Receivable
from core.periods import Period
from tests import factories

DAY = date(2026, 6, 30)
MONTHS = [date(2024 + n // 12, n % 12 + 1, 10) for n in range(5, 30)]  # June 2024 to June 2026


@pytest.fixture(autouse=True)
def _that_day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def harbour(session, kam):
    """100 a month on the 10th up to 2025, then 95 of 100 at list price; one of six deliveries late."""
    tea, jam = (factories.product(session, code, category=code) for code in ("TEA", "JAM"))
    account = factories.account(session, kam, "HARBOUR", confirmed_at=datetime(2026, 6, 20, tzinfo=UTC))
    for day in MONTHS:
        recent = day.year == 2026
        due = day + timedelta(days=5)
        sold = {"promised_on": due, "delivered_on": due + timedelta(days=day.month == 3)} if recent else {}
        net = "0.95" if recent else "1"
        bought = [(tea, "60"), (jam, "40")] if day == date(2025, 3, 10) else [(tea, "100")]
        for line_no, (product, quantity) in enumerate(bought, 1):
            factories.line(
                session, account, product, day, quantity=quantity, list_price="1", net_price=net,
                order_no=f"H{day:%y%m}", line_no=line_no, **sold,
            )  # fmt: skip
    for number, amount, due_on in (("R1", 50, date(2026, 6, 1)), ("R2", 150, date(2026, 7, 20))):
        session.add(
            Receivable(
                account_id=account.id, as_of=date(2026, 6, 20), invoice_no=number, due_on=due_on,
                amount=Decimal(amount), open_amount=Decimal(amount), batch_id=None,
            )
        )  # fmt: skip
    wanted = {date(2026, month, 1): (Decimal(100), None) for month in range(1, 7)}
    targets.set_many(session, OPERATOR, account.id, wanted)
    rollups.rebuild(session)
    return account


def _points(score):
    return {part.measure: round(part.points, 2) for part in score.parts}


def test_every_measure_has_its_points_and_the_score_is_their_mean(session, kam, harbour):
    score = health.scores(session, kam).scores[harbour.id]

    assert _points(score) == {
        Measure.TREND: Decimal(
            "33.33"
        ),  # 570 after 600; nothing swings, so 30 (5 %) is usual: −1 from −2 … 1
        Measure.PRICE: 0,  # 95 % of list after 100 %: −5 points
        Measure.RHYTHM: 100,  # 20 days after a median of 31
        Measure.OTIF: Decimal("53.33"),  # 5 of 6, from 70 to 95 %
        Measure.PAYMENT: Decimal("55.56"),  # 50 of 200 overdue, from 50 down to 5 %
        Measure.BREADTH: Decimal("16.67"),  # tea again, jam not: half, from 40 to 100 %
        Measure.TARGET: Decimal("83.33"),  # 570 of 600, from 70 to 100 %
        Measure.DATA: 100,  # confirmed ten days ago
    }
    # 25 × 33.33 + 10 × 100 + 15 × 53.33 + 10 × 55.56 + 10 × 16.67 + 10 × 83.33 + 5 × 100 = 4688.9 of 100
    assert score.value == Decimal("46.9")
    assert score.coverage == 1
    assert health.scores(session, kam).band(harbour.id) is Band.AMBER


def test_readings_carry_the_figures_behind_them(session, kam, harbour):
    score = health.scores(session, kam).scores[harbour.id]
    read = {part.measure: part.reading for part in score.parts}

    trend, rhythm = read[Measure.TREND], read[Measure.RHYTHM]
    assert [trend.now, trend.base, trend.more] == [570, 600, 30]
    assert [rhythm.now, rhythm.base] == [20, 31]
    assert rhythm.on == date(2026, 6, 10)
    assert [read[Measure.OTIF].now, read[Measure.OTIF].base] == [5, 6]
    assert [read[Measure.PAYMENT].now, read[Measure.PAYMENT].base] == [50, 200]
    assert read[Measure.PAYMENT].on == date(2026, 6, 20)


def test_the_window_is_cut_on_any_day(session, kam, harbour):
    # 16 December 2025 to 15 June 2026: six orders of 95; a year before six of 100. The two cut Decembers hold none.
    score = health.scores(session, kam, day=date(2026, 6, 15)).scores[harbour.id]
    trend = score.part(Measure.TREND).reading

    assert window(date(2026, 6, 15)) == Period.of(date(2025, 12, 16), date(2026, 6, 15))
    assert [trend.now, trend.base] == [570, 600]


def test_what_is_not_known_lowers_coverage_and_counts_nowhere(session, kam):
    account, product = factories.account(session, kam, "NEW"), factories.product(session)
    factories.line(session, account, product, DAY)
    rollups.rebuild(session)

    score = health.scores(session, kam).scores[account.id]

    assert [part.measure for part in score.parts] == [Measure.DATA]
    assert score.coverage == Decimal("0.05")
    assert health.scores(session, kam).band(account.id) is Band.UNKNOWN


def test_old_snapshots_and_few_deliveries_say_nothing(session, kam, harbour):
    later = DAY + timedelta(
        days=83
    )  # 93 days after the snapshot; five of six deliveries are older than six months

    score = health.scores(session, kam, day=later).scores[harbour.id]

    assert score.part(Measure.PAYMENT) is None
    assert score.part(Measure.OTIF) is None


def test_the_cheapest_way_brings_what_it_promises(session, kam, harbour):
    found = health.of_account(session, kam, harbour.id)

    # An order of x lifts trend by 25 × x ÷ 90 and target by 10 × x ÷ 180: 30 for 10 points. Less discount lifts
    # price by 15 × x ÷ 30 as well: 12. Debt, deliveries and jam bring fewer than 10 each.
    assert [(step.lever, step.amount) for step in found.ways.alone] == [
        (Lever.DISCOUNT, Decimal(12)),
        (Lever.ORDERS, Decimal(30)),
    ]
    assert found.ways.best == found.ways.alone[:1]
    before = found.score.exact
    product = factories.product(session, "ICE", category="TEA")
    factories.line(session, harbour, product, DAY, quantity="100", list_price="0.3", net_price="0.3")
    rollups.rebuild(session)
    after = health.scores(session, kam).scores[harbour.id]
    # The goods were sold at list price, so the price got better too: only what the order itself lifts is compared.
    trend, target = (
        after.part(one).points - found.score.part(one).points for one in (Measure.TREND, Measure.TARGET)
    )
    assert round(trend * 25 / 100 + target * 10 / 100, 6) == 10
    assert after.exact > before + 10


def test_every_single_lever_is_found(session, kam, harbour):
    # With the price out of the way and little wanted of others, each brings its own.
    settings.update(session, OPERATOR, {f"health_{one}_weight": 0 for one in ("trend", "price", "target")})

    found = health.of_account(session, kam, harbour.id).ways

    # Weights 10, 15, 10, 10, 5 = 50. Collecting all 50 brings 8.9, the deliveries 14, jam 16.7.
    # 10 points of the score are 500 ÷ 15 = 33.3 of deliveries: 86.67 points = 91.67 %: 6 more of (5 + 6) ÷ (6 + 6).
    levers = {step.lever: (step.amount, step.count, step.names) for step in found.alone}
    assert levers == {Lever.CATEGORIES: (Decimal(40), 1, ("JAM",)), Lever.DELIVERIES: (Decimal(570), 6, ())}
    assert found.best[0].lever is Lever.CATEGORIES


def test_debt_is_collected_in_whole_amounts(session, kam, harbour):
    names = ("trend", "price", "target", "otif", "breadth")
    settings.update(session, OPERATOR, {f"health_{one}_weight": 0 for one in names})

    found = health.of_account(session, kam, harbour.id).ways

    assert found.wanted == 10
    assert found.best[0].lever is Lever.DEBT
    # 10 points are 25 of the debt's: a share of 13.75 %, which (50 − x) ÷ (200 − x) is at 26.09.
    assert found.best[0].amount == 27


def test_history_is_read_anew_for_each_month_without_what_has_no_past(session, kam, harbour):
    found = health.of_account(session, kam, harbour.id)

    assert [one.day for one in found.history][-2:] == [date(2026, 4, 30), date(2026, 5, 31)]
    assert len(found.history) == 12
    assert found.left_out == {Measure.DATA}
    december = next(one for one in found.history if one.day == date(2025, 12, 31)).score
    # Nothing changed up to then: a trend of 0 is 66.7, prices and rhythm full, jam was not bought again.
    assert _points(december) == {
        Measure.TREND: Decimal("66.67"), Measure.PRICE: 100, Measure.RHYTHM: 100, Measure.BREADTH: 100,
    }  # fmt: skip
    assert december.coverage == Decimal("0.6")


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2026, 2, 17)])
def test_what_comes_later_changes_no_score_of_the_past(session, kam, harbour, day):
    dice = random.Random(7)
    before = health.at(session, kam, [day])[day]
    other = factories.product(session, "NUT", category="NUT")
    for number in range(60):
        booked = day + timedelta(days=dice.choice([1, 2, 5, 40, 100]))
        due = booked + timedelta(days=dice.randint(0, 9))
        factories.line(
            session, harbour, other, booked, quantity=str(dice.choice([-5, 3, 800])), list_price="2",
            net_price=dice.choice(["1", "2"]), order_no=f"L{number}", promised_on=due,
            delivered_on=due + timedelta(days=dice.randint(-2, 5)),
        )  # fmt: skip
    session.add(
        Receivable(
            account_id=harbour.id, as_of=day + timedelta(days=1), invoice_no="R9", due_on=date(2025, 1, 1),
            amount=Decimal(999), open_amount=Decimal(999), batch_id=None,
        )
    )  # fmt: skip
    harbour.confirmed_at = clock.now()
    rollups.rebuild(session)

    after = health.at(session, kam, [day])[day]

    assert after == before
    assert before[harbour.id].value is not None
    assert health.scores(session, kam).scores[harbour.id] != before[harbour.id]


def test_today_and_the_past_agree_where_both_know_the_same(session, kam, harbour):
    settings.update(session, OPERATOR, {"health_data_weight": 0})

    assert health.at(session, kam, [DAY])[DAY] == health.scores(session, kam).scores


def test_nobody_learns_of_accounts_that_are_not_theirs(session, kam, other_kam, director, harbour):
    theirs = factories.account(session, other_kam, "THEIRS")
    factories.line(session, theirs, factories.product(session), date(2026, 5, 1))
    rollups.rebuild(session)

    assert set(health.scores(session, kam).scores) == {harbour.id}
    assert {row.code for row in health.overview(session, kam).rows} == {"HARBOUR"}
    assert {row.code for row in health.overview(session, other_kam).rows} == {"THEIRS"}
    assert {row.code for row in health.overview(session, director).rows} == {"HARBOUR", "THEIRS"}
    with pytest.raises(NotFound):
        health.of_account(session, other_kam, harbour.id)


def test_everybody_sees_the_same_score_whether_they_may_see_cost_or_not(session, kam, director, harbour):
    with_cost = health.scores(session, OPERATOR).scores[harbour.id]

    assert health.scores(session, kam).scores[harbour.id] == with_cost
    assert health.scores(session, director).scores[harbour.id] == with_cost


def test_a_change_since_the_last_quarter_compares_like_with_like(session, kam, harbour):
    row = health.overview(session, kam).rows[0]

    # On 31 March receivables were not brought yet and data have no past: neither is in the comparison.
    assert health.overview(session, kam).quarter_end == date(2026, 3, 31)
    march = health.at(session, kam, [date(2026, 3, 31)])[date(2026, 3, 31)][harbour.id]
    assert march.part(Measure.PAYMENT) is None
    both = {part.measure for part in march.parts}
    now = [part for part in row.score.parts if part.measure in both]
    mean = sum(part.weight * part.points for part in now) / sum(part.weight for part in now)
    assert row.comparable == round(mean, 1)
    assert row.before == march.value
    assert row.net == 570


def test_weights_are_settings_and_stand_in_the_audit(session, kam, harbour):
    settings.update(session, OPERATOR, {"health_price_weight": 0, "health_trend_zero_at": Decimal(-1)})

    score = health.scores(session, kam).scores[harbour.id]

    assert score.part(Measure.TREND).points == 0
    assert score.part(Measure.PRICE) is None
    entry = session.query(AuditEntry).filter(AuditEntry.action == "setting:update").one()
    assert entry.changes == {"health_price_weight": [15, 0], "health_trend_zero_at": ["-2", "-1"]}


def test_who_may_not_see_revenue_sees_no_health(session, harbour):
    from core import auth
    from core.vocabulary import Role

    admin = auth.actor_for(factories.user(session, "ada", Role.ADMIN))
    for ask in (health.scores, health.overview):
        with pytest.raises(Forbidden):
            ask(session, admin)
