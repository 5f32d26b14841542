"""What the demo company expected some months ago: the same month of the year before, and two managers' own figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from core import forecast_methods, forecast_runs
from core.auth import OPERATOR
from core.demo.rows import Ids, morning
from core.demo.scene import Scene
from core.forecast_methods import Carried
from core.models import ForecastOverride, ForecastVersion
from core.money import round_money
from core.periods import add_months, first_of_month
from core.vocabulary import ForecastStatus, Role

_MADE = (-6, -1)  # months from the running one
_HORIZON = 12
_OWN_FIGURES = (
    # months from the running one, place of the account, its share of the forecast, and why
    (-1, 0, Decimal("1.08"), "Two new stores open this month"),
    (1, 1, Decimal("0.85"), "The buyer announced a lower stock target"),
)


def forecasts(session: Session, scene: Scene, ids: Ids) -> None:
    """Two versions by the seasonal naive alone, as their label says, and what managers set over."""
    this_month = first_of_month(scene.calendar.today)
    planner = next(one.username for one in scene.company.people if Role.DIRECTOR in one.roles)
    carried: dict[forecast_runs.Key, Carried] = {}
    for shift in _MADE:
        version = _version(session, add_months(this_month, shift), planner)
        found = forecast_runs.known(session, OPERATOR, version.id)
        carried = {
            key: forecast_methods.naive_only(list(map(float, known)), _HORIZON)
            for key, known in found.series.items()
        }
        forecast_runs.write(session, OPERATOR, found, carried)
        version.status, version.running = ForecastStatus.DONE, None
        version.series_done = version.series_total = len(carried)
        session.flush()
    _own_figures(session, scene, ids, this_month, carried)


def _version(session: Session, first_month: date, planner: str) -> ForecastVersion:
    made_at = morning(first_month + timedelta(days=2))
    row = ForecastVersion(
        first_month=first_month, horizon=_HORIZON, status=ForecastStatus.RUNNING, running=1,
        engine="seasonal naive", problem="", made_by=planner, user_id=None, made_at=made_at, heard_at=made_at,
        finished_at=made_at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def _own_figures(
    session: Session, scene: Scene, ids: Ids, this_month: date, carried: Mapping[forecast_runs.Key, Carried]
) -> None:
    for shift, place, share, reason in _OWN_FIGURES:
        if place >= len(ids.accounts) or ("account", ids.accounts[place]) not in carried:
            continue
        month = add_months(this_month, shift)
        said = carried["account", ids.accounts[place]].mean[shift - _MADE[-1]]
        told_on = min(month, scene.calendar.today) - timedelta(days=5)
        session.add(
            ForecastOverride(
                account_id=ids.accounts[place], month=month, number=1,
                amount=round_money(Decimal(round(said * float(share), -3))), reason=reason,
                recorded_at=morning(told_on), recorded_by=scene.company.accounts[place].owner,
                withdrawn_at=None, withdrawn_by=None,
            )
        )  # fmt: skip
    session.flush()
