"""Parts of the settings page: each setting with what it does said below it."""

from __future__ import annotations

from typing import Any

import streamlit as st
from babel.dates import get_month_names

from core import language
from core.language import LANGUAGES, _
from core.settings import Settings
from core.vocabulary import OtifBasis, OtifLevel
from pages.ui.forms import Form


def company(form: Form, current: Settings) -> dict[str, Any]:
    """Who we are, and what figures are counted in and from."""
    st.subheader(_("Company"))
    months = get_month_names("wide", locale=language.current())
    names = {number: name.capitalize() for number, name in months.items()}
    chosen: dict[str, Any] = {"company": form.text("company", _("Name"), current.company)}
    st.caption(_("Shown on reports and exports."))
    currency = form.text("base_currency", _("Base currency"), current.base_currency, max_chars=3)
    chosen["base_currency"] = currency.upper()
    st.caption(_("Every figure is in this currency. It can change only while there are no orders."))
    label = _("First month of the fiscal year")
    chosen["fiscal_year_month"] = form.choice("fiscal_year_month", label, names, current.fiscal_year_month)
    st.caption(_("“YTD” and yearly targets count from its first day."))
    spoken = form.choices("languages", _("Languages"), LANGUAGES, current.languages)
    chosen["languages"] = tuple(spoken)
    st.caption(_("What people may choose from in their profile."))
    return chosen


def attention(form: Form, current: Settings) -> dict[str, Any]:
    """When an account asks for attention, on Today and in the Portfolio."""
    st.subheader(_("Attention"))
    chosen: dict[str, Any] = {}
    for field, label, places, text in (
        (
            "rhythm_amber",
            _("Rhythm: amber from"),
            2,
            _("Days since the last order ÷ the account's own median days between orders."),
        ),
        (
            "rhythm_red",
            _("Rhythm: red from"),
            2,
            _("From here the account counts as having broken its rhythm."),
        ),
        (
            "fall_share",
            _("Fall against last year"),
            4,
            _("A share: 0.2 asks for attention where revenue fell by more than a fifth …"),
        ),
        (
            "fall_spread",
            _("Beyond its usual spread, times"),
            2,
            _("… and by more than so many times what the account's months usually swing on the year before."),
        ),
    ):
        chosen[field] = form.decimal(field, label, getattr(current, field), places=places)
        st.caption(text)
    chosen["confirm_days"] = form.whole(
        "confirm_days", _("Data confirmed within, days"), current.confirm_days
    )
    st.caption(_("An active account whose data nobody confirmed for longer asks for it."))
    return chosen


def otif(form: Form, current: Settings) -> dict[str, Any]:
    """When a delivery is due, and what counts as on time and in full."""
    st.subheader(_("On time in full"))
    st.caption(
        _("There is no standard for it: these say when an order line is due, and what counts as well done.")
    )
    return _what_counts(form, current) | _which_days(form, current)


def _what_counts(form: Form, current: Settings) -> dict[str, Any]:
    bases = {
        OtifBasis.REQUESTED: _("the day the customer asked for"),
        OtifBasis.FIRST_PROMISED: _("the day promised first"),
        OtifBasis.LAST_PROMISED: _("the day promised last"),
    }
    levels = {OtifLevel.LINE: _("order lines"), OtifLevel.ORDER: _("whole orders")}
    chosen: dict[str, Any] = {"otif_basis": form.choice("otif_basis", _("Due on"), bases, current.otif_basis)}
    st.caption(_("Where a line has no such day, its other days count, promises before requests."))
    chosen["otif_level"] = form.choice("otif_level", _("Counted are"), levels, current.otif_level)
    st.caption(_("A whole order is due with its last line, and well done where all of its lines are."))
    share = current.otif_in_full_share
    chosen["otif_in_full_share"] = form.decimal("otif_in_full_share", _("In full from"), share, places=4)
    st.caption(_("A share of the ordered quantity: 0.98 takes 98 of 100 for a full delivery."))
    return chosen


def _which_days(form: Form, current: Settings) -> dict[str, Any]:
    early = form.whole("otif_early_days", _("Days early"), current.otif_early_days)
    st.caption(_("So many days before the due day are on time still; with 0, earlier is not on time."))
    late = form.whole("otif_late_days", _("Days late"), current.otif_late_days)
    st.caption(_("So many days after the due day are on time still; then an open line counts as missed."))
    return {"otif_early_days": early, "otif_late_days": late}
