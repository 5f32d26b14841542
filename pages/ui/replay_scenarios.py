"""Scenarios of the Replay lab: a question that was given a name, opened again or put side by side with others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core import db, saved_views
from core.auth import Actor
from core.errors import UtamaError
from core.language import _
from core.loyalty.lab import Question
from core.loyalty.programmes import ProgrammeRow
from core.saved_views import View
from pages.ui import dialogs, formats, forms, loyalty_words, replay_parts, tables
from pages.ui.forms import plain
from pages.ui.replay_parts import Answered

PAGE = "loyalty_replay"
_SHOWN = 5


def as_choices(asked: Question) -> dict[str, str | list[str]]:
    """A question as it is kept: never a figure."""
    return {
        "version": str(asked.version), "until": asked.until.isoformat(), "months": str(asked.months),
        "thresholds": str(asked.thresholds), "earning": str(asked.earning),
    }  # fmt: skip


def as_question(choices: Mapping[str, str | list[str]]) -> Question:
    """The question that was kept."""
    said = {name: str(value) for name, value in choices.items()}
    return Question(
        int(said["version"]), date.fromisoformat(said["until"]), int(said["months"]), Decimal(said["thresholds"]),
        Decimal(said["earning"]),
    )  # fmt: skip


def keep_button(asked: Question) -> None:
    """Gives the question a name."""
    if st.button(_("Save as scenario"), icon=":material/bookmark_add:", key="save_scenario"):
        dialogs.ask(_("Save as scenario"), _keep, asked)


def _keep(actor: Actor, asked: Question) -> None:
    with forms.form("replay-scenario", border=False) as form:
        name = form.text("name", _("Name of the scenario"), max_chars=60)
        shared = form.tick("is_shared", _("Offer it to everybody"))
        submitted = form.submit(_("Save"))
    if submitted:
        with form.saving(_("Scenario saved: {name}").format(name=name)) as session:
            number = saved_views.save(session, actor, PAGE, name, as_choices(asked), is_shared=shared)
            form.offer_undo(partial(saved_views.remove, view_id=number, version=1))


def side_by_side(actor: Actor, found: Answered, versions: Sequence[ProgrammeRow], currency: str) -> None:
    """The chosen scenarios as columns, what is on the screen first."""
    with db.read() as session:
        views = saved_views.search(session, actor, PAGE)
    if not views:
        st.info(_("No scenario has been saved yet. Ask a question above and give it a name."))
        return
    labels = {view.id: view.name for view in views}
    chosen = st.multiselect(
        _("Scenarios"), list(labels), default=list(labels)[:_SHOWN], format_func=labels.__getitem__,
        max_selections=_SHOWN, key="scenarios",
    )  # fmt: skip
    columns: dict[str, list[str]] = {_("On the screen"): _figures(found, versions, currency)}
    for view in views:
        if view.id in chosen:
            answered = _answered(actor, view, versions)
            if answered is not None:
                columns[view.name] = _figures(answered, versions, currency)
    frame = pd.DataFrame({_("Figure"): _heads(found), **_filled(columns, len(_heads(found)))})
    tables.plain_frame(frame, key="scenario_table", alt=_("Scenarios side by side"))
    _manage(views)


def _answered(actor: Actor, view: View, versions: Sequence[ProgrammeRow]) -> Answered | None:
    """None for what the reader may not try, or a version that is gone."""
    try:
        return replay_parts.answer(actor, as_question(view.choices), versions)
    except UtamaError as error:
        st.caption(plain(f"{view.name}: {error.message}"))
        return None


def _heads(_found: Answered) -> list[str]:
    return [
        _("Version"), _("Orders of"), _("Thresholds"), _("Points a unit"), _("Accounts by tier"), _("One order away"),
        _("Winners and losers"), _("Points issued"), _("Cost"), _("Liability"), _("Margin needed"),
    ]  # fmt: skip


def _figures(found: Answered, versions: Sequence[ProgrammeRow], currency: str) -> list[str]:
    asked, then = found.question, found.then
    named = {row.version: replay_parts.name(row) for row in versions}
    by_tier = ", ".join(f"{loyalty_words.tier(name)} {count}" for name, count in then.by_tier.items())
    return [
        named.get(asked.version, _("an earlier version")),
        formats.period(then.period),
        formats.percent(asked.thresholds, places=0),
        formats.percent(asked.earning, places=0),
        by_tier,
        formats.number(len(found.near)),
        f"{found.winners} / {found.losers}",
        formats.number(then.total("issued")),
        formats.money(then.cost, currency, places=0),
        formats.money(then.liability, currency, places=0),
        formats.percent(then.margin_needed, places=2),
    ]


def _filled(columns: Mapping[str, list[str]], count: int) -> dict[str, list[str]]:
    return {name: values + [""] * (count - len(values)) for name, values in columns.items()}


def _manage(views: Sequence[View]) -> None:
    """Open one, or remove one of one's own."""
    for view in views:
        with st.container(horizontal=True, vertical_alignment="center"):
            shared = "" if view.is_own else " · " + _("Shared by {name}").format(name=view.author)
            st.markdown(plain(view.name + shared), width="stretch")
            st.button(
                _("Open"), key=f"open_{view.id}", icon=":material/open_in_new:", type="tertiary", on_click=_open,
                args=(view.choices,),
            )  # fmt: skip
            if view.is_own and st.button(
                _("Remove"), key=f"remove_{view.id}", icon=":material/delete:", type="tertiary"
            ):
                dialogs.ask(_("Remove the scenario"), _remove, view)


def _open(choices: Mapping[str, Any]) -> None:
    for name, value in choices.items():
        st.query_params[name] = value


def _remove(actor: Actor, view: View) -> None:
    st.markdown(plain(view.name))
    with forms.form(f"scenario-remove-{view.id}", border=False) as form:
        submitted = form.submit(_("Remove the scenario"))
    if submitted:
        with form.saving(_("Scenario removed: {name}").format(name=view.name)) as session:
            saved_views.remove(session, actor, view.id, version=view.version)
            form.offer_undo(
                partial(
                    saved_views.save,
                    page=PAGE,
                    name=view.name,
                    choices=view.choices,
                    is_shared=view.is_shared,
                )
            )
