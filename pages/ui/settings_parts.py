"""Parts of the settings page: each setting with what it does beside it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.language import _
from core.settings import Settings
from core.vocabulary import OtifBasis, OtifLevel
from pages.ui.forms import Form


def otif(form: Form, current: Settings) -> dict[str, Any]:
    """When a delivery is due, and what counts as on time and in full."""
    st.subheader(_("On time in full"))
    st.caption(
        _("There is no standard for it: these say when an order line is due, and what counts as well done.")
    )
    left, right = st.columns(2, gap="large")
    with left:
        what = _what_counts(form, current)
    with right:
        return what | _which_days(form, current)


def _what_counts(form: Form, current: Settings) -> dict[str, Any]:
    bases = {
        OtifBasis.REQUESTED: _("the day the customer asked for"),
        OtifBasis.FIRST_PROMISED: _("the day promised first"),
        OtifBasis.LAST_PROMISED: _("the day promised last"),
    }
    levels = {OtifLevel.LINE: _("order lines"), OtifLevel.ORDER: _("whole orders")}
    return {
        "otif_basis": form.choice(
            "otif_basis",
            _("Due on"),
            bases,
            current.otif_basis,
            help=_("Where a line has no such day, its other days count, promises before requests."),
        ),
        "otif_level": form.choice(
            "otif_level",
            _("Counted are"),
            levels,
            current.otif_level,
            help=_("A whole order is due with its last line, and well done where all of its lines are."),
        ),
        "otif_in_full_share": form.decimal(
            "otif_in_full_share",
            _("In full from"),
            current.otif_in_full_share,
            places=4,
            help=_("A share of the ordered quantity: 0.98 takes 98 of 100 for a full delivery."),
        ),
    }


def _which_days(form: Form, current: Settings) -> dict[str, Any]:
    return {
        "otif_early_days": form.whole(
            "otif_early_days",
            _("Days early"),
            current.otif_early_days,
            help=_("So many days before the due day are on time still; with 0, earlier is not on time."),
        ),
        "otif_late_days": form.whole(
            "otif_late_days",
            _("Days late"),
            current.otif_late_days,
            help=_("So many days after the due day are on time still; then an open line counts as missed."),
        ),
    }
