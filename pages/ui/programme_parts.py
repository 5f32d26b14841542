"""The parts of Programmes: which one, how far its versions have come, what a draft changes, and the next step."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pandas as pd
import streamlit as st

from core import clock, db, entitlements
from core.auth import Actor
from core.errors import Invalid
from core.language import N_, _
from core.loyalty import programmes
from core.loyalty.programmes import ProgrammeRow
from core.loyalty_vocabulary import ProgrammeStatus
from core.vocabulary import Permission
from pages.ui import (
    filters,
    formats,
    forms,
    loyalty_words,
    navigation,
    programme_form,
    programme_grids,
    tables,
)
from pages.ui.forms import plain

NEW = "new"
_OPEN = (ProgrammeStatus.DRAFT, ProgrammeStatus.APPROVED)
_LABELS = {
    "earning.basis": N_("What earns"),
    "earning.points_per": N_("Points for one unit"),
    "earning.rounding": N_("Rounded"),
    "earning.round_to": N_("to steps of"),
    "earning.pending_days": N_("Pending for days"),
    "tiers.qualifying": N_("What counts"),
    "tiers.window": N_("In which window"),
    "tiers.factor": N_("Whose factor an order earns with"),
    "tiers.grace_days": N_("Days of grace"),
    "tiers.downgrade": N_("Who no longer qualifies"),
    "expiry.kind": N_("When points lapse"),
    "expiry.months": N_("Months"),
    "point_cost": N_("Cost of a point"),
    "redemption_rate": N_("Share that will be redeemed"),
    "adjust_limit": N_("Adjustments without approval"),
}
_CHOICES: Mapping[str, Mapping[Any, str]] = {
    "earning.basis": loyalty_words.BASES,
    "earning.rounding": loyalty_words.ROUNDINGS,
    "tiers.qualifying": loyalty_words.QUALIFYING,
    "tiers.window": loyalty_words.WINDOWS,
    "tiers.factor": loyalty_words.FACTORS,
    "tiers.downgrade": loyalty_words.DOWNGRADES,
    "expiry.kind": loyalty_words.EXPIRIES,
}


def choose(rows: Sequence[ProgrammeRow]) -> str:
    """The number of a programme, or `new`, from the address."""
    names = {str(row.number): row.name for row in reversed(rows)}
    options = {**names, NEW: _("New programme")}
    return filters.choice("programme", _("Programme"), options, next(iter(options)), width=260)


def known_on() -> Any:
    """The second clock: what was known on a day."""
    return st.date_input(
        _("As known on"), None, key="known", bind="query-params", format="DD/MM/YYYY", max_value=clock.today(),
        help=_("Empty: as known now. What was recorded later is left out."), width=150,
    )  # fmt: skip


def versions(actor: Actor, number: int | None, day: Any) -> list[ProgrammeRow]:
    """The versions of a programme, known now or then: those in force and the one being written."""
    with db.read() as session:
        moment = None if day is None else entitlements.end_of(day)
        rows = programmes.search(session, actor, known_at=moment)
    return [row for row in rows if row.number == number]


def shown(rows: Sequence[ProgrammeRow]) -> ProgrammeRow | None:
    """The version that the form starts from: the open one, else the newest in force."""
    return next((row for row in rows if row.status in _OPEN), rows[0] if rows else None)


def in_force(rows: Sequence[ProgrammeRow]) -> ProgrammeRow | None:
    """What holds today, else the newest that ever held."""
    live = [row for row in rows if row.status not in _OPEN]
    today = clock.today()
    now = [row for row in live if row.valid_from and row.valid_from <= today]
    return next(
        iter(sorted(now, key=lambda row: str(row.valid_from), reverse=True)), live[0] if live else None
    )


def timeline(rows: Sequence[ProgrammeRow]) -> None:
    """Every version with both of its clocks: the days on which it holds, and since when that is known."""
    frame = pd.DataFrame(
        {
            _("Version"): [row.version for row in rows],
            _("Status"): [_(loyalty_words.STATUSES[row.status]) for row in rows],
            _("Holds from"): [formats.day(row.valid_from) for row in rows],
            _("Last day"): [_last(row) for row in rows],
            _("Why"): [row.note for row in rows],
            _("Recorded"): [formats.moment(row.recorded_at) for row in rows],
            _("By"): [row.recorded_by for row in rows],
            _("Approved by"): [row.approved_by for row in rows],
        }
    )
    tables.plain_frame(frame, key="versions", alt=_("The versions of the programme"))


def _last(row: ProgrammeRow) -> str:
    if row.valid_to is not None:
        return formats.day(row.valid_to - timedelta(days=1))
    return _("further notice") if row.valid_from else formats.UNKNOWN


def changes(before: ProgrammeRow, after: ProgrammeRow) -> None:
    """What the version being written says otherwise than the one in force."""
    rows = list(_differences(before.document, after.document))
    if not rows:
        st.caption(_("It says the same as the version in force."))
        return
    frame = pd.DataFrame(rows, columns=[_("What"), _("In force"), _("Being written")])
    tables.plain_frame(frame, key="programme_changes", alt=_("What the draft changes"))


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for path, label in _LABELS.items():
        was, now = _at(before, path), _at(after, path)
        if was != now:
            yield _(label), _said(path, was), _said(path, now)
    for grid in programme_grids.ALL:
        old = {_name(row): row for row in programme_grids.rows_of(grid, before)}
        new = {_name(row): row for row in programme_grids.rows_of(grid, after)}
        for name in dict.fromkeys([*old, *new]):
            was, now = old.get(name), new.get(name)
            if was != now:
                moved = {
                    one
                    for one in {**(was or {}), **(now or {})}
                    if (was or {}).get(one) != (now or {}).get(one)
                }
                yield f"{_(grid.title)}: {name}", _row(grid, was, moved), _row(grid, now, moved)


def _at(document: Mapping[str, Any], path: str) -> Any:
    found: Any = document
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _said(path: str, value: Any) -> str:
    words = {one.value: _(label) for one, label in _CHOICES.get(path, {}).items()}
    return words.get(value, formats.UNKNOWN if value is None else str(value))


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("name") or row.get("product") or row.get("category") or _("everything"))


def _row(grid: programme_grids.Grid, row: Mapping[str, Any] | None, moved: Collection[str]) -> str:
    """What a row says in the columns that differ."""
    if row is None:
        return _("none")
    said = (
        f"{_(column.label)} {_cell(column, row.get(column.path))}"
        for column in grid.columns
        if column.path in moved
    )
    return ", ".join(said)


def _cell(column: programme_grids.Column, value: Any) -> str:
    if column.kind == "tick":
        return _("Yes") if value else _("No")
    return formats.UNKNOWN if value in (None, "") else str(value)


def steps(actor: Actor, current: ProgrammeRow, held: ProgrammeRow | None) -> None:
    """The way of a version: draft, approved, live, closed; only the next steps are offered."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(_(loyalty_words.STATUSES[current.status]), color=_COLOURS[current.status])  # type: ignore[arg-type]
        st.markdown(plain(_where(current)), width="stretch")
        if st.button(_("Try it in the replay lab"), icon=":material/science:", key="to_lab"):
            asked = {"version": str(current.version)}
            st.switch_page(navigation.PAGES / "commercial/replay.py", query_params=asked)
        if current.status is ProgrammeStatus.DRAFT:
            _approve(actor, current)
        if current.status is ProgrammeStatus.APPROVED:
            _go_live(actor, current)
        if current.status in _OPEN:
            _discard(actor, current)
        if held is not None and held.status is ProgrammeStatus.LIVE:
            _close(actor, held)


