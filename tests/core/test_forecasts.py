"""Forecasts: chosen against the yardstick, frozen, set over with a reason, scored later, and told to nobody else."""

import json
import math
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from typer.testing import CliRunner

from core import (
    account_mergers,
    audit,
    auth,
    clock,
    db,
    doctor,
    forecast_intervals,
    forecast_methods,
    forecast_overrides,
    forecast_runs,
    forecast_scores,
    forecasts,
    revenue,
    rollups,
    targets,
)
from core.__main__ import app
from core.auth import OPERATOR
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.filters import AccountFilter
from core.forecast_accuracy import Errors, measure, scale_of
from core.forecast_intervals import BackTested
from core.models import ForecastOverride, ForecastPoint, ForecastSeries, ForecastSum, ForecastVersion, Group
from core.periods import Period, add_months, first_of_month
from core.vocabulary import ForecastMethod, ForecastStatus, Role
from tests import factories

NOW = first_of_month(clock.today())
YEAR = Period(NOW, add_months(NOW, 12))


def _decimals(*values):
    return [Decimal(value) for value in values]


def test_the_vector_looks_accurate_and_is_twice_as_bad_as_the_seasonal_naive():
    scale = scale_of(_decimals(90, 110, 75, 100, 95, 115, 78, 104), season=4)

    off = measure(_decimals(100, 120, 80, 110), _decimals(90, 130, 85, 100), scale)

    assert scale == Decimal("4.25")  # (5 + 5 + 3 + 4) / 4
    assert round(off.wape, 4) == Decimal("0.0854")  # 35 / 410
    assert round(off.bias, 4) == Decimal("-0.0122")  # -5 / 410
    assert round(off.mase, 2) == Decimal("2.06")  # 8.75 / 4.25


def test_nothing_measured_is_unknown_and_not_zero():
    assert (Errors().wape, Errors().bias, Errors().mase) == (None, None, None)
    assert scale_of(_decimals(*range(12))) is None
    assert scale_of([Decimal(5)] * 24) is None  # never changed: no yardstick to divide by
    assert measure(_decimals(0), _decimals(3)).wape is None


@given(st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99)), max_size=8), st.integers(0, 8))
def test_errors_of_parts_add_up_to_those_of_the_whole(pairs, cut):
    def errors(some):
        return measure([Decimal(a) for a, _ in some], [Decimal(b) for _, b in some], Decimal(4))

    assert errors(pairs) == errors(pairs[:cut]) + errors(pairs[cut:])


SEASON = [100, 80, 120, 90, 110, 130, 70, 60, 140, 150, 160, 200]


def test_a_series_that_repeats_itself_is_left_to_the_seasonal_naive():
    carried = forecast_methods.carry_on(SEASON * 3, 12)

    assert carried.method is ForecastMethod.SEASONAL_NAIVE
    assert carried.mean == tuple(map(float, SEASON))
    assert carried.spread == (0.0,) * 12


def test_a_level_that_moved_is_not_left_to_last_year():
    known = [100.0 + (7 * place % 5) for place in range(24)] + [
        400.0 + (7 * place % 5) for place in range(12)
    ]

    carried = forecast_methods.carry_on(known, 6)

    assert carried.method is not ForecastMethod.SEASONAL_NAIVE
    assert all(300 < one < 500 for one in carried.mean)


@pytest.mark.parametrize("known", [[], [0.0] * 30, [5.0, *[0.0] * 12]])
def test_an_account_without_revenue_for_a_year_is_expected_to_bring_nothing(known):
    carried = forecast_methods.carry_on(known, 3)

    assert (carried.method, carried.mean, carried.spread) == (ForecastMethod.NOTHING, (0.0,) * 3, (None,) * 3)


@pytest.mark.parametrize("length", [1, 2, 5, 6, 9, 12, 13, 14, 15])
def test_less_than_two_years_fall_back_and_say_no_interval_where_there_is_none(length):
    carried = forecast_methods.carry_on([float(100 + place) for place in range(length)], 12)

    assert len(carried.mean) == len(carried.spread) == 12
    assert all(map(math.isfinite, carried.mean))
    assert carried.method is not ForecastMethod.THETA
    if length <= 12:
        assert carried.method is not ForecastMethod.SEASONAL_NAIVE
    if length <= 8:
        assert carried.spread == (None,) * 12


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.0, 0.0, 1500.0, -200.0, 9e6]), min_size=13, max_size=40))
def test_orders_that_come_now_and_then_never_give_nonsense(known):
    carried = forecast_methods.carry_on(known, 12)
    last = max(map(abs, known))

    assert all(abs(one) <= 10 * last + 1 for one in carried.mean)
    widths = [one for one in carried.spread if one is not None]
    assert widths == sorted(widths)  # further ahead is never surer


