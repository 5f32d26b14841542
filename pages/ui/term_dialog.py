"""One term: what it says, every version of it on both clocks with who and why, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import streamlit as st

from core import clock, db, term_calendar, term_edits
from core.auth import Actor
from core.errors import UtamaError
from core.language import N_, _
from core.term_calendar import Phase, Version
from core.term_edits import Shift
from core.terms import TermRow
from core.vocabulary import Permission
from pages.ui import dialogs, formats, forms, navigation, tables, term_saving, term_words
from pages.ui.forms import plain
from pages.ui.term_words import Words


@dataclass(frozen=True)
class Opened:
    """A term, the others of its account, and the account that the reader looks at."""

    row: TermRow
    rows: Sequence[TermRow]
    words: Words
    account: str | None  # code


def show(opened: Opened) -> None:
    dialogs.show(opened.row.name, _draw, opened)


def _draw(actor: Actor, opened: Opened) -> None:
    row, words = opened.row, opened.words
    phase = term_calendar.phase(row, clock.today())
    st.markdown(f"**{plain(words.goods(row))}: {plain(words.value(row))}** {term_words.badge(phase)}")
    st.markdown(plain(f"{words.kind(row)} · {words.whom(row)} · {term_words.days(row)}"))
    if row.reason:
        st.caption(plain(row.reason))
    _to_xray(opened)
    with db.read() as session:
        versions = term_calendar.history(session, actor, row.number)
    if actor.may(Permission.TERM_WRITE) and row.superseded_at is None:
        _edit(actor, opened, phase)
    _versions(versions, words)


def _to_xray(opened: Opened) -> None:
    """The X-ray of the price that it makes; of a term for many products the reader chooses one there."""
    row = opened.row
    code = row.account or opened.account
    if code is None or not st.button(
        _("Open in the Price X-ray"), icon=":material/receipt_long:", key=f"xray_{row.number}"
    ):
        return
    day = max(row.valid_from, clock.today())
    if row.last_day is not None:
        day = min(day, row.last_day)
    asked = {"account": code, "on": day.isoformat()}
    if row.product is not None:
        asked["product"] = row.product
    if row.min_quantity and row.period is None:
        asked["quantity"] = f"{row.min_quantity.normalize():f}"
    st.switch_page(navigation.PAGES / "commercial/xray.py", query_params=asked)


Drawn = Callable[[Actor, Opened], None]


def _edit(actor: Actor, opened: Opened, phase: Phase) -> None:
    """What fits where the term stands: one form at a time."""
    choices = _choices(opened, phase)
    if not choices:
        return
    names = {key: _(label) for key, (label, _draw_it) in choices.items()}
    chosen = st.segmented_control(
        _("Change it"), list(names), format_func=lambda key: names[key], key=f"term_edit_{opened.row.number}"
    )
    if chosen is not None:
        choices[chosen][1](actor, opened)


def _choices(opened: Opened, phase: Phase) -> dict[str, tuple[str, Drawn]]:
    if phase in (Phase.DRAFT, Phase.SUBMITTED, Phase.REJECTED):
        return {"back": (N_("Take back"), _take_back)}
    if phase is Phase.ENDED:
        return {"extend": (N_("Extend"), _extend)}
    found: dict[str, tuple[str, Drawn]] = {
        "value": (N_("New value"), _change),
        "end": (N_("End early"), _expire),
    }
    if opened.row.valid_to is not None:
        found["extend"] = (N_("Extend"), _extend)
    found["shift"] = (N_("Move its days"), _shift)
    if phase is Phase.COMING:
        found["back"] = (N_("Take back"), _take_back)
    return found


def _change(actor: Actor, opened: Opened) -> None:
    row = opened.row
    with forms.form(f"term-change-{row.number}", border=False) as form:
        version = form.keep("version", row.id)
        left, right = st.columns(2)
        with left:
            value = term_saving.value_field(form, row.kind, opened.words.currency, row.value)
        with right:
            start = max(row.valid_from, clock.today())
            first = form.date("valid_from", _("From this day"), start)
        reason = form.text("reason", _("Why"), "")
        submitted = form.submit(_("Save the new value"))
    if not submitted:
        return
    try:
        wanted, day = term_saving.wanted(value), term_saving.first_day(first)
    except UtamaError as error:
        form.show(error)
        return
    term_saving.save(
        form, row.kind, lambda session: term_edits.change(session, actor, version, wanted, day, reason=reason)
    )


def _expire(actor: Actor, opened: Opened) -> None:
    row = opened.row
    with forms.form(f"term-end-{row.number}", border=False) as form:
        version = form.keep("version", row.id)
        last = form.date("last_day", _("Last day"), max(clock.today(), row.valid_from))
        reason = form.text("reason", _("Why"), "")
        submitted = form.submit(_("End it"))
    if submitted and last is not None:
        term_saving.save(
            form, row.kind, lambda session: term_edits.expire(session, actor, version, last, reason=reason)
        )


def _extend(actor: Actor, opened: Opened) -> None:
    row = opened.row
    proposed = None if row.last_day is None else row.last_day + timedelta(days=365)
    with forms.form(f"term-extend-{row.number}", border=False) as form:
        version = form.keep("version", row.id)
        last = form.date("last_day", _("New last day"), proposed, help=_("Empty: until further notice."))
        reason = form.text("reason", _("Why"), "")
        submitted = form.submit(_("Extend it"))
    if submitted:
        term_saving.save(
            form, row.kind, lambda session: term_edits.extend(session, actor, version, last, reason=reason)
        )


def _take_back(actor: Actor, opened: Opened) -> None:
    row = opened.row
    with forms.form(f"term-back-{row.number}", border=False) as form:
        version = form.keep("version", row.id)
        reason = form.text("reason", _("Why"), "")
        submitted = form.submit(_("Take it back"))
    if submitted:
        term_saving.save(
            form, row.kind, lambda session: term_edits.take_back(session, actor, version, reason=reason)
        )


def _shift(actor: Actor, opened: Opened) -> None:
    """All terms of its scope and kind that are not over: days and values of all are saved at once."""
    row, today = opened.row, clock.today()
    alike = [
        one
        for one in term_calendar.timeline_of(opened.rows, row)
        if one.valid_to is None or one.valid_to > today
    ]
    st.caption(_("Those that follow each other can be moved together: overlaps are looked for at the end."))
    with forms.form(f"term-shift-{row.number}", border=False) as form:
        shifts = [_shifted(form, one, opened.words) for one in alike]
        reason = form.text("reason", _("Why"), "")
        submitted = form.submit(_("Save all at once"))
    if not submitted:
        return
    try:
        ready = [
            Shift(version, term_saving.first_day(first), term_saving.end_of(last), term_saving.wanted(value))
            for version, first, last, value in shifts
        ]
    except UtamaError as error:
        form.show(error)
        return
    term_saving.save(form, row.kind, lambda session: term_edits.reshape(session, actor, ready, reason=reason))


Typed = tuple[int, date | None, date | None, Decimal | None]  # version, first and last day, value


def _shifted(form: forms.Form, one: TermRow, words: Words) -> Typed:
    """The three fields of one version."""
    name = one.number
    version = form.keep(f"version-{name}", one.id)
    columns = st.columns(3)
    with columns[0]:
        first = form.date(f"first-{name}", _("{name} first day").format(name=one.name), one.valid_from)
    with columns[1]:
        last = form.date(f"last-{name}", _("Last day"), one.last_day, help=_("Empty: until further notice."))
    with columns[2]:
        places = 4
        label = term_saving.value_label(one.kind, words.currency)
        shown = form.decimal(f"value-{name}", label, term_saving.typed(one.kind, one.value), places=places)
    return version, first, last, term_saving.meant(one.kind, shown)


def _versions(versions: Sequence[Version], words: Words) -> None:
    """The newest first: what it said, on which days, and from when until when we knew it."""
    st.markdown("**" + _("Every version, the newest first") + "**")
    frame = pd.DataFrame(
        {
            _("State"): [_state(one) for one in versions],
            _("Value"): [words.value(one.row) for one in versions],
            _("Days"): [term_words.days(one.row) for one in versions],
            _("Known from"): [formats.moment(one.row.recorded_at) for one in versions],
            _("Known until"): [
                None if one.row.superseded_at is None else formats.moment(one.row.superseded_at)
                for one in versions
            ],
            _("Who"): [one.row.recorded_by for one in versions],
            _("Why"): [one.row.reason for one in versions],
        }
    )
    tables.plain_frame(frame, {}, key="term_versions", alt=_("Every version of the term on both clocks"))


def _state(one: Version) -> str:
    if one.is_taken_back:
        return _("taken back")
    return _("approved") if one.row.status.value == "approved" else term_words.phases()[Phase(one.row.status)]
