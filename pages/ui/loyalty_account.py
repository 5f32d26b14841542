"""Loyalty on Account: how far the account is, what it may gain or lose, its ledger with reasons, its statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core import clock, db, reports
from core.accounts import AccountDetail
from core.auth import Actor
from core.language import LANGUAGES, _, current
from core.loyalty import account_statement, benefits, grants, statements, status
from core.loyalty.benefits import UsedBenefits
from core.loyalty.grants import GrantRow
from core.loyalty.specs import Spec, TierSpec
from core.loyalty.standings import TierStanding
from core.loyalty.statements import EntryRow, LotRow
from core.loyalty.status import Status
from core.loyalty_vocabulary import EntryKind, TierSource
from core.money import ZERO, ratio
from core.periods import Period, shift_day
from core.reports import loyalty_statement
from core.vocabulary import Permission
from pages.ui import (
    answers,
    charts,
    dialogs,
    formats,
    forms,
    loyalty_charts,
    loyalty_forms,
    loyalty_words,
    tables,
)
from pages.ui.forms import plain

SHOWN = 300  # entries in the table; the statement has all of a period


def show(actor: Actor, account: AccountDetail, currency: str) -> None:
    """The whole part, from the standing down to single entries."""
    if not actor.may(Permission.LOYALTY_READ):
        st.info(_("Points and tiers are shown to who may read loyalty."))
        return
    with db.read() as session:
        ask = answers.asker(session, actor)
        found = ask(status.of_account, account.id)
        entries = ask(statements.entries, account.id)
        lots = ask(statements.lots, account.id)
        given = ask(grants.search, account.id)
        used = ask(benefits.of_account, account.id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        loyalty_forms.buttons(actor, account, found)
        if entries:
            _statement(actor, account)
        _leave(actor, account, found)
    if not entries and found.tier is None:
        st.info(_("This account takes part in no loyalty programme and has no points."))
        return
    _standing(found, currency)
    _tiles(found, currency)
    left, right = st.columns([3, 2])
    with left, st.container(border=True, height="stretch"):
        _progress(found, currency)
        _worth(used, currency)
    with right, st.container(border=True, height="stretch"):
        _ahead(found)
    _granted(actor, account, given)
    _agrees(found)
    _ledger(account, entries)
    _lots(lots)


def _leave(actor: Actor, account: AccountDetail, found: Status) -> None:
    if found.tier is None or not actor.may(Permission.LOYALTY_WRITE):
        return
    if st.button(_("Leave the programme"), key="loyalty_leave", type="tertiary", icon=":material/logout:"):
        dialogs.ask(_("Leave the programme"), loyalty_forms.leave, account)


def _statement(actor: Actor, account: AccountDetail) -> None:
    """The statement of a period as a PDF, in the customer's language."""
    if not actor.may(Permission.DATA_EXPORT):
        return
    today = clock.today()
    with st.popover(_("Statement"), icon=":material/description:", key="loyalty_statement"):
        first = st.date_input(
            _("From"), shift_day(today, -3).replace(day=1), key="statement_from", format="DD/MM/YYYY"
        )
        last = st.date_input(_("To"), today, key="statement_to", format="DD/MM/YYYY", max_value=today)
        speaks = st.selectbox(
            _("Language"), list(LANGUAGES), index=list(LANGUAGES).index(current()),
            format_func=LANGUAGES.__getitem__, key="statement_language",
        )  # fmt: skip
        if not isinstance(first, date) or not isinstance(last, date) or last < first:
            st.error(_("The last day is the first one or a later one."))
            return
        file = _("statement")
        st.download_button(
            reports.FORMS[0].upper(),
            data=partial(statement_file, actor, account, Period.of(first, last), speaks or current()),
            file_name=f"{file}-{account.code}-{last:%Y-%m-%d}.pdf",
            key="statement_pdf",
            on_click="ignore",
            width="stretch",
        )