def _tested(account_id, *origins):
    rows = [[back, actual, said, said] for back, actual, said in origins]
    return BackTested(account_id, ForecastMethod.AVERAGE, 36, None, rows)


def test_the_interval_of_a_sum_knows_whether_accounts_go_wrong_together():
    one = _tested(1, (3, [100_0000], [110_0000]), (2, [100_0000], [90_0000]), (1, [100_0000], [110_0000]))
    same = replace(one, account_id=2)
    opposite = _tested(3, (3, [100_0000], [90_0000]), (2, [100_0000], [110_0000]), (1, [100_0000], [90_0000]))

    own = Decimal("12.816")  # 1.2816 × 10

    widths = forecast_intervals.Tested([one, same, opposite]).half_widths([[0], [0, 1], [0, 2], []], 1, 1)

    assert widths == [own, 2 * own, 0, None]


def test_where_too_few_origins_reach_so_far_the_widths_of_months_are_added_up():
    near = [(back, [100_0000], [100_0000 + off]) for back, off in ((4, 10_0000), (3, -10_0000))]
    far = [(back, [100_0000] * 2, [100_0000 + off] * 2) for back, off in ((2, 10_0000), (1, 10_0000))]
    known = _tested(1, *near, *far)
    short = _tested(2, *near[:1], *far[:1])

    # Two origins reach the second month, which is too few: it counts as wide as the first.
    assert forecast_intervals.Tested([known, short]).half_widths([[0], [1]], 1, 2) == [
        2 * Decimal("12.816"),
        None,
    ]


def _line_months(session, account, product, amounts, end=NOW):
    for step, amount in enumerate(reversed(amounts), start=1):
        day = add_months(end, -step) + timedelta(days=9)
        factories.line(session, account, product, day, list_price=str(amount))


@pytest.fixture
def trade(session, kam, other_kam):
    """Anna's account repeats its year, Ben's is ten times as large."""
    tea = factories.product(session, "TEA")
    harbour = factories.account(session, kam, "HARBOUR", name="Harbour")
    hill = factories.account(session, other_kam, "ZZBEN", name="ZZBEN Hill")
    _line_months(session, harbour, tea, SEASON * 3)
    _line_months(session, hill, tea, [10 * one for one in SEASON] * 3)
    targets.set_many(session, OPERATOR, harbour.id, {NOW: (Decimal(110), None)})
    rollups.rebuild(session)
    return harbour, hill


def _made(session, actor=OPERATOR, on=None, horizon=12):
    version_id = forecast_runs.start(session, actor, on=on, horizon=horizon)
    found = forecast_runs.known(session, actor, version_id)
    carried = {
        key: forecast_methods.naive_only(list(map(float, one)), horizon) for key, one in found.series.items()
    }
    forecast_runs.finish(session, actor, found, carried)
    return version_id


def test_an_outlook_adds_up_and_a_manager_sees_only_their_own(session, trade, kam, other_kam, director):
    harbour, _hill = trade
    _made(session, director, on=NOW)

    mine = forecasts.outlook(session, kam, YEAR)
    everything = forecasts.outlook(session, director, YEAR)

    total = Decimal(sum(SEASON))
    assert (mine.expected, mine.actual, mine.target) == (total, 0, Decimal(110))
    assert [row.account_id for row in mine.rows] == [harbour.id]
    assert mine.low == mine.high == total  # it repeated itself to the cent
    assert (
        everything.expected == 11 * total == sum((row.expected or 0 for row in everything.rows), Decimal(0))
    )
    assert everything.expected == sum((month.expected or 0 for month in everything.months), Decimal(0))
    assert "ZZBEN" not in repr(mine)
    assert forecasts.company_series(session, kam, mine.version.id, YEAR) is None
    assert forecasts.company_series(session, director, mine.version.id, YEAR).expected == 11 * total
    theirs = forecasts.outlook(session, other_kam, YEAR)
    assert mine.expected + theirs.expected == everything.expected


