"""The parts of Approvals: the queue, what one submission would do, and the two buttons that decide about it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd
import streamlit as st

from core import approvals, db
from core.approvals import Decision, Detail, Proposal
from core.auth import Actor
from core.authority import LimitDraft, Measure
from core.language import _, ngettext
from core.precedents import Precedents
from core.term_effects import Effect
from pages.ui import answers, approval_words, formats, forms, tables
from pages.ui.approval_words import Names
from pages.ui.forms import plain

_APPROVE, _REJECT = "approve", "reject"
TERM = "term"  # which submission is open, in the address
_OPEN = "approval_open"  # its number, until this reader decides about it


def queue(
    actor: Actor,
    waiting: Sequence[Proposal],
    ended: Sequence[Decision],
    names: Names,
    currency: str,
    limit: LimitDraft | None,
) -> None:
    """The open submission with all that decides about it, and below it the others, the most money first."""
    _overtaken(waiting, ended)
    if not waiting:
        st.success(_("Nothing waits for a decision."), icon=":material/check_circle:")
        st.caption(_("What managers submit beyond their own authority stands here, the most money first."))
        return
    chosen = _chosen(waiting)
    st.session_state[_OPEN] = chosen.row.number
    with db.read() as session:
        found = answers.asker(session, actor)(approvals.detail, chosen.row.number)
    _open(actor, found, names, currency, limit)
    others = [one for one in waiting if one.row.number != chosen.row.number]
    if not others:
        return
    text = ngettext("{count} more waits", "{count} more wait", len(others))
    st.markdown("**" + text.format(count=len(others)) + "**")
    for one in others:
        _closed(one, names, currency)


def _overtaken(waiting: Sequence[Proposal], ended: Sequence[Decision]) -> None:
    """Say who was quicker, where somebody else decided about what is open on this screen."""
    number = st.session_state.pop(_OPEN, None)
    if number is None or any(one.row.number == number for one in waiting):
        return
    last = next((one for one in ended if one.row.number == number), None)
    if last is not None:
        text = _("{who} decided about {name} meanwhile: {outcome}.").format(
            who=last.decided_by, name=last.row.name, outcome=approval_words.outcomes()[last.outcome]
        )
        st.warning(plain(text), icon=":material/group:")


def _chosen(waiting: Sequence[Proposal]) -> Proposal:
    """The one that the address names, or the first."""
    asked = st.query_params.get(TERM, "")
    return next((one for one in waiting if one.row.name == asked), waiting[0])


def _closed(one: Proposal, names: Names, currency: str) -> None:
    with (
        st.container(border=True, gap="xsmall", key=f"waits_{one.row.number}"),
        st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"),
    ):
        title = f"{names.whom(one.row)} · {names.goods(one.row)}"
        if st.button(
            plain(title), key=f"open_{one.row.number}", type="tertiary", icon=":material/receipt_long:"
        ):
            st.query_params[TERM] = one.row.name
            st.rerun()
        st.markdown(f"**{_stake(one.stake, currency)}**", width="content")


def _stake(amount: Decimal | None, currency: str) -> str:
    return _("unknown") if amount is None else formats.compact(amount, currency)


def _open(actor: Actor, found: Detail, names: Names, currency: str, limit: LimitDraft | None) -> None:
    one = found.proposal
    row, effect = one.row, one.outcome.effect
    with st.container(border=True, gap="small", key="submission"):
        st.subheader(plain(f"{names.whom(row)} · {names.goods(row)}"))
        st.markdown(f"**{plain(approval_words.term(row, currency))}** · {plain(row.name)}")
        said = _("{who} asked on {day}: {why}").format(
            who=row.recorded_by, day=formats.moment(row.recorded_at), why=row.reason or _("no reason given")
        )
        st.caption(plain(said))
        if row.is_exception:
            st.info(
                _("An exception: the floor price stays as it is, and counts again after the last day."),
                icon=":material/rule:",
            )
        if effect is not None:
            _effect(actor, effect, currency, limit)
        _difference(found, currency)
        _precedents(found.precedents, names, currency)
        _decide(actor, one)


def _effect(actor: Actor, effect: Effect, currency: str, limit: LimitDraft | None) -> None:
    """The three measures against the reader's own limits, and what the year's quantities would have brought."""
    shown = [_measure(measure, effect, currency, limit) for measure in Measure if _may_see(actor, measure)]
    revenue = (_("Revenue a year"), effect.at_old_prices, effect.at_new_prices)
    margin = (_("Margin a year"), effect.margin_before, effect.margin_after)
    for label, old, new in (revenue, margin):
        if old is not None and new is not None:
            below = _("{new} instead of {old} for the same quantities").format(
                new=formats.compact(new, currency), old=formats.compact(old, currency)
            )
            shown.append((label, formats.compact(new - old, currency, signed=True), below))
    grid = st.grid(len(shown), min_column_width=150)
    for label, text, below in shown:
        with grid.cell(), st.container(gap="xxsmall"):
            st.metric(label, text)
            st.caption(plain(below))
    if effect.lines_below_floor:
        st.warning(
            _("Below the floor price for some of what is bought: there it would make no price."),
            icon=":material/vertical_align_bottom:",
        )


def _may_see(actor: Actor, measure: Measure) -> bool:
    return measure is not Measure.MARGIN or actor.sees_cost


def _measure(
    measure: Measure, effect: Effect, currency: str, limit: LimitDraft | None
) -> tuple[str, str, str]:
    """A measure's name, its value, and below it the definition with the reader's own limit."""
    most = None if limit is None else getattr(limit, measure.value)
    below = approval_words.meanings()[measure]
    if most is not None:
        sign = _("yours: at least {limit}") if measure is Measure.MARGIN else _("yours: at most {limit}")
        below = f"{sign.format(limit=_in_words(measure, most, currency))} · {below}"
    text = _in_words(measure, getattr(effect, measure.value), currency)
    return approval_words.measures()[measure], text, below


def _in_words(measure: Measure, value: Decimal | None, currency: str) -> str:
    if value is None:
        return _("unknown")
    return formats.compact(value, currency) if measure is Measure.CONTRACT else formats.percent(value)


def _difference(found: Detail, currency: str) -> None:
    """What holds now in its place, and what becomes of it."""
    if not found.replaced:
        st.caption(_("Nothing of the same scope and kind is in force: it is new."))
        return
    for one in found.replaced:
        was = f"{one.row.name}: {approval_words.term(one.row, currency)}"
        st.markdown(
            f":red[−] {plain(was)}  \n:green[+] {plain(approval_words.term(found.proposal.row, currency))}"
        )
        if one.resumes_on is not None:
            text = _("{name} ends before {day} and goes on from {again}.").format(
                name=one.row.name, day=formats.day(one.ends_on), again=formats.day(one.resumes_on)
            )
        elif one.ends_on is not None:
            text = _("{name} ends before {day}.").format(name=one.row.name, day=formats.day(one.ends_on))
        else:
            text = _("{name} is replaced from its first day.").format(name=one.row.name)
        st.caption(plain(text))


def _precedents(found: Precedents, names: Names, currency: str) -> None:
    """What others were granted on the same goods."""
    if not found.rows:
        st.caption(_("Nobody else whom you see has a term on the same goods."))
        return
    text = ngettext(
        "Others on the same goods: {count} term, {low} to {high}, typically {middle} off list",
        "Others on the same goods: {count} terms, {low} to {high}, typically {middle} off list",
        len(found.rows),
    ).format(
        count=len(found.rows),
        low=formats.percent(found.lowest),
        high=formats.percent(found.highest),
        middle=formats.percent(found.typical),
    )
    with st.expander(text):
        frame = pd.DataFrame(
            {
                _("For whom"): [names.whom(one.row) for one in found.rows],
                _("Goods"): [names.goods(one.row) for one in found.rows],
                _("Term"): [f"{one.row.name} {approval_words.term(one.row, currency)}" for one in found.rows],
                _("Off list"): [tables.hundred(one.share) for one in found.rows],
            }
        )
        column = st.column_config.NumberColumn(_("Off list"), format="%.1f %%")
        tables.plain_frame(frame, {_("Off list"): column}, key="precedents")


def _decide(actor: Actor, one: Proposal) -> None:
    """Two large buttons and the reason; or why it is not this reader's to decide."""
    number, version = one.row.number, one.row.id
    if not one.may_decide:
        st.info(plain(one.why_not), icon=":material/lock:")
        return
    if one.why_not:
        st.info(plain(one.why_not), icon=":material/gavel:")
    options = {_APPROVE: _("Approve"), _REJECT: _("Reject")}
    if one.why_not:
        del options[_APPROVE]
    with forms.form(f"decide-{number}", border=False, enter=False) as form:
        seen = form.keep("version", version)
        reason = form.text("reason", _("Reason"), "", help=_("A rejection needs one; who asked reads it."))
        chosen = form.submits(options)
    if chosen is None:
        return
    message = _("{name} approved.") if chosen == _APPROVE else _("{name} rejected.")
    with form.saving(message.format(name=one.row.name), then=_next) as session:
        approvals.decide(session, actor, number, version=seen, approve=chosen == _APPROVE, reason=reason)


def _next() -> None:
    st.query_params.pop(TERM, None)
    st.session_state.pop(_OPEN, None)
