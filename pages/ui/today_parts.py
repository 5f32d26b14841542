"""The parts of Today: its figures, the ranked reasons with their buttons, and what was put off or done."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import streamlit as st

from core import attention, clock
from core.attention import Decided, Item, Kind, Today
from core.auth import Actor
from core.language import _, ngettext
from core.vocabulary import AttentionOutcome, Permission
from pages.ui import (
    account_form,
    cause_form,
    competition_words,
    confirm_claims,
    dialogs,
    filters,
    formats,
    forms,
    navigation,
)
from pages.ui.forms import plain

FIRST = 10
_SHOWN = "today_shown"


def may_decide(actor: Actor) -> bool:
    return actor.may(Permission.ACCOUNT_WRITE)


def figures(found: Today, currency: str) -> None:
    """What is at stake, and the parts of it that have a figure of their own."""
    shown = (
        (_("Money at stake"), found.at_stake, _("each account's greatest amount")),
        (_("Overdue receivables"), found.amount_of(Kind.OVERDUE), _("by their newest snapshots")),
        (_("Late orders"), found.amount_of(Kind.LATE), _("open order lines past their day")),
        (_("Behind target"), found.amount_of(Kind.TARGET), _("of the fiscal year to date")),
    )
    grid = st.grid(4, min_column_width=150)
    for label, amount, below in shown:
        with grid.cell(), st.container(border=True, gap="xsmall", height="stretch"):
            st.metric(label, formats.compact(amount, currency))
            st.caption(below)


def nothing() -> None:
    st.success(_("Nothing needs attention."), icon=":material/check_circle:")
    st.caption(
        _(
            "Looked at: own order rhythm, revenue against last year, target, overdue receivables, late orders, "
            "movements without a recorded cause, refused rows of imports, data not confirmed for long, "
            "terms that wait for approval or end soon, competitor claims to confirm, competitors' contracts that end."
        )
    )


def groups(actor: Actor, found: Today, currency: str) -> None:
    """The accounts in the order of their money; more of them on demand."""
    count = st.session_state.get(_SHOWN, FIRST)
    for group in found.groups[:count]:
        _group(actor, group, currency)
    left = len(found.groups) - count
    if left > 0 and st.button(
        ngettext("Show more ({count} left)", "Show more ({count} left)", left).format(count=left),
        icon=":material/expand_more:",
    ):
        st.session_state[_SHOWN] = count + 25
        st.rerun()


def _group(actor: Actor, group: tuple[Item, ...], currency: str) -> None:
    first = group[0]
    key = f"{first.account_id}-{first.kind}-{first.occasion}"
    with st.container(border=True, gap="xsmall", key=f"group_{key}"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            if st.button(plain(first.name), key=f"go_{key}", type="tertiary", icon=_icon(first)):
                _open(first)
            if first.amount is not None:
                st.markdown(f"**{formats.compact(first.amount, currency)}**", width="content")
        for item in group:
            _reason(actor, item, currency)


def _icon(item: Item) -> str:
    if item.account_id is None and item.kind is Kind.APPROVAL:
        return ":material/approval:"
    return ":material/storefront:" if item.account_id is not None else ":material/upload_file:"


def _open(item: Item) -> None:
    if item.account_id is None and item.kind is Kind.APPROVAL:
        _open_approval(item)
    if item.account_id is None:
        st.switch_page(navigation.PAGES / "management/data.py")
    st.switch_page(
        navigation.PAGES / "accounts/account.py",
        query_params={"account": item.code, **filters.chosen_period()},
    )


def _open_approval(item: Item) -> None:
    st.switch_page(navigation.PAGES / "management/approvals.py", query_params={"term": f"T{item.occasion}"})


def _reason(actor: Actor, item: Item, currency: str) -> None:
    sign = ":red[●]" if item.is_red else ":orange[●]"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(
            f"{sign} {plain(sentence(item, currency))}  \n:small[:gray[{plain(formula(item, currency))}]]",
            width="stretch",
        )
        if item.kind is Kind.UNEXPLAINED and item.account_id is not None and item.period is not None:
            key = f"why_{item.account_id}"
            text = sentence(item, currency)
            cause_form.say_why(actor, item.account_id, item.name, item.period, key=key, text=text)
        if item.kind is Kind.APPROVAL:
            key = f"approve_{item.occasion}"
            if st.button(_("Decide"), key=key, icon=":material/approval:", width="content"):
                _open_approval(item)
        if item.kind is Kind.CLAIM:
            confirm_claims.button(item)
        if may_decide(actor):
            key = f"decide_{item.account_id}_{item.kind}_{item.occasion}"
            if st.button(_("Done or later"), key=key, icon=":material/task_alt:", width="content"):
                dialogs.ask(_("Done or later"), _decide, item, currency)


def sentence(item: Item, currency: str) -> str:
    """The reason in words, with its money."""
    amount = formats.compact(item.amount, currency)
    if item.kind is Kind.RHYTHM:
        return _("No order for {days} days (usual: {usual}), {amount} missed").format(
            days=item.days, usual=formats.number(item.usual_days), amount=amount
        )
    if item.kind is Kind.FALL:
        return _("{amount} below last year ({share})").format(
            amount=amount, share=formats.percent(-item.share, places=0)
        )
    if item.kind is Kind.TARGET:
        return _("{amount} behind target").format(amount=amount)
    if item.kind is Kind.OVERDUE:
        text = ngettext(
            "{amount} overdue in {count} invoice, the oldest by {days} days",
            "{amount} overdue in {count} invoices, the oldest by {days} days",
            item.count,
        )
        return text.format(amount=amount, count=item.count, days=item.days)
    if item.kind is Kind.LATE:
        text = ngettext(
            "{count} order line of {amount} is late, by up to {days} days",
            "{count} order lines of {amount} are late, by up to {days} days",
            item.count,
        )
        return text.format(amount=amount, count=item.count, days=item.days)
    if item.kind is Kind.UNEXPLAINED:
        return _moved(item, currency)
    if item.kind is Kind.REJECTS:
        text = ngettext(
            "{count} refused row in this import", "{count} refused rows in this import", item.count
        )
        return text.format(count=item.count)
    if item.kind is Kind.UNCONFIRMED:
        return _("Nobody confirmed the data for {days} days").format(days=item.days)
    return _of_other_domains(item, currency, amount)


def _of_other_domains(item: Item, currency: str, amount: str) -> str:
    if item.kind in (Kind.TIER_NEAR, Kind.TIER_LOST):
        return _of_tier(item, currency)
    if item.kind in (Kind.CLAIM, Kind.CONTRACT):
        return competition_words.sentence(item)
    return _of_terms(item, amount)


def _of_terms(item: Item, amount: str) -> str:
    if item.kind is Kind.EXPIRING:
        text = ngettext(
            "{count} term ends by {day} with nothing after it: {amount} sold under it in a year",
            "{count} terms end from {day} on with nothing after them: {amount} sold under them in a year",
            item.count,
        )
        return text.format(count=item.count, day=formats.day(item.on), amount=amount)
    return _("{name} of {who} waits for approval, {amount} a year").format(
        name=f"T{item.occasion}", who=item.who, amount=amount if item.amount is not None else _("unknown")
    )


def _of_tier(item: Item, currency: str) -> str:
    """What a loyalty tier still takes, and by when."""
    missing = _("{count} points").format(count=formats.number(item.count))
    if item.missing is not None:
        missing = formats.money(item.missing, currency, places=0)
    text = _("{missing} short of {tier}")
    if item.kind is Kind.TIER_LOST:
        text = _("about to lose {tier}, {missing} short by {day}")
    elif item.on is not None:
        text = _("{missing} short of {tier}, until {day}")
    return text.format(missing=missing, tier=item.who, day=formats.day(item.on))


def _moved(item: Item, currency: str) -> str:
    return _("{amount} of a change of {change} in {period} has no recorded cause").format(
        amount=formats.compact(item.amount, currency),
        change=formats.compact(item.change, currency, signed=True),
        period=formats.UNKNOWN if item.period is None else formats.period(item.period),
    )


def formula(item: Item, currency: str) -> str:
    """How the amount was computed, with its numbers."""
    base = formats.compact(item.base, currency)
    if item.kind is Kind.RHYTHM:
        return _("{base} of twelve months ÷ 365 × ({days} − {usual}) days; last order {day}").format(
            base=base, days=item.days, usual=formats.number(item.usual_days), day=formats.day(item.on)
        )
    if item.kind is Kind.FALL:
        text = _("{base} in the fiscal year to date a year ago − what was sold in it this year").format(
            base=base
        )
        return text if item.usual is None else f"{text}; {_usual(item, currency)}"
    if item.kind is Kind.TARGET:
        return _("target to date {base} − what was sold; a month that is cut counts by its days").format(
            base=base
        )
    if item.kind is Kind.OVERDUE:
        return _("open amounts past their due day in the snapshot of {day}").format(day=formats.day(item.on))
    if item.kind is Kind.LATE:
        return _("net amounts of undelivered lines; the oldest was due on {day}").format(
            day=formats.day(item.on)
        )
    if item.kind is Kind.UNEXPLAINED:
        text = _("net revenue of these months − {base} in the same months a year before").format(base=base)
        return text if item.usual is None else f"{text}; {_usual(item, currency)}"
    if item.kind is Kind.REJECTS:
        return _("applied on {day}; the rows stand in Data & import").format(day=formats.day(item.on))
    if item.kind in (Kind.APPROVAL, Kind.EXPIRING, Kind.TIER_NEAR, Kind.TIER_LOST):
        return _formula_of_terms(item, base)
    if item.kind in (Kind.CLAIM, Kind.CONTRACT):
        return competition_words.formula(item, currency)
    return _("last confirmed or created on {day}").format(day=formats.day(item.on))


def _formula_of_terms(item: Item, base: str) -> str:
    if item.kind is Kind.APPROVAL:
        return _("Σ (list price − net price) × quantity of the last 12 months; asked on {day}").format(
            day=formats.day(item.on)
        )
    if item.kind is Kind.EXPIRING:
        return _("net revenue of the last 12 finished months in their scopes, each product once")
    return _("what the tier gives more in a year, at {base} of the last twelve months").format(base=base)


def _usual(item: Item, currency: str) -> str:
    return _("usual spread {amount}").format(amount=formats.compact(item.usual, currency))


def _decide(actor: Actor, item: Item, currency: str) -> None:
    """Done, or put off until a day with a reason."""
    st.markdown(f"**{plain(item.name)}**  \n{plain(sentence(item, currency))}")
    key = f"attention-{item.account_id}-{item.kind}-{item.occasion}"
    if item.kind is Kind.UNCONFIRMED and item.account_id is not None:
        account_form.confirm_data(actor, item.account_id, item.name)
    with forms.form(f"{key}-done") as done:
        note = done.text("reason", _("What was done (optional)"), "")
        is_done = done.submit(_("Done"), icon=":material/check:")
    with forms.form(f"{key}-later") as later:
        until = later.date(
            "until_on", _("Ask again on"), clock.today() + timedelta(days=7), min_value=clock.today()
        )
        why = later.text("reason", _("Why it can wait"), "")
        is_later = later.submit(_("Put off"), type="secondary", icon=":material/snooze:")
    if is_done:
        with done.saving(_("Done: {name}").format(name=item.name)) as session:
            number = attention.decide(session, actor, item, AttentionOutcome.DONE, reason=note)
            done.offer_undo(partial(attention.withdraw, decision_id=number))
    if is_later:
        with later.saving(_("Put off: {name}").format(name=item.name)) as session:
            number = attention.decide(
                session, actor, item, AttentionOutcome.SNOOZED, until_on=until, reason=why
            )
            later.offer_undo(partial(attention.withdraw, decision_id=number))


def decided(actor: Actor, found: Today, currency: str) -> None:
    """What was put off or done and would ask otherwise, with a way to take each decision back."""
    if not found.decided:
        return
    title = _("Put off and done ({count})").format(count=len(found.decided))
    with st.expander(title, icon=":material/history:"):
        for one in found.decided[:50]:
            _decided(actor, one, currency)


def _decided(actor: Actor, one: Decided, currency: str) -> None:
    said = (
        _("put off until {day} by {who}").format(day=formats.day(one.until_on), who=one.decided_by)
        if one.outcome is AttentionOutcome.SNOOZED
        else _("done by {who}").format(who=one.decided_by)
    )
    below = f"{said}: {one.reason}" if one.reason else said
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(
            f"{plain(one.item.name)} · {plain(sentence(one.item, currency))}  \n:small[:gray[{plain(below)}]]",
            width="stretch",
        )
        if may_decide(actor):
            with forms.form(f"withdraw-{one.id}", border=False) as form:
                again = form.submit(_("Ask again"), type="tertiary", icon=":material/undo:")
            if again:
                with form.saving(_("It asks again.")) as session:
                    attention.withdraw(session, actor, one.id)