def test_a_running_month_is_never_expected_to_end_below_what_is_booked_in_it(session, trade, kam, director):
    harbour, _hill = trade
    factories.line(session, harbour, factories.product(session, "RICE"), NOW, list_price="999")
    rollups.rebuild(session)
    _made(session, on=NOW)

    found = forecasts.outlook(session, director, YEAR)
    mine = forecasts.outlook(session, kam, YEAR)

    # The month was forecast at 100, and 999 came already; the eleven others stay as they were forecast.
    total = Decimal(sum(SEASON))
    assert mine.expected == mine.machine == total - 100 + 999
    assert (mine.actual, mine.rows[0].actual, mine.months[0].booked) == (999, 999, 999)
    assert (mine.months[0].actual, mine.months[0].expected) == (None, 999)
    assert mine.months[0].low >= 999
    months = sum((month.expected or Decimal(0) for month in found.months), Decimal(0))
    assert found.expected == mine.expected + 10 * total == months
    # The company's own series expected 1,100 of a month that has 999: that is left as it was.
    assert forecasts.company_series(session, director, found.version.id, YEAR).expected == 11 * total
    frozen = forecasts.outlook(session, kam, YEAR, as_then=True)
    assert (frozen.expected, frozen.actual) == (total, 0)


def test_groups_add_up_to_the_whole_and_have_the_interval_of_their_visible_accounts(
    session, trade, kam, director
):
    harbour, hill = trade
    ports = Group(code="PORTS", name="Ports")
    session.add(ports)
    session.flush()
    harbour.group_id = hill.group_id = ports.id
    session.flush()
    _made(session, on=NOW)

    (mine,) = forecasts.outlook(session, kam, YEAR).groups
    found = forecasts.outlook(session, director, YEAR)

    (whole,) = found.groups
    assert (whole.name, whole.accounts, whole.expected) == ("Ports", 2, found.expected)
    assert (whole.low, whole.high) == (found.low, found.high)
    assert (mine.name, mine.accounts, mine.expected) == ("Ports", 1, sum(SEASON))
    assert mine.low == mine.high == mine.expected


def test_of_an_account_without_a_forecast_counts_what_it_brought(session, trade, kam):
    _made(session, on=NOW)
    young = factories.account(session, kam, "YOUNG", name="Young")
    factories.line(session, young, factories.product(session, "RICE"), NOW, list_price="50")
    rollups.rebuild(session)

    found = forecasts.outlook(session, kam, YEAR)

    assert (found.missing, found.actual) == (1, 50)
    assert found.expected == found.machine == sum(SEASON) + 50


def test_a_total_of_somebody_has_nothing_of_others_in_it(session, trade, kam):
    _harbour, hill = trade
    version_id = _made(session, on=NOW)
    before = (
        forecasts.outlook(session, kam, YEAR),
        forecasts.back_test(session, kam, version_id),
        forecast_scores.frozen(session, kam),
    )
    forecast_overrides.set_over(session, OPERATOR, hill.id, NOW, Decimal(5), "Secret")
    session.execute(
        update(ForecastPoint).where(ForecastPoint.account_id == hill.id).values(mean_amount=Decimal(1))
    )
    session.execute(update(ForecastSeries).where(ForecastSeries.account_id == hill.id).values(back_test=[]))

    assert before == (
        forecasts.outlook(session, kam, YEAR),
        forecasts.back_test(session, kam, version_id),
        forecast_scores.frozen(session, kam),
    )
    for ask in (
        lambda: forecast_overrides.history(session, kam, hill.id),
        lambda: forecast_overrides.set_over(session, kam, hill.id, NOW, Decimal(1), "Mine"),
        lambda: forecast_scores.said_of(session, kam, hill.id),
    ):
        with pytest.raises(NotFound):
            ask()


def test_a_version_is_cut_by_business_dates_and_stays_what_it_was(session, trade, kam):
    harbour, _hill = trade
    tea = factories.product(session, "RICE")
    earlier = _made(session, on=add_months(NOW, -6) + timedelta(days=20))
    said = list(
        session.execute(select(ForecastPoint.month, ForecastPoint.mean_amount).order_by(ForecastPoint.month))
    )
    factories.line(session, harbour, tea, add_months(NOW, -3), list_price="99999")
    rollups.rebuild(session)
    _made(session, on=NOW)

    kept = select(ForecastPoint.month, ForecastPoint.mean_amount).where(ForecastPoint.version_id == earlier)
    assert sorted(session.execute(kept)) == sorted(said)
    assert forecasts.version(session, kam, earlier).first_month == add_months(NOW, -6)
    known = forecasts.outlook(
        session, kam, Period(add_months(NOW, -6), NOW), version_id=earlier, as_then=True
    )
    assert known.machine == sum(SEASON[6:])
    found = forecast_runs.Known(earlier, NOW, 12, {})
    with pytest.raises(Conflict):
        forecast_runs.finish(session, OPERATOR, found, {})


