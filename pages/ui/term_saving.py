"""Saving an edit of terms from a form: what became of it is said, undo is offered, a conflict shows both values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from core import term_edits
from core.errors import Conflict, Invalid
from core.language import _
from core.term_edits import Saved
from core.vocabulary import TermKind
from pages.ui import formats
from pages.ui.forms import Form


def is_share(kind: TermKind) -> bool:
    """Whether its value is typed in percent."""
    return not kind.is_money and kind is not TermKind.PAYMENT_TERMS


def typed(kind: TermKind, value: Decimal) -> Decimal:
    """A value as its field shows it."""
    return (value * 100).normalize() if is_share(kind) else value.normalize()


def meant(kind: TermKind, value: Decimal | None) -> Decimal | None:
    """What was typed as terms count it."""
    if value is None:
        return None
    return value / 100 if is_share(kind) else value


def value_label(kind: TermKind, currency: str) -> str:
    """How the field of a value is called."""
    currency = formats.symbol(currency)
    if kind is TermKind.PAYMENT_TERMS:
        return _("Days until an invoice is due")
    if kind is TermKind.FREIGHT:
        return _("Carriage that we bear, {currency} a unit").format(currency=currency)
    if kind.is_money:
        return _("Price, {currency} a unit").format(currency=currency)
    return _("Discount, %")


def value_field(form: Form, kind: TermKind, currency: str, before: Decimal | None = None) -> Decimal | None:
    """The field of a value, typed as people say it: money, percent or days."""
    places = 0 if kind is TermKind.PAYMENT_TERMS else 4
    shown = None if before is None else typed(kind, before)
    return meant(kind, form.decimal("value", value_label(kind, currency), shown, places=places))


def wanted(value: Decimal | None) -> Decimal:
    """A value that a term cannot do without."""
    if value is None:
        problem = _("Give a value.")
        raise Invalid(problem, fields={"value": problem})
    return value


def first_day(day: date | None) -> date:
    """A first day that a term cannot do without."""
    if day is None:
        problem = _("Choose the first day.")
        raise Invalid(problem, fields={"valid_from": problem})
    return day


def end_of(last_day: date | None) -> date | None:
    """The end as terms keep it, of a last day as on paper."""
    return None if last_day is None else last_day + timedelta(days=1)


def save(form: Form, kind: TermKind, edit: Callable[[Any], Saved]) -> None:
    """Run an edit in one transaction; afterwards say what is in force and what waits, and offer to undo it."""
    told: list[Saved] = []
    with form.saving(lambda: told[0].sentence() if told else _("Saved.")) as session:
        try:
            saved = edit(session)
        except Conflict as conflict:
            if "value" in conflict.current:
                conflict.current["value"] = typed(kind, conflict.current["value"])
            raise
        told.append(saved)
        form.offer_undo(partial(term_edits.undo, saved=saved))
