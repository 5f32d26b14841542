"""Forecast: where the year is expected to end, how far such forecasts were off, and what managers expect instead."""

import streamlit as st

from core import clock, db, forecast_runs, forecast_scores, forecasts, settings
from core.language import _
from core.periods import Period, add_months, fiscal_year_start
from core.vocabulary import Permission
from pages.ui import answers, filters, forecast_parts, forecast_runs_parts, formats, gate

actor = gate.require(Permission.REVENUE_READ)

with db.read() as session:
    decided = settings.get(session)
    run = forecast_runs.latest(session, actor)
    versions = forecasts.versions(session, actor)

currency = decided.base_currency
this_year = fiscal_year_start(clock.today(), decided.fiscal_year_month)

left, right = st.columns([2, 3], vertical_alignment="bottom")
left.title(_("Forecast"))
if not versions:
    forecast_runs_parts.progress(run)
    forecast_runs_parts.empty(actor, run)
    st.stop()

with right, st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="bottom"):
    years = {f"{one:%Y-%m}": one for one in (this_year, add_months(this_year, 12))}
    words = {key: formats.period(Period(one, add_months(one, 12))) for key, one in years.items()}
    year = filters.choice("year", _("Fiscal year"), words, f"{this_year:%Y-%m}", width=210)
    names = {str(one.id): forecast_parts.version_name(one) for one in versions}
    chosen = filters.choice("version", _("Version"), names, str(versions[0].id), width=290)
    forecast_runs_parts.start_button(actor, run)

period = Period(years[year], add_months(years[year], 12))
with db.read() as session:
    ask = answers.asker(session, actor)
    outlook = ask(forecasts.outlook, period, version_id=int(chosen))
    own = ask(forecasts.company_series, int(chosen), period)
with left:
    forecast_parts.as_of(outlook)
forecast_runs_parts.progress(run)

if outlook is None or not outlook.rows:
    st.info(_("None of your accounts has revenue to carry on yet."))
    st.stop()

forecast_parts.figures(outlook, own, currency)
with st.container(border=True):
    forecast_parts.picture(outlook, currency)
by_account, accuracy = st.tabs(
    [_("Accounts and groups"), _("How far off")], key="forecast_tab", on_change="rerun"
)
if by_account.open:
    with by_account:
        forecast_parts.accounts(actor, outlook, currency)
if accuracy.open:
    with accuracy, db.read() as session:
        ask = answers.asker(session, actor)
        tested = ask(forecasts.back_test, int(chosen))
        scores = ask(forecast_scores.frozen)
    with accuracy:
        forecast_parts.accuracy(tested, scores)
