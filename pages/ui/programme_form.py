"""The form of a programme: what earns, what counts for tiers, what they give, when points lapse, what they buy."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core import db, products
from core.auth import Actor
from core.errors import Invalid
from core.language import _
from core.loyalty import programmes
from core.loyalty.programmes import ProgrammeRow
from core.loyalty.specs import Spec
from core.loyalty_vocabulary import ProgrammeStatus
from pages.ui import answers, forms, loyalty_words, programme_grids
from pages.ui.forms import Form
from pages.ui.programme_grids import ALL, BONUSES, CAMPAIGNS, MULTIPLIERS, REWARDS, TIERS

Typed = dict[str, Any]


def show(actor: Actor, row: ProgrammeRow | None) -> None:
    """The form of the next version: from the draft, else from the version in force, else empty."""
    is_open = row is not None and row.status in (ProgrammeStatus.DRAFT, ProgrammeStatus.APPROVED)
    document = Spec().document() if row is None else row.document
    choices = _choices(actor)
    with forms.form(f"programme-{row.number if row else 'new'}", border=False, enter=False) as form:
        seen = form.keep("version", row.version if row and is_open else None)
        started = form.keep("document", document)
        left, right = st.columns([2, 3])
        with left:
            name = form.text("name", _("Name"), row.name if row else "", max_chars=80)
        with right:
            note = form.text("note", _("Why this version"), row.note if row and is_open else "")
        typed: Typed = {}
        with st.container(border=True):
            grids = _earning(form, started, choices, typed)
        with st.container(border=True):
            grids |= _tiers(form, started, choices, typed)
        with st.container(border=True):
            grids |= _points(form, started, choices, typed)
        submitted = form.submit(_("Save as draft"))
    if submitted:
        _save(actor, form, row if is_open else None, row, (name, note, seen), typed, grids)


def _choices(actor: Actor) -> dict[str, list[str]]:
    with db.read() as session:
        ask = answers.asker(session, actor)
        return {
            "product": [one.code for one in ask(products.search)],
            "category": sorted(ask(products.categories).values()),
        }


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = document.get(name, {})
    return found


def _words(named: Mapping[Any, str]) -> dict[str, str]:
    return {one.value: _(label) for one, label in named.items()}


def _number(form: Form, typed: Typed, path: str, label: str, value: Any, places: int, **more: Any) -> None:
    with st.container():  # a cell of the grid
        found = form.decimal(path, label, None if value is None else Decimal(value), places=places, **more)
    typed[path] = None if found is None else f"{found:f}"


def _choice(
    form: Form, typed: Typed, path: str, label: str, named: Mapping[Any, str], value: Any, **more: Any
) -> None:
    with st.container():  # a cell of the grid
        typed[path] = form.choice(path, label, _words(named), value, **more)


def _earning(form: Form, document: Typed, choices: Any, typed: Typed) -> dict[str, pd.DataFrame]:
    part = _part(document, "earning")
    st.subheader(_("Earning"))
    with st.grid(5, min_column_width=170):
        _choice(form, typed, "earning.basis", _("What earns"), loyalty_words.BASES, part.get("basis"))
        _number(
            form, typed, "earning.points_per", _("Points for one unit"), part.get("points_per"), 6,
            help=_("Of the base currency, or one base unit of a product."),
        )  # fmt: skip
        _choice(form, typed, "earning.rounding", _("Rounded"), loyalty_words.ROUNDINGS, part.get("rounding"))
        _number(
            form, typed, "earning.round_to", _("to steps of"), part.get("round_to"), 3,
            help=_("An order's points are rounded once."),
        )  # fmt: skip
        _number(
            form, typed, "earning.pending_days", _("Pending for days"), part.get("pending_days"), 0,
            help=_("Until earned points can be spent."),
        )  # fmt: skip
    return {
        MULTIPLIERS.path: programme_grids.draw(form, MULTIPLIERS, document, choices),
        CAMPAIGNS.path: programme_grids.draw(form, CAMPAIGNS, document, choices),
    }


def _tiers(form: Form, document: Typed, choices: Any, typed: Typed) -> dict[str, pd.DataFrame]:
    part = _part(document, "tiers")
    st.subheader(_("Tiers"))
    with st.grid(5, min_column_width=170):
        _choice(
            form, typed, "tiers.qualifying", _("What counts"), loyalty_words.QUALIFYING, part.get("qualifying"),
            help=_("Qualifying is apart from what can be spent: a redemption never costs a tier."),
        )  # fmt: skip
        _choice(form, typed, "tiers.window", _("In which window"), loyalty_words.WINDOWS, part.get("window"))
        _choice(
            form, typed, "tiers.factor", _("Whose factor an order earns with"), loyalty_words.FACTORS,
            part.get("factor"),
        )  # fmt: skip
        _number(form, typed, "tiers.grace_days", _("Days of grace"), part.get("grace_days"), 0)
        _choice(
            form, typed, "tiers.downgrade", _("Who no longer qualifies"), loyalty_words.DOWNGRADES,
            part.get("downgrade"),
        )  # fmt: skip
    return {TIERS.path: programme_grids.draw(form, TIERS, document, choices)}


def _points(form: Form, document: Typed, choices: Any, typed: Typed) -> dict[str, pd.DataFrame]:
    part = _part(document, "expiry")
    st.subheader(_("Points"))
    with st.grid(5, min_column_width=170):
        _choice(form, typed, "expiry.kind", _("When points lapse"), loyalty_words.EXPIRIES, part.get("kind"))
        _number(form, typed, "expiry.months", _("Months"), part.get("months"), 0)
        _number(
            form, typed, "point_cost", _("Cost of a point"), document.get("point_cost"), 6,
            help=_("What one point costs us when it is redeemed, in the base currency."),
        )  # fmt: skip
        _number(
            form, typed, "redemption_rate", _("Share that will be redeemed"), document.get("redemption_rate"), 6,
            help=_("From 0 to 1, in the end; the rest is breakage."),
        )  # fmt: skip
        _number(
            form, typed, "adjust_limit", _("Adjustments without approval"), document.get("adjust_limit"), 3,
            help=_("Points that one person may give or take alone."),
        )  # fmt: skip
    left, right = st.columns(2)
    with left:
        rewards = programme_grids.draw(form, REWARDS, document, choices)
    with right:
        bonuses = programme_grids.draw(form, BONUSES, document, choices)
    return {REWARDS.path: rewards, BONUSES.path: bonuses}


def _document(typed: Typed, rows: Mapping[str, list[dict[str, Any]]]) -> Typed:
    """What was typed as a document; nothing typed leaves the usual value."""
    found: Typed = {}
    for path, value in [*typed.items(), *rows.items()]:
        if value is None:
            continue
        *above, last = path.split(".")
        part = found
        for name in above:
            part = part.setdefault(name, {})
        part[last] = value
    found["bonuses"] = {row.get("name", ""): row.get("points") for row in rows[BONUSES.path]}
    return found


def _save(
    actor: Actor,
    form: Form,
    before: ProgrammeRow | None,
    row: ProgrammeRow | None,
    head: tuple[str, str, int | None],
    typed: Typed,
    grids: Mapping[str, pd.DataFrame],
) -> None:
    name, note, seen = head
    read = {grid.path: programme_grids.read(grid, grids[grid.path]) for grid in ALL}
    problems = {path: " ".join(said) for path, (_rows, said) in read.items() if said}
    if problems:
        form.show(Invalid(_("Some fields need another look."), fields=problems))
        return
    document = _document(typed, {path: rows for path, (rows, _said) in read.items()})
    number = row.number if row else None
    with form.saving(_("Draft saved: {name}").format(name=name)) as session:
        try:
            saved = programmes.save_draft(
                session, actor, name, document, note=note, number=number, version=seen
            )
        except Invalid as error:
            raise Invalid(error.message, fields=programme_grids.placed(error.fields)) from error
        kept = programmes.get(session, actor, saved)
        if before is None:
            form.offer_undo(partial(programmes.discard_draft, number=kept.number, version=saved))
        elif before.status is ProgrammeStatus.DRAFT:
            form.offer_undo(
                partial(
                    programmes.save_draft, name=before.name, document=before.document, note=before.note,
                    number=before.number, version=saved,
                )
            )  # fmt: skip
