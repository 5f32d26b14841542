"""Period and account filters, kept in the address so that a link shows the other person the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import streamlit as st

from core.filters import AccountFilter
from core.language import N_, _
from core.periods import Period, add_months, first_of_month, fiscal_year_start, months_between
from pages.ui import formats

# In the address stand these words in every language.
PERIODS = {
    "ytd": N_("YTD"),
    "12m": N_("12 months"),
    "quarter": N_("Quarter"),
    "month": N_("Month"),
    "custom": N_("Custom"),
}
BASES = {
    "year": N_("against last year"),
    "previous": N_("against the period before"),
    "own": N_("against own dates"),
}
_PERIOD = "chosen_period"
_ASKED = "asked_period"  # what the address said when it was last followed
_FILTERS = {
    "owner": N_("Owner"),
    "region": N_("Region"),
    "segment": N_("Segment"),
    "tier": N_("Tier"),
    "group": N_("Group"),
}


@dataclass(frozen=True)
class Chosen:
    """What the reader wants to see, and how to say so."""

    accounts: AccountFilter
    words: Mapping[str, str]  # filter → what was chosen, for the line below the title and the audit

    @property
    def is_narrow(self) -> bool:
        return bool(self.words)


def named_period(name: str, day: date, fiscal_month: int) -> Period:
    """The period of a button on a day, that day included."""
    end = day + timedelta(days=1)
    year = fiscal_year_start(day, fiscal_month)
    if name == "12m":
        return Period(add_months(day, -11), end)
    if name == "quarter":
        return Period(add_months(year, months_between(year, first_of_month(day)) // 3 * 3), end)
    if name == "month":
        return Period(first_of_month(day), end)
    return Period(year, end)


def choice(name: str, label: str, options: Mapping[str, str], default: str, **more: Any) -> str:
    """One of the options, by a word that stands in the address in every language."""
    key, mark = f"chosen_{name}", f"asked_{name}"
    asked = st.query_params.get(name, default)
    if st.session_state.get(key) not in options or st.session_state.get(mark) != asked:
        st.session_state[key] = asked if asked in options else default
        st.session_state[mark] = asked

    def keep() -> None:
        chosen = st.session_state[key]
        st.session_state[mark] = chosen
        if chosen == default:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = chosen

    st.selectbox(label, list(options), format_func=lambda one: options[one], key=key, on_change=keep, **more)
    return str(st.session_state[key])


def address() -> dict[str, str | list[str]]:
    """What is chosen on this page, as it stands in the address."""
    found = {name: st.query_params.get_all(name) for name in st.query_params}
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def follow(choices: Mapping[str, str | list[str]]) -> None:
    """Choose what an address says; only in a callback, before the widgets are drawn."""
    for what in _FILTERS:
        said = choices.get(what, [])
        st.session_state[what] = [said] if isinstance(said, str) else list(said)
    searched = choices.get("search", "")
    st.session_state["search"] = searched if isinstance(searched, str) else ""
    for end in ("from", "to"):
        day = choices.get(end)
        if isinstance(day, str):
            st.session_state[end] = _as_day(day)
    bound = {*_FILTERS, "search", "from", "to"}
    st.query_params.from_dict({name: value for name, value in choices.items() if name not in bound})


def _as_day(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None


def period(day: date, fiscal_month: int) -> Period:
    """The buttons, and two days where the reader chooses freely."""
    # Streamlit's own binding writes the label, which a reader of another language could not open.
    asked = st.query_params.get("period", "ytd")
    if _PERIOD not in st.session_state or st.session_state.get(_ASKED) != asked:
        st.session_state[_PERIOD] = asked if asked in PERIODS else "ytd"
        st.session_state[_ASKED] = asked
    name = st.segmented_control(
        _("Period"),
        list(PERIODS),
        format_func=lambda key: _(PERIODS[key]),
        key=_PERIOD,
        on_change=_keep_period,
        label_visibility="collapsed",
        required=True,
    )
    if name != "custom":
        return named_period(name or "ytd", day, fiscal_month)
    start = named_period("ytd", day, fiscal_month).start
    with st.container(horizontal=True, horizontal_alignment="right"):
        first = _day(_("From"), start, "from")
        last = _day(_("To"), day, "to")
    if last < first:
        st.error(_("The period ends before it starts: choose a last day on or after the first."))
        st.stop()
    return Period.of(first, last)


def _keep_period() -> None:
    name = st.session_state[_PERIOD]
    st.session_state[_ASKED] = name
    if name == "ytd":
        st.query_params.pop("period", None)
    else:
        st.query_params["period"] = name


def base(span: Period, *, label_width: int = 190) -> tuple[Period, str]:
    """What the period is compared with, by a word in the address, and how to say “on …”."""
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="bottom"):
        against = choice(
            "against",
            _("Compared with"),
            {name: _(label) for name, label in BASES.items()},
            "year",
            label_visibility="collapsed",
            width=label_width,
        )
        if against == "year":
            return span.shifted(-12), _("on last year")
        before = span.previous()
        if against == "previous":
            return before, _("on the period before")
        first = _day(_("From"), before.start, "base_from")
        last = _day(_("To"), before.last_day, "base_to")
    if last < first:
        st.error(_("The period ends before it starts: choose a last day on or after the first."))
        st.stop()
    chosen = Period.of(first, last)
    return chosen, _("on {period}").format(period=formats.period(chosen))


def chosen_period() -> dict[str, str]:
    """What a link to another page takes along."""
    name = st.session_state.get(_PERIOD, "ytd")
    return {} if name == "ytd" else {"period": name}


def _day(label: str, value: date, key: str) -> date:
    chosen = st.date_input(
        label,
        value,
        key=key,
        bind="query-params",
        format="DD/MM/YYYY",
        min_value=date(1990, 1, 1),
        max_value=date(2100, 12, 31),
        width=150,
    )
    return chosen if isinstance(chosen, date) else value


def accounts(choices: Mapping[str, Mapping[int, str]]) -> Chosen:
    """Owner, region, segment, tier and group in one popover, a field to search beside it."""
    search = st.text_input(
        _("Search accounts"),
        key="search",
        bind="query-params",
        placeholder=_("Search name or code"),
        icon=":material/search:",
        label_visibility="collapsed",
        live="300ms",
        width=220,
        max_chars=100,
    )
    with st.popover(_filters_label(), icon=":material/tune:"):
        ids, words = _multiselects(choices)
    if search.strip():
        words["search"] = search.strip()
    return Chosen(AccountFilter(search=search, **ids), words)


def _multiselects(choices: Mapping[str, Mapping[int, str]]) -> tuple[dict[str, Any], dict[str, str]]:
    ids: dict[str, Any] = {}
    words: dict[str, str] = {}
    for what, label in _FILTERS.items():
        known = choices[what]
        if not known:
            continue
        names = st.multiselect(
            _(label), sorted(set(known.values())), key=what, bind="query-params", placeholder=_("All")
        )
        if names:
            ids[f"{what}_ids"] = frozenset(key for key, name in known.items() if name in names)
            words[what] = ", ".join(names)
    st.button(_("Clear filters"), on_click=clear, type="tertiary", icon=":material/close:")
    return ids, words


def _filters_label() -> str:
    count = sum(1 for what in _FILTERS if st.session_state.get(what))
    return _("Filters ({count})").format(count=count) if count else _("Filters")


def clear() -> None:
    """Show all accounts again."""
    for what in _FILTERS:
        st.session_state[what] = []
    st.session_state["search"] = ""


def said(chosen: Chosen) -> str:
    """The filters in words, for the line below the title."""
    return " · ".join(chosen.words.values())


def sentence(span: Period, day: date) -> str:
    """The period and the day that it is seen from."""
    return _("{period} · as of {day}").format(period=formats.period(span), day=formats.day(day))
