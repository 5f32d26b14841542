"""How much depends on few: the curve, its classes, and the index with its convention."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import db, dependence, settings
from core.auth import Actor
from core.dependence import AbcClass, Band, Dependence
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import N_, _
from core.periods import Period
from core.settings import Settings
from pages.ui import answers, charts, figure_charts, figure_parts, formats
from pages.ui.forms import plain

TOP = 10
_BANDS = {Band.LOW: N_("spread out"), Band.MODERATE: N_("moderate"), Band.HIGH: N_("high")}


def show(
    actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS, currency: str = "MYR", *,
    key: str = "concentration",
) -> None:  # fmt: skip
    """By account or by group, over the period against the same one a year earlier."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by_group = st.toggle(_("Groups as one"), key=f"{key}_groups")
    with db.read() as session:
        decided = settings.get(session)
        ask = answers.asker(session, actor)
        found = ask(dependence.of, period, period.shifted(-12), accounts, by_group=by_group)
    if not found.holders:
        st.info(_("Nobody has positive net revenue in this period."))
        return
    best = found.of_class(AbcClass.A)
    title = _("{count} of {all} bring {share} of net revenue").format(
        count=formats.number(len(best)),
        all=formats.number(len(found.holders)),
        share=formats.percent(best[-1].cumulative),
    )
    st.markdown(f"**{title}**")
    _metrics(found, decided)
    left, right = st.columns([3, 2])
    with left:
        cuts = (decided.abc_a_share, decided.abc_b_share)
        figure = figure_charts.curve(
            [one.cumulative for one in found.holders], [one.name for one in found.holders], cuts
        )
        greatest = found.holders[0]
        alt = _("{title}. The greatest, {name}, brings {share}.").format(
            title=title, name=greatest.name, share=formats.percent(greatest.share)
        )
        charts.show(figure, alt=alt, key=f"chart_{key}")
    with right:
        _classes(found, decided, currency)
    _list(actor, found, currency, key)


def _metrics(found: Dependence, decided: Settings) -> None:
    now, then = found.concentration, found.before
    was = _("a year earlier {value}")
    with st.grid(4, min_column_width=140):
        st.metric(_("HHI"), formats.number(now.hhi), border=True, help=_band_rule(decided))
        st.metric(
            _("Effective number"), formats.number(now.effective_accounts, places=1), border=True,
            help=_("As many of one size would be as concentrated: 10,000 ÷ HHI."),
        )  # fmt: skip
        st.metric(
            _("Top-{count} share").format(count=TOP), formats.percent(now.top_share(TOP)), border=True,
            help=_("Net revenue of the greatest ÷ that of all with positive net revenue."),
        )  # fmt: skip
        st.metric(
            _("Gini coefficient"), formats.number(now.gini, places=2), border=True,
            help=_("0: all of one size; near 1: one brings nearly everything."),
        )  # fmt: skip
    texts = [_("HHI {band}").format(band=_(_BANDS[found.band]))] if found.band else []
    if then is not None and then.hhi is not None:
        share = was.format(value=formats.percent(then.top_share(TOP)))
        top = _("Top-{count} share").format(count=TOP)
        texts += [f"HHI {was.format(value=formats.number(then.hhi))}", f"{top} {share}"]
    st.caption(" · ".join(texts))


def _band_rule(decided: Settings) -> str:
    return _(
        "Sum of squared shares × 10,000. Moderate from {moderate}, high from {high}: bands of competition law, for "
        "customers only a convention; Settings hold them."
    ).format(moderate=formats.number(decided.hhi_moderate), high=formats.number(decided.hhi_high))


def _classes(found: Dependence, decided: Settings, currency: str) -> None:
    rules = {
        AbcClass.A: _("up to {share} of net revenue").format(
            share=formats.percent(decided.abc_a_share, places=0)
        ),
        AbcClass.B: _("up to {share} of net revenue").format(
            share=formats.percent(decided.abc_b_share, places=0)
        ),
        AbcClass.C: _("the rest"),
    }
    for abc, rule in rules.items():
        rows = found.of_class(abc)
        total = sum((one.amount for one in rows), start=found.holders[0].amount * 0)
        st.markdown(
            f"**{abc.value}** · {rule}  \n{formats.number(len(rows))} · {formats.compact(total, currency)}"
        )
    st.caption(_("Whoever reaches into a class belongs to it. Dotted lines are the classes' limits."))
    st.caption(plain(_("Greatest: {name}").format(name=found.holders[0].name)))


def _list(actor: Actor, found: Dependence, currency: str, key: str) -> None:
    rows = found.holders
    frame = pd.DataFrame(
        {
            "rank": list(range(1, len(rows) + 1)),
            "code": [one.code for one in rows],
            "name": [one.name for one in rows],
            "accounts": [one.account_count for one in rows],
            "class": [one.abc.value for one in rows],
            "net_revenue": [one.amount for one in rows],
            "share": [one.share for one in rows],
            "cumulative_share": [one.cumulative for one in rows],
        }
    )
    columns = {
        "rank": figure_parts.numbers(_("Rank"), "%d"),
        "code": figure_parts.texts(_("Code")),
        "name": figure_parts.texts(_("Group or account") if found.by_group else _("Account"), "medium"),
        "accounts": figure_parts.numbers(_("Accounts"), "%d"),
        "class": figure_parts.texts(_("Class")),
        "net_revenue": figure_parts.amounts(_("Net revenue"), currency),
        "share": figure_parts.shares(_("Share")),
        "cumulative_share": figure_parts.shares(_("Share so far")),
    }
    if not found.by_group:
        frame, columns = frame.drop(columns="accounts"), {k: v for k, v in columns.items() if k != "accounts"}
    codes = [one.code if one.account_id is not None else None for one in rows]
    words = {"period": formats.period(found.period), "by": "group" if found.by_group else "account"}
    alt = _("Ranked by net revenue, with the share so far.")
    figure_parts.listing(actor, key, frame, columns, codes, alt=alt, words=words)
