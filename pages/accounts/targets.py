"""Targets: twelve months of each account beside last year, changed in a grid and split by its season."""

import streamlit as st

from core import clock, db, portfolio, settings, target_plans
from core.filters import AccountFilter
from core.language import _
from core.periods import Period, add_months, fiscal_year_start
from core.vocabulary import Permission
from pages.ui import answers, filters, formats, gate, target_parts

actor = gate.require(Permission.REVENUE_READ)

with db.read() as session:
    decided = settings.get(session)
    choices = answers.asker(session, actor)(portfolio.choices)

this_year = fiscal_year_start(clock.today(), decided.fiscal_year_month)
years = {
    f"{add_months(this_year, 12 * shift):%Y-%m}": add_months(this_year, 12 * shift) for shift in (1, 0, -1)
}
words = {key: formats.period(Period(start, add_months(start, 12))) for key, start in years.items()}
owners = {str(key): name for key, name in choices["owner"].items() if key is not None}
everybody = {"all": _("All managers"), **owners}
own = str(actor.user_id) if str(actor.user_id) in owners else "all"

left, right = st.columns([2, 3], vertical_alignment="bottom")
with right, st.container(horizontal=True, horizontal_alignment="right"):
    year = filters.choice("year", _("Fiscal year"), words, f"{this_year:%Y-%m}", width=230)
    owner = filters.choice("manager", _("Manager"), everybody, own, width=230)
with left:
    st.title(_("Targets"))
    st.caption(_("Net revenue by month; an empty cell is no target, which is not zero."))

chosen = AccountFilter(owner_ids=frozenset({int(owner)})) if owner != "all" else AccountFilter()
with db.read() as session:
    plan = answers.asker(session, actor)(target_plans.plan, years[year], chosen)

if not plan.rows:
    st.info(_("There are no accounts here to set targets for."))
    st.stop()

name = f"{year}-{owner}"
place = st.container()
values = target_parts.grid(actor, plan, name, f"{words[year]} · {everybody[owner]}", decided.base_currency)
if target_parts.may_edit(actor):
    with place:
        target_parts.splitting(plan, name)
target_parts.totals(plan, values, decided.base_currency)
if owner == "all":
    target_parts.by_owner(plan)
