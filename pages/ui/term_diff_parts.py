"""“Then” and “now” side by side: what was added, ended and changed between two moments of either clock."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import clock, db, term_diffs
from core.auth import Actor
from core.language import _, ngettext
from core.periods import add_months
from core.term_diffs import Diff, Difference, Kind, Moment
from core.terms import TermRow
from pages.ui import answers, formats, tables, term_words
from pages.ui.term_words import Words


def show(actor: Actor, account_id: int, words: Words) -> None:
    """The two moments, kept in the address, and what differs."""
    then, now = _moments()
    with db.read() as session:
        found = answers.asker(session, actor)(term_diffs.between, account_id, then, now)
    st.markdown(f"**{_finding(found)}**")
    if not found.rows:
        return
    _table(found, words, (_said(then), _said(now)))


def _moments() -> tuple[Moment, Moment]:
    """Each is a day on which terms hold, and a day on which they were known."""
    today = clock.today()
    left, right = st.columns(2)
    with left, st.container(border=True):
        then = _moment(_("Then"), "then", add_months(today, -12))
    with right, st.container(border=True):
        now = _moment(_("Now"), "now", today)
    return then, now


def _moment(title: str, name: str, day: object) -> Moment:
    st.markdown(f"**{title}**")
    left, right = st.columns(2)
    with left:
        on = st.date_input(
            _("What holds on"), day, key=f"{name}_on", bind="query-params", format="DD/MM/YYYY"
        )  # type: ignore[call-overload]
    with right:
        known = st.date_input(
            _("as known on"), None, key=f"{name}_known", bind="query-params", format="DD/MM/YYYY",
            max_value=clock.today(), help=_("Empty: as known now. What was recorded later is left out."),
        )  # fmt: skip
    return Moment(on or clock.today(), known)


def _said(moment: Moment) -> str:
    day = formats.day(moment.on)
    if moment.known_on is None:
        return day
    return _("{day}, known {known}").format(day=day, known=formats.day(moment.known_on))


def _finding(found: Diff) -> str:
    if not found.rows:
        return ngettext("Nothing differs: {count} term is the same.", "Nothing differs: {count} terms are the same.",
                        found.same).format(count=found.same)  # fmt: skip
    return _("{added} added, {changed} changed, {ended} ended, {same} the same").format(
        added=found.count(Kind.ADDED),
        changed=found.count(Kind.CHANGED),
        ended=found.count(Kind.ENDED),
        same=found.same,
    )


def _table(found: Diff, words: Words, titles: Sequence[str]) -> None:
    names = term_words.differences()

    def value(row: TermRow | None) -> str | None:
        return None if row is None else f"{words.value(row)} ({term_words.days(row)})"

    def moved(one: Difference) -> str:
        """`13.5% → 14.5%`; where only its days changed, once."""
        then, now = (formats.UNKNOWN if row is None else words.value(row) for row in (one.then, one.now))
        return now if then == now else f"{then} → {now}"

    frame = pd.DataFrame(
        {
            "goods": [words.goods(one.row) for one in found.rows],
            "change": [moved(one) for one in found.rows],
            "what": [names[one.kind] for one in found.rows],
            "then": [value(one.then) for one in found.rows],
            "now": [value(one.now) for one in found.rows],
            "kind": [words.kind(one.row) for one in found.rows],
            "whom": [words.whom(one.row) for one in found.rows],
            "why": [one.row.reason for one in found.rows],
        }
    )
    column = st.column_config
    columns = {
        "goods": column.TextColumn(_("Goods"), width=160, pinned=True),
        "change": column.TextColumn(_("Value")),
        "what": column.TextColumn(_("Difference")),
        "then": column.TextColumn(_("Then: {moment}").format(moment=titles[0]), width="large"),
        "now": column.TextColumn(_("Now: {moment}").format(moment=titles[1]), width="large"),
        "kind": column.TextColumn(_("Kind")),
        "whom": column.TextColumn(_("For whom")),
        "why": column.TextColumn(_("Why")),
    }
    tables.plain_frame(frame, columns, key="term_diff", alt=_("Terms then and now, side by side"))