def test_an_override_counts_is_tracked_and_can_be_taken_back(session, trade, kam, viewer, director):
    harbour, _hill = trade
    _made(session, on=NOW)
    machine = forecasts.outlook(session, kam, YEAR).expected

    number = forecast_overrides.set_over(session, kam, harbour.id, NOW, Decimal(250), " A new store ", seen=0)

    found = forecasts.outlook(session, kam, YEAR)
    assert (found.expected, found.machine) == (machine + 150, machine)
    assert found.rows[0].overridden == 1
    with pytest.raises(Conflict) as overtaken:
        forecast_overrides.set_over(session, director, harbour.id, NOW, Decimal(1), "Other", seen=0)
    assert overtaken.value.current["amount"] == Decimal(250)
    second = forecast_overrides.set_over(
        session, director, harbour.id, NOW, Decimal(180), "Less", seen=number
    )
    forecast_overrides.withdraw(session, director, harbour.id, NOW, second)
    assert forecasts.outlook(session, kam, YEAR).expected == machine + 150
    forecast_overrides.withdraw(session, kam, harbour.id, NOW, number)
    assert forecasts.outlook(session, kam, YEAR).expected == machine
    rows = forecast_overrides.history(session, viewer, harbour.id)
    assert [(row.reason, row.recorded_by, row.withdrawn_by) for row in sorted(rows, key=lambda one: one.number)] == [
        ("A new store", "anna", "anna"), ("Less", "dora", "dora"),
    ]  # fmt: skip
    actions = [row.action for row in audit.search(session, director, account_id=harbour.id).rows]
    assert actions[:4] == ["forecast:withdraw", "forecast:withdraw", "forecast:override", "forecast:override"]
    with pytest.raises(Conflict):
        forecast_overrides.withdraw(session, kam, harbour.id, NOW, number)
    with pytest.raises(Forbidden):
        forecast_overrides.set_over(session, viewer, harbour.id, NOW, Decimal(1), "No")


@pytest.mark.parametrize(
    ("month", "amount", "reason", "field"),
    [
        (add_months(NOW, -1), Decimal(1), "Late", "month"),
        (NOW + timedelta(days=1), Decimal(1), "A day", "month"),
        (NOW, None, "Nothing", "amount"),
        (NOW, Decimal(1), "  ", "reason"),
    ],
)
def test_an_override_needs_an_open_month_an_amount_and_a_reason(
    session, trade, kam, month, amount, reason, field
):
    with pytest.raises(Invalid) as refused:
        forecast_overrides.set_over(session, kam, trade[0].id, month, amount, reason)
    assert set(refused.value.fields) == {field}


def test_forecast_and_override_are_scored_against_what_came(session, trade, kam):
    harbour, _hill = trade
    version_id = _made(session, on=add_months(NOW, -2))
    nothing_due = forecast_scores.frozen(session, kam)
    assert nothing_due.by_horizon[0].forecast.months == 0  # made today: it knew what had come
    early = clock.now() - timedelta(days=75)
    made = update(ForecastVersion).where(ForecastVersion.id == version_id)
    session.execute(made.values(made_at=early.replace(day=1)))
    month = add_months(NOW, -1)
    first = session.get(ForecastVersion, version_id).first_month
    session.execute(
        update(ForecastPoint)
        .where(ForecastPoint.account_id == harbour.id, ForecastPoint.month == month)
        .values(mean_amount=Decimal(150))
    )
    session.add(
        ForecastOverride(
            account_id=harbour.id, month=month, number=1, amount=Decimal(190), reason="Knew it", recorded_at=early,
            recorded_by="anna",
        )
    )  # fmt: skip
    session.flush()

    scores = forecast_scores.frozen(session, kam)

    assert first == add_months(NOW, -2)
    second = scores.by_horizon[1]  # two months ahead: 150 said, 200 came, 200 the year before
    assert (second.forecast.months, second.forecast.absolute, second.forecast.signed) == (
        1,
        Decimal(50),
        Decimal(-50),
    )
    assert second.yardstick.absolute == 0
    assert (scores.overrides.absolute, scores.set_over.absolute) == (Decimal(10), Decimal(50))


def test_only_one_run_at_a_time_and_a_dead_one_is_buried(session, trade, director, kam, viewer):
    for stranger in (kam, viewer):
        with pytest.raises(Forbidden):
            forecast_runs.start(session, stranger)
    admin = auth.actor_for(factories.user(session, "adam", Role.ADMIN))
    first = forecast_runs.start(session, admin)
    forecast_runs.note(session, admin, first, 1, 4)
    assert forecast_runs.latest(session, director).share == 0.25
    with pytest.raises(Conflict):
        forecast_runs.start(session, director)
    silent = clock.now() - timedelta(minutes=11)
    session.execute(update(ForecastVersion).values(heard_at=silent))
    session.expire_all()
    assert forecast_runs.latest(session, kam).status is ForecastStatus.FAILED

    second = forecast_runs.start(session, director)

    session.expire_all()
    assert session.get(ForecastVersion, first).status is ForecastStatus.FAILED
    with pytest.raises(Conflict):
        forecast_runs.note(session, admin, first, 2, 4)
    forecast_runs.fail(session, director, second, "The disk is full.")
    assert forecast_runs.latest(session, kam).problem == "The disk is full."
    assert forecasts.outlook(session, director, YEAR) is None
    assert session.scalar(select(func.count()).select_from(ForecastPoint)) == 0