def statement_file(actor: Actor, account: AccountDetail, period: Period, speaks: str) -> bytes:
    """The statement, noted in the audit."""
    with db.read() as session:
        found = account_statement.of_account(session, actor, account.id, period)
    made = loyalty_statement.write(found, speaks)
    with db.write() as session:
        asked = {"account": account.code, "period": formats.period(period), "language": speaks}
        reports.record_export(session, actor, reports.LOYALTY_STATEMENT, "pdf", asked)
    return made


def _standing(found: Status, currency: str) -> None:
    """The tier in one line: since when, why, until when, and what it gives."""
    tier = found.tier
    parts = []
    if tier is not None:
        parts.append(f"**{plain(loyalty_words.held(tier.loyalty_tier, tier.source))}**")
        if tier.since is not None:
            parts.append(_("since {day}").format(day=formats.day(tier.since)))
        if tier.until is not None and tier.loyalty_tier:
            parts.append(_("sure until {day}").format(day=formats.day(tier.until)))
    if found.group is not None:
        parts.append(plain(_("pooled with {group}").format(group=found.group)))
    if found.accrued_on is not None:
        parts.append(_("orders up to {day}").format(day=formats.day(found.accrued_on)))
    st.markdown(" · ".join(parts))
    held = found.spec.tier(found.loyalty_tier) if found.spec else None
    if held is not None:
        gives = loyalty_words.gained(held, TierSpec("", ZERO), currency)
        if gives:
            st.caption(plain(_("The tier gives: {benefits}.").format(benefits=", ".join(gives))))


def _tiles(found: Status, currency: str) -> None:
    tier, points = found.tier, loyalty_words.points
    told = tier is not None and found.qualifying is not None
    shown = (
        (_("Active"), points(found.active), _("Points that can be spent today.")),
        (_("Pending"), points(found.pending), _("Earned, and not to be spent yet.")),
        (_("Redeemed"), points(found.redeemed), _("Spent on rewards so far.")),
        (_("Expired"), points(found.expired), _("Lapsed unused so far.")),
        (
            _("To next tier"),
            points(tier.to_next if tier and told else None),
            _("Qualifying, in this window."),
        ),
        (_("To stay"), points(tier.to_stay if tier and told else None), _("Qualifying, in this window.")),
        (_("Lapse in 30 days"), points(found.within(30)), _("Unless they are spent.")),
        (_("Lapse in 60 days"), points(found.within(60)), _("Unless they are spent.")),
        (_("Lapse in 90 days"), points(found.within(90)), _("Unless they are spent.")),
        (
            _("Value of active points"),
            _value(found, currency),
            _("Points × the cost of a point, as the programme says."),
        ),
    )
    grid = st.grid(5, min_column_width=150)
    for label, value, formula in shown:
        with grid.cell():
            st.metric(label, value, border=True, help=formula)


def _value(found: Status, currency: str) -> str:
    if found.spec is None:
        return formats.UNKNOWN
    return formats.compact(found.active * found.spec.point_cost, currency)


def _progress(found: Status, currency: str) -> None:
    """A bar to the next tier and one for staying; what the next tier would give."""
    tier, spec = found.tier, found.spec
    st.markdown("**" + _("Progress") + "**")
    if tier is None or spec is None:
        st.caption(_("The account is in no programme today; its points stay and lapse as promised."))
        return
    if found.qualifying is None:
        st.caption(
            _("How much the whole group has bought is not shown, since some of its accounts are not yours.")
        )
        return
    _bar(_("To {tier}"), spec.tier(tier.next_tier), tier.qualifying, tier.window_ends_on)
    if tier.source is not TierSource.GRANTED:
        _bar(_("To stay in {tier}"), spec.tier(tier.loyalty_tier), tier.qualifying, tier.window_ends_on)
    st.caption(plain(_outlook(tier)))
    _gain(spec, tier, currency)


