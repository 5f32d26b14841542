"""Parts of the settings page: each setting with what it does said below it, or behind its question mark."""

from __future__ import annotations

from typing import Any

import streamlit as st
from babel.dates import get_month_names

from core import language, rfm_rule
from core.health_rules import Measure
from core.language import LANGUAGES, _
from core.settings import Settings
from core.vocabulary import OtifBasis, OtifLevel
from pages.ui import competitor_words, health_words
from pages.ui.forms import Form


def company(form: Form, current: Settings) -> dict[str, Any]:
    """Who we are, and what figures are counted in and from."""
    st.subheader(_("Company"))
    months = get_month_names("wide", locale=language.current())
    names = {number: name.capitalize() for number, name in months.items()}
    text = _("Shown on reports and exports.")
    chosen: dict[str, Any] = {"company": form.text("company", _("Name"), current.company, help=text)}
    text = _("Every figure is in this currency. It can change only while there are no orders.")
    currency = form.text("base_currency", _("Base currency"), current.base_currency, max_chars=3, help=text)
    chosen["base_currency"] = currency.upper()
    label, text = _("First month of the fiscal year"), _("“YTD” and yearly targets count from its first day.")
    chosen["fiscal_year_month"] = form.choice(
        "fiscal_year_month", label, names, current.fiscal_year_month, help=text
    )
    text = _("What people may choose from in their profile.")
    spoken = form.choices("languages", _("Languages"), LANGUAGES, current.languages, help=text)
    chosen["languages"] = tuple(spoken)
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
        chosen[field] = form.decimal(field, label, getattr(current, field), places=places, help=text)
    text = _("An active account whose data nobody confirmed for longer asks for it.")
    chosen["confirm_days"] = form.whole(
        "confirm_days", _("Data confirmed within, days"), current.confirm_days, help=text
    )
    text = _("A term that ends within so many days, with nothing after it, asks for attention.")
    chosen["terms_expire_days"] = form.whole(
        "terms_expire_days", _("Terms end within, days"), current.terms_expire_days, help=text
    )
    return chosen


def competition(form: Form, current: Settings) -> dict[str, Any]:
    """How fast claims about competitors lose their worth, and when an ending contract asks for attention."""
    st.subheader(_("Competition"))
    st.caption(
        _(
            "Half-lives: after so many days a claim is worth half and asks to be confirmed; after twice as many it is "
            "stale and no battlecard says it."
        )
    )
    chosen: dict[str, Any] = {}
    with st.grid(4, min_column_width=150):
        for topic, name in competitor_words.topics().items():
            field = f"claim_days_{topic.value}"
            with st.container():
                label = _("{topic}, days").format(topic=name)
                chosen[field] = form.whole(field, label, getattr(current, field))
    chosen["contract_end_days"] = form.whole(
        "contract_end_days",
        _("Contracts of competitors end within, days"),
        current.contract_end_days,
        help=_("A competitor's contract at an account that ends so soon is an opening."),
    )
    return chosen


def figures(form: Form, current: Settings) -> dict[str, Any]:
    """How accounts are scored and classed, and where concentration counts as high."""
    st.subheader(_("Scores and classes"))
    left, right = st.columns(2, gap="large")
    with left:
        scores = _scores(form, current)
    with right:
        return scores | _classes(form, current)


def _scores(form: Form, current: Settings) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for field, label, text in (
        (
            "rfm_days",
            _("Recency, days"),
            _("Up to so many days since the last order score 5, 4, 3 and 2; more score 1."),
        ),
        (
            "rfm_orders",
            _("Frequency, orders"),
            _("From so many orders in twelve months score 5, 4, 3 and 2; fewer score 1."),
        ),
        (
            "rfm_amount",
            _("Monetary value"),
            _("From so much in twelve months, in the base currency, score 5, 4, 3 and 2; less scores 1."),
        ),
    ):
        chosen[field] = rfm_rule.read(form.text(field, label, rfm_rule.written(getattr(current, field))))
        st.caption(text)
    chosen["rfm_by_margin"] = form.tick(
        "rfm_by_margin", _("Score margin instead of net revenue"), current.rfm_by_margin
    )
    st.caption(_("Only for who may see cost; others see scores of net revenue."))
    return chosen


