"""Starting a forecast run and seeing how far it is: the run goes on whatever anybody clicks."""

from __future__ import annotations

from decimal import Decimal

import streamlit as st

from core import db, forecast_runs
from core.auth import Actor
from core.errors import UtamaError
from core.forecast_runs import Run
from core.language import _
from core.vocabulary import ForecastStatus, Permission
from pages.ui import dialogs, form_memory, formats
from pages.ui.forms import plain

_GLANCE = 2  # seconds between two looks at a run


def start_button(actor: Actor, run: Run | None, *, key: str = "forecast_start") -> None:
    """Starts a run; only for who may, and only while none is going on."""
    if not actor.may(Permission.FORECAST_RUN) or _is_running(run):
        return
    if st.button(_("Forecast anew"), key=key, icon=":material/play_arrow:"):
        _start(actor)


def _start(actor: Actor) -> None:
    try:
        with db.write() as session:
            version_id = forecast_runs.start(session, actor)
        forecast_runs.launch(actor, version_id)
    except UtamaError as error:
        st.error(plain(error.message))
        return
    form_memory.flash(_("The forecast is being made. You can go on working."))
    st.rerun()


def empty(actor: Actor, run: Run | None) -> None:
    """What stands here before the first version."""
    if _is_running(run):
        return
    st.info(_("There is no forecast yet. A run carries every account on and takes a few minutes."))
    if actor.may(Permission.FORECAST_RUN):
        start_button(actor, run, key="forecast_first")
    else:
        st.caption(_("A director or an administrator can start it."))


def progress(run: Run | None) -> None:
    """How far a run is, looked at every few seconds; why the last one failed."""
    if run is None or run.status is ForecastStatus.DONE:
        return
    if run.status is ForecastStatus.FAILED:
        said = _("The run of {moment} failed: {problem}").format(
            moment=formats.moment(run.started_at), problem=run.problem
        )
        st.warning(plain(said), icon=":material/warning:")
        return
    dialogs.repeated(_GLANCE, _watched)


def _watched(actor: Actor) -> None:
    with db.read() as session:
        run = forecast_runs.latest(session, actor)
    if run is None or not _is_running(run):
        st.rerun(scope="app")
    label = _("A forecast is being made: {share} of the series are carried on.").format(
        share=formats.percent(Decimal(str(run.share)), places=0)
    )
    st.progress(run.share, text=label)


def _is_running(run: Run | None) -> bool:
    return run is not None and run.status is ForecastStatus.RUNNING