def _bar(label: str, goal: TierSpec | None, gathered: Decimal, by: date) -> None:
    if goal is None or not goal.threshold:
        return
    share = float(ratio(max(gathered, ZERO), goal.threshold) or 0)
    said = label.format(tier=goal.name) + ": "
    said += _("{gathered} of {needed} by {day}").format(
        gathered=loyalty_words.points(gathered),
        needed=loyalty_words.points(goal.threshold),
        day=formats.day(by),
    )
    st.progress(min(share, 1.0), text=plain(said))


def _outlook(tier: TierStanding) -> str:
    return _("At the pace of the last twelve months: {points} by {day}, which leads to {tier}.").format(
        points=loyalty_words.points(tier.projected.quantize(Decimal(1))),
        day=formats.day(tier.window_ends_on),
        tier=loyalty_words.tier(tier.projected_tier),
    )


def _gain(spec: Spec, tier: TierStanding, currency: str) -> None:
    goal = spec.tier(tier.next_tier)
    if goal is None:
        st.caption(_("The highest tier is reached."))
        return
    more = loyalty_words.gained(goal, spec.tier(tier.loyalty_tier) or TierSpec("", ZERO), currency)
    if more:
        said = _("{tier} would give more: {benefits}.").format(tier=goal.name, benefits=", ".join(more))
        st.caption(plain(said))


def _worth(used: UsedBenefits | None, currency: str) -> None:
    """What the account has had of the programme in this window, what it left, and what that costs us."""
    if used is None:
        return

    def money(amount: Decimal) -> str:
        return formats.money(amount, currency, places=0)

    said = _(
        "Since {day}: rewards {rewards}, extra discount {discount}, marketing money {used} used, {left} unused."
    )
    text = said.format(
        day=formats.day(used.window.start), rewards=money(used.rewards_cost), discount=money(used.discount_given),
        used=money(used.marketing_used), left=money(used.marketing_unused),
    )  # fmt: skip
    st.caption(plain(text))
    cost = _("Value to the account {value}; cost to us {cost}, with what the points that are left will cost.")
    st.caption(plain(cost.format(value=money(used.value), cost=money(used.cost))))


def _ahead(found: Status) -> None:
    months = found.by_month()[:12]
    st.markdown("**" + _("Points that lapse, by month") + "**")
    if not months:
        st.caption(_("No points have a last day."))
        return
    said = "; ".join(f"{formats.month(month)}: {loyalty_words.points(points)}" for month, points in months)
    charts.show(loyalty_charts.expiring(months), alt=said, key="chart_lapsing")


def _granted(actor: Actor, account: AccountDetail, given: Sequence[GrantRow]) -> None:
    """Granted tiers in force or ahead, with who, why and until when."""
    for row in given:
        if row.withdrawn_at is not None or row.last_on < clock.today():
            continue
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            said = _("{tier} granted from {first} to {last} by {who}: {why}").format(
                tier=row.loyalty_tier, first=formats.day(row.first_on), last=formats.day(row.last_on),
                who=row.granted_by, why=row.reason,
            )  # fmt: skip
            st.markdown(plain(said), width="stretch")
            if actor.may(Permission.LOYALTY_APPROVE):
                asked = forms.confirm(
                    f"loyalty-withdraw-{row.id}", _("Withdraw"), _("What was earned counts again."),
                    _("Withdraw the granted tier"), icon=":material/undo:",
                )  # fmt: skip
                if asked is not None:
                    with asked.saving(_("Granted tier withdrawn.")) as session:
                        grants.withdraw(session, actor, account.id, row.id)


def _agrees(found: Status) -> None:
    """That the sum of the entries is the sum of the lots, less what is owed: in figures."""
    points = loyalty_words.points
    values = {
        "entries": points(found.balance), "lots": points(found.lots_balance), "owed": points(found.owed),
        "balance": points(found.active + found.pending),
    }  # fmt: skip
    if found.lots_balance - found.owed != found.balance:
        st.error(
            _("The entries sum to {entries}, the lots to {lots} less {owed} owed: they should agree.").format(
                **values
            )
        )
        return
    text = _("Balance {balance} = sum of the lots {lots}; sum of the entries {entries}, the same.")
    if found.owed:
        text = _("Sum of the entries {entries} = sum of the lots {lots} less {owed} that were spent before they were "
                 "taken back.")  # fmt: skip
    st.caption(":material/check_circle: " + text.format(**values))


