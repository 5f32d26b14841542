"""Causes on a page: the causes of one account, and movements that nobody has explained, ranked by money."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from core import causes, clock, db
from core.accounts import AccountDetail
from core.attention import Kind, Today
from core.auth import Actor
from core.causes import CauseRow, Explained, Movement
from core.filters import AccountFilter
from core.language import _, ngettext
from core.periods import Period
from pages.ui import answers, cause_form, cause_words, filters, formats, navigation, today_parts
from pages.ui.forms import plain

FIRST = 8
_SHOWN = "unexplained_shown"


def show(actor: Actor, period: Period, accounts: AccountFilter, currency: str) -> None:
    """What of the change on last year has a recorded cause, and what has none."""
    between(actor, period, period.shifted(-12), accounts, currency)


def between(actor: Actor, period: Period, base: Period, accounts: AccountFilter, currency: str) -> None:
    """The same between any two windows."""
    with db.read() as session:
        found = answers.asker(session, actor)(causes.explained, period, base, accounts)
    unexplained(actor, found, currency)


def unexplained(actor: Actor, found: Explained, currency: str) -> None:
    """How much of the change has a recorded cause, and what has none, the most money first, each with its button."""
    share(found, currency)
    rows = found.unexplained
    if not rows:
        st.success(_("Every movement has a recorded cause."), icon=":material/check_circle:")
        return
    count = st.session_state.get(_SHOWN, FIRST)
    for row in rows[:count]:
        _movement(actor, found, row, currency)
    left = len(rows) - count
    if left > 0 and st.button(
        ngettext("Show more ({count} left)", "Show more ({count} left)", left).format(count=left),
        icon=":material/expand_more:",
        key="unexplained_more",
    ):
        st.session_state[_SHOWN] = count + 25
        st.rerun()


def share(found: Explained, currency: str) -> None:
    """The share of change with a recorded cause, with what it is made of and how."""
    with st.container(border=True, gap="xsmall"):
        st.metric(_("Share of change with a recorded cause"), formats.percent(found.share))
        st.caption(
            _("{explained} of {change} that {count} accounts moved up or down; {rows} order lines").format(
                explained=formats.compact(found.explained, currency),
                change=formats.compact(found.change, currency),
                count=formats.number(len(found.movements)),
                rows=formats.number(found.rows),
            ),
            help=_(
                "Each account's change counts without its sign. It is explained by a cause that acted in either period "
                "or between them: whole without an amount, up to its amount with one, and up to the change of its "
                "product or category where it names one."
            ),
        )


def _movement(actor: Actor, found: Explained, row: Movement, currency: str) -> None:
    with st.container(border=True, gap="xsmall", key=f"movement_{row.account_id}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            if st.button(
                plain(row.name), key=f"moved_{row.account_id}", type="tertiary", icon=":material/storefront:"
            ):
                st.switch_page(
                    navigation.PAGES / "accounts/account.py",
                    query_params={"account": row.code, **filters.chosen_period()},
                )
            with st.container(horizontal=True, width="content", vertical_alignment="center"):
                st.markdown(f"**{formats.compact(row.unexplained, currency)}**", width="content")
                text = movement_text(found.period, row, currency)
                key = f"why_{row.account_id}"
                cause_form.say_why(actor, row.account_id, row.name, found.period, key=key, text=text)
        said = [movement_text(found.period, row, currency)]
        if row.asks:
            said.append(_("beyond what is usual for it"))
        said += [cause_words.said(cause, currency) for cause in row.causes]
        st.markdown(f":small[:gray[{plain(' · '.join(said))}]]")


def movement_text(period: Period, row: Movement, currency: str) -> str:
    """`−120K in Aug – Oct 2026 (380K after 500K)`."""
    return _("{change} ({period}): {now} after {then}").format(
        change=formats.compact(row.change, currency, signed=True),
        period=formats.period(period),
        now=formats.compact(row.now, currency),
        then=formats.compact(row.then, currency),
    )


def button(actor: Actor, account: AccountDetail, period: Period, waiting: Today, currency: str) -> None:
    """Says of the account on the page why it moved: in the months that wait for it, else on the period's last day."""
    if account.is_unassigned:
        return
    item = next((one for one in waiting.items if one.kind is Kind.UNEXPLAINED), None)
    day = min(period.last_day, clock.today())
    days, text = Period(day, day + timedelta(days=1)), ""
    if item is not None and item.period is not None:
        days, text = item.period, today_parts.sentence(item, currency)
    cause_form.say_why(actor, account.id, account.name, days, key="say_why", text=text)


def of_account(actor: Actor, account: AccountDetail, period: Period, currency: str) -> None:
    """The change of the period on last year with what explains it, and every recorded cause."""
    only = AccountFilter(account_ids=frozenset({account.id}))
    with db.read() as session:
        ask = answers.asker(session, actor)
        found = ask(causes.explained, period, period.shifted(-12), only)
        rows = ask(causes.search, only)
    for moved in found.movements:
        st.markdown(
            "**"
            + plain(
                _("{movement} a year before; {share} of the change has a recorded cause").format(
                    movement=movement_text(period, moved, currency),
                    share=formats.percent(found.share, places=0),
                )
            )
            + "**"
        )
    if not rows:
        st.info(
            _("Nobody has recorded yet why this account's revenue moved. “Say why” above takes two clicks.")
        )
    for cause in rows:
        _cause(actor, account, cause, currency)


def _cause(actor: Actor, account: AccountDetail, cause: CauseRow, currency: str) -> None:
    below = _("Recorded by {who}, {when}").format(
        who=cause.recorded_by, when=formats.moment(cause.recorded_at)
    )
    if cause.note:
        below = f"{cause.note} · {below}"
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"),
    ):
        st.markdown(
            f"{plain(cause_words.said(cause, currency))}  \n:small[:gray[{plain(below)}]]", width="stretch"
        )
        cause_form.change(actor, cause, account.name)