def _classes(form: Form, current: Settings) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for field, label, places, text in (
        (
            "abc_a_share",
            _("Class A up to"),
            4,
            _("A share: the greatest accounts up to 0.8 of net revenue are class A …"),
        ),
        (
            "abc_b_share",
            _("Class B up to"),
            4,
            _("… the next ones up to this share are class B, the rest is C."),
        ),
        (
            "hhi_moderate",
            _("HHI: moderate from"),
            2,
            _("Herfindahl-Hirschman index, 0 to 10,000. Its bands come from competition law …"),
        ),
        (
            "hhi_high",
            _("HHI: high from"),
            2,
            _("… and for customers are only a convention: choose your own."),
        ),
    ):
        chosen[field] = form.decimal(field, label, getattr(current, field), places=places)
        st.caption(text)
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
    text = _("Where a line has no such day, its other days count, promises before requests.")
    basis = form.choice("otif_basis", _("Due on"), bases, current.otif_basis, help=text)
    text = _("A whole order is due with its last line, and well done where all of its lines are.")
    level = form.choice("otif_level", _("Counted are"), levels, current.otif_level, help=text)
    text, share = (
        _("A share of the ordered quantity: 0.98 takes 98 of 100 for a full delivery."),
        current.otif_in_full_share,
    )
    full = form.decimal("otif_in_full_share", _("In full from"), share, places=4, help=text)
    return {"otif_basis": basis, "otif_level": level, "otif_in_full_share": full}


def _which_days(form: Form, current: Settings) -> dict[str, Any]:
    text = _("So many days before the due day are on time still; with 0, earlier is not on time.")
    early = form.whole("otif_early_days", _("Days early"), current.otif_early_days, help=text)
    text = _("So many days after the due day are on time still; then an open line counts as missed.")
    late = form.whole("otif_late_days", _("Days late"), current.otif_late_days, help=text)
    return {"otif_early_days": early, "otif_late_days": late}


def health(form: Form, current: Settings) -> dict[str, Any]:
    """What each measure of the health score weighs, from which value it has no points, and from which all."""
    st.subheader(_("Health score"))
    st.caption(
        _(
            "The score is Σ weight × points ÷ Σ weight over the measures that are known; how much of all weights that "
            "is stands beside it as coverage. Between the two values points follow a straight line."
        )
    )
    chosen: dict[str, Any] = {}
    places = st.columns(3, gap="medium")
    for number, measure in enumerate(Measure):
        with places[number % 3]:
            chosen |= _measure(form, current, measure)
    with places[len(Measure) % 3]:
        chosen |= _bands(form, current)
    return chosen


def _measure(form: Form, current: Settings, measure: Measure) -> dict[str, Any]:
    st.markdown(f"**{health_words.measure(measure)}**", help=health_words.meaning(measure))
    weight, zero, full = st.columns(3)
    name = f"health_{measure}"
    chosen: dict[str, Any] = {}
    with weight:
        chosen[f"{name}_weight"] = form.whole(
            f"{name}_weight", _("Weight"), getattr(current, f"{name}_weight")
        )
    for place, what, label in ((zero, "zero_at", _("0 points at")), (full, "full_at", _("100 points at"))):
        with place:
            key = f"{name}_{what}"
            chosen[key] = form.decimal(key, label, getattr(current, key), places=4)
    return chosen


def _bands(form: Form, current: Settings) -> dict[str, Any]:
    title = _("Colours")
    st.markdown(f"**{title}**", help=_("Below amber an account is red."))
    green, amber, coverage = st.columns(3)
    with green:
        above = form.decimal("health_green", _("Green from"), current.health_green, places=1)
    with amber:
        middle = form.decimal("health_amber", _("Amber from"), current.health_amber, places=1)
    with coverage:
        text = _("A share: with less of the weights known an account has a score, but no colour.")
        least = form.decimal(
            "health_least_coverage", _("Coverage from"), current.health_least_coverage, places=4, help=text
        )
    return {"health_green": above, "health_amber": middle, "health_least_coverage": least}