_COLOURS = {
    ProgrammeStatus.DRAFT: "gray",
    ProgrammeStatus.APPROVED: "orange",
    ProgrammeStatus.LIVE: "green",
    ProgrammeStatus.CLOSED: "gray",
}


def _where(row: ProgrammeRow) -> str:
    if row.status is ProgrammeStatus.DRAFT:
        return _("Written by {who} on {when}; somebody else approves it.").format(
            who=row.recorded_by, when=formats.moment(row.recorded_at)
        )
    if row.status is ProgrammeStatus.APPROVED:
        return _("Approved by {who}; it goes live on the day that is chosen.").format(who=row.approved_by)
    return _("In force from {day} until {last}, {count} members.").format(
        day=formats.day(row.valid_from), last=_last(row), count=formats.number(row.members)
    )


def _approve(actor: Actor, row: ProgrammeRow) -> None:
    if not actor.may(Permission.LOYALTY_APPROVE):
        return
    if row.recorded_by == actor.username:
        st.caption(_("Whoever wrote it cannot approve it."))
        return
    asked = forms.confirm(
        f"approve-{row.version}", _("Approve"), _("It may go live then, on a day that is chosen."),
        _("Approve this version"), icon=":material/approval:",
    )  # fmt: skip
    if asked is not None:
        with asked.saving(_("Approved: {name}").format(name=row.name)) as session:
            programmes.approve(session, actor, row.number, version=row.version)


def _go_live(actor: Actor, row: ProgrammeRow) -> None:
    if not actor.may(Permission.LOYALTY_APPROVE):
        return
    with (
        st.popover(_("Go live"), icon=":material/rocket_launch:"),
        forms.form(f"live-{row.version}", border=False, enter=False) as form,
    ):
        first = form.date(
            "valid_from", _("From"), (clock.today().replace(day=28) + timedelta(days=4)).replace(day=1),
            help=_("The version in force ends the day before."),
        )  # fmt: skip
        submitted = form.submit(_("Put into force"))
    if submitted:
        if first is None:
            form.show(Invalid("", fields={"valid_from": _("Give the first day.")}))
            return
        with form.saving(_("It goes live on {day}.").format(day=formats.day(first))) as session:
            programmes.go_live(session, actor, row.number, first, version=row.version)


def _discard(actor: Actor, row: ProgrammeRow) -> None:
    asked = forms.confirm(
        f"discard-{row.version}", _("Discard"), _("The version never goes live; it stays in the history."),
        _("Discard this version"), icon=":material/delete:",
    )  # fmt: skip
    if asked is not None:
        with asked.saving(_("Discarded: {name}").format(name=row.name)) as session:
            programmes.discard_draft(session, actor, row.number, version=row.version)


def _close(actor: Actor, row: ProgrammeRow) -> None:
    if not actor.may(Permission.LOYALTY_APPROVE):
        return
    with (
        st.popover(_("Close"), icon=":material/event_busy:"),
        forms.form(f"close-{row.version}", border=False, enter=False) as form,
    ):
        st.caption(_("Orders after the last day earn nothing; points stay, and lapse as promised."))
        last = form.date("last_on", _("Last day"), clock.today())
        submitted = form.submit(_("Close the programme"))
    if submitted and last is not None:
        with form.saving(_("The programme ends on {day}.").format(day=formats.day(last))) as session:
            programmes.close(session, actor, row.number, last, version=row.version)


def form_or_reading(actor: Actor, row: ProgrammeRow | None, *, may_write: bool) -> None:
    """The form; as known on an earlier day nothing can be changed."""
    if may_write:
        programme_form.show(actor, row)
    else:
        st.caption(_("As it was known then: nothing can be changed here."))
