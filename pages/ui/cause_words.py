"""Causes in words: their kinds, their days, what they are of and what they did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from core.causes import CauseRow
from core.language import _
from core.periods import Period
from core.vocabulary import CauseKind
from pages.ui import formats


def kinds() -> dict[CauseKind, str]:
    """Every kind, those that somebody looks for most often first."""
    return {
        CauseKind.TERM_CHANGE: _("Term change"),
        CauseKind.PRICE_CHANGE: _("Price change"),
        CauseKind.COMPETITOR_CLAIM: _("Competitor claim"),
        CauseKind.NEW_LISTING: _("New listing"),
        CauseKind.DELISTING: _("Delisting"),
        CauseKind.LOST_CONTACT: _("Lost contact"),
        CauseKind.DELIVERY_FAILURE: _("Delivery failure"),
        CauseKind.ONE_OFF_ORDER: _("One-off order"),
        CauseKind.STOCK_BUILD_UP: _("Stock build-up"),
        CauseKind.SEASONAL_SHIFT: _("Seasonal shift"),
        CauseKind.OWN_BUSINESS: _("Account's own business"),
        CauseKind.DATA_CORRECTION: _("Data correction"),
        CauseKind.OTHER: _("Other …"),
    }


def days(cause: CauseRow) -> str:
    return formats.period(Period(cause.starts_on, cause.ends_on))


def scope(cause: CauseRow) -> str:
    """The product or category that it is of, if any."""
    return cause.product or cause.category or ""


def said(cause: CauseRow, currency: str) -> str:
    """`Delisting, Noodles, −12K (3 Mar 2026)`."""
    amount = "" if cause.amount is None else formats.compact(cause.amount, currency, signed=True)
    parts = [kinds()[cause.kind].removesuffix(" …"), scope(cause), amount]
    return f"{', '.join(part for part in parts if part)} ({days(cause)})"


def by_month(causes: Iterable[CauseRow], currency: str) -> Mapping[date, str]:
    """What began in which month, for a picture by month."""
    found: dict[date, list[str]] = {}
    for cause in sorted(causes, key=lambda one: one.starts_on):
        found.setdefault(cause.starts_on.replace(day=1), []).append(said(cause, currency))
    return {month: "; ".join(texts) for month, texts in found.items()}