def _ledger(account: AccountDetail, entries: Sequence[EntryRow]) -> None:
    """The newest entries first; a cell opens the entry with its source."""
    st.markdown("**" + _("Ledger") + "**")
    kinds = st.segmented_control(
        _("Kind"), list(EntryKind), selection_mode="multi", key="ledger_kinds",
        format_func=lambda kind: _(loyalty_words.KINDS[kind]), label_visibility="collapsed",
    )  # fmt: skip
    rows = [row for row in reversed(entries) if not kinds or row.kind in kinds][:SHOWN]
    if not rows:
        st.caption(_("No entry of this kind."))
        return
    number = st.session_state.get("ledger_opened", 0)
    column = st.column_config
    opened: Any = st.dataframe(
        _frame(rows), hide_index=True, row_height=tables.ROW_HEIGHT,
        height=min(len(rows) + 1, 12) * tables.ROW_HEIGHT + 4, on_select="rerun", selection_mode="single-cell",
        key=f"ledger_{number}", placeholder=formats.UNKNOWN, width="stretch",
        alt=_("Entries with what they are for and the balance after each"),
        column_config={
            "day": column.DateColumn(_("Day"), format="D MMM YYYY"),
            "what": column.TextColumn(_("For"), width=320),
            "kind": column.TextColumn(_("Kind")),
            "points": column.NumberColumn(_("Points"), format="localized"),
            "qualifying": column.NumberColumn(_("Qualifying"), format="localized"),
            "balance": column.NumberColumn(_("Balance"), format="localized"),
            "last": column.DateColumn(_("Last day"), format="D MMM YYYY"),
            "who": column.TextColumn(_("Recorded by")),
        },
    )  # fmt: skip
    if len(entries) > SHOWN:
        text = _("The newest {shown} of {count} entries; the statement has all of a period.")
        st.caption(text.format(shown=formats.number(SHOWN), count=formats.number(len(entries))))
    if opened.selection.cells:
        st.session_state["ledger_opened"] = number + 1  # the next run begins with nothing chosen
        dialogs.ask(_("Entry"), loyalty_forms.entry, account.id, rows[int(opened.selection.cells[0][0])])


def _frame(rows: Sequence[EntryRow]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "day": [row.posted_on for row in rows],
            "what": [loyalty_words.about(row) for row in rows],
            "kind": [_(loyalty_words.KINDS[row.kind]) for row in rows],
            "points": [float(row.points) for row in rows],
            "qualifying": [float(row.qualifying) or None for row in rows],
            "balance": [float(row.balance) for row in rows],
            "last": [row.expires_on for row in rows],
            "who": [row.recorded_by for row in rows],
        }
    )


def _lots(lots: Sequence[LotRow]) -> None:
    """The lots that still hold something, in the order in which they lapse."""
    left = [row for row in lots if row.remaining]
    with st.expander(_("Lots: {count} still hold points").format(count=formats.number(len(left)))):
        frame = pd.DataFrame(
            {
                _("Source"): [row.source for row in left],
                _("Earned"): [formats.day(row.earned_on) for row in left],
                _("Last day"): [
                    formats.day(row.expires_on) if row.expires_on else _("never") for row in left
                ],
                _("Points"): [float(row.points) for row in left],
                _("Redeemed"): [float(row.redeemed) for row in left],
                _("Taken back"): [float(row.taken) for row in left],
                _("Left"): [float(row.remaining) for row in left],
            }
        )
        names = (_("Points"), _("Redeemed"), _("Taken back"), _("Left"))
        column = st.column_config.NumberColumn
        tables.plain_frame(frame, {name: column(name, format="localized") for name in names}, key="lots")