def test_a_store_without_revenue_is_refused_with_a_sentence(session, director):
    with pytest.raises(Invalid, match="Import orders first"):
        forecast_runs.start(session, director)
    with pytest.raises(Invalid, match="between 1 and 24"):
        forecast_runs.start(session, director, horizon=25)


def test_a_merged_account_counts_at_the_kept_one_and_goes_back_when_undone(session, trade, director):
    harbour, hill = trade
    version_id = _made(session, on=NOW)
    forecast_overrides.set_over(session, OPERATOR, hill.id, NOW, Decimal(2000), "Large order")
    before = forecasts.outlook(session, director, YEAR)

    merger = account_mergers.merge(
        session, director, hill.id, harbour.id, versions=(hill.version, harbour.version)
    )
    merged = forecasts.outlook(session, director, YEAR, version_id=version_id)

    assert (merged.expected, merged.machine) == (before.expected, before.machine)
    assert [row.code for row in merged.rows] == ["HARBOUR"]
    account_mergers.undo(session, director, merger)
    assert forecasts.outlook(session, director, YEAR, version_id=version_id) == before
    assert [check.name for check in doctor.examine(session, OPERATOR) if not check.is_well] == []


def test_groups_and_the_company_are_carried_on_too(session, trade, director):
    _harbour, hill = trade
    group = factories.account(session, None, "SPARE")  # without revenue: no series
    version_id = _made(session, on=NOW)
    months = session.scalar(select(func.count()).where(ForecastSum.version_id == version_id))
    assert months == 12  # no groups here: the company alone
    assert group.id not in session.scalars(select(ForecastSeries.account_id)).all()
    filtered = forecasts.outlook(session, director, YEAR, AccountFilter(account_ids=frozenset({hill.id})))
    assert [row.code for row in filtered.rows] == ["ZZBEN"]


def test_the_command_makes_a_version_and_prints_one_document(session, trade):
    session.commit()

    answer = CliRunner().invoke(app, ["forecast", "run", "--on", f"{NOW}", "--horizon", "3", "--json"])

    assert answer.exit_code == 0, answer.output
    document = json.loads(answer.stdout)
    assert (document["first_month"], document["series"]) == (f"{NOW}", 3)
    with db.read() as reading:
        assert forecasts.version(reading, OPERATOR).horizon == 3


def test_a_run_that_breaks_leaves_nothing_and_says_why(session, trade, monkeypatch):
    session.commit()

    def broken(*_given, **_named):
        raise KeyboardInterrupt

    monkeypatch.setattr(forecast_runs, "carry_all", broken)
    CliRunner().invoke(app, ["forecast", "run", "--json"])

    with db.read() as reading:
        run = forecast_runs.latest(reading, OPERATOR)
        assert run.status is ForecastStatus.FAILED
        assert "stopped" in run.problem
        assert reading.scalar(select(func.count()).select_from(ForecastPoint)) == 0


def test_pages_start_without_the_library():
    import subprocess
    import sys

    code = "import sys, core.forecasts, core.forecast_runs, core.forecast_scores; print('statsmodels' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_revenue_and_the_months_of_an_outlook_agree(session, trade, kam):
    _made(session, on=add_months(NOW, -3))
    span = Period(add_months(NOW, -12), NOW)

    found = forecasts.outlook(session, kam, span)

    assert found.actual == revenue.totals(session, kam, span).net == found.expected
    assert found.expected == sum((month.actual or 0 for month in found.months), Decimal(0))


def test_the_first_month_is_the_one_after_the_newest_complete_one(session, kam):
    tea, account = factories.product(session, "TEA"), factories.account(session, kam)
    factories.line(session, account, tea, date(2011, 12, 9))
    rollups.rebuild(session)
    assert forecast_runs._first_month(session, None) == date(2011, 12, 1)  # stops on the ninth: not complete
    factories.line(session, account, tea, date(2011, 12, 30))
    rollups.rebuild(session)
    assert forecast_runs._first_month(session, None) == date(2012, 1, 1)
