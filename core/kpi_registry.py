"""Every KPI by its name, in words. Pages, the command line, exports and the glossary read it.

A new KPI is one entry in the module of its noun (`kpi_sales`, `kpi_accounts`, …) and, where what it is made of is
not read yet, one query in `kpis`.
"""

from __future__ import annotations

from dataclasses import dataclass

from core import (
    kpi_accounts,
    kpi_bridge,
    kpi_causes,
    kpi_delivery,
    kpi_loyalty,
    kpi_retention,
    kpi_rfm,
    kpi_sales,
    kpi_wallets,
)
from core.errors import NotFound
from core.kpi_entries import KPIS, OF_WHOLE_ACCOUNTS, Figure, Kpi, Need, Slice, define
from core.language import N_, _

__all__ = [
    "KPIS",
    "MODULES",
    "OF_WHOLE_ACCOUNTS",
    "Explained",
    "Figure",
    "Kpi",
    "Need",
    "Slice",
    "define",
    "explained",
    "label",
]

# Importing a module registers its entries; the order is that of the lists that people read.
MODULES = (
    kpi_sales,
    kpi_accounts,
    kpi_retention,
    kpi_bridge,
    kpi_causes,
    kpi_rfm,
    kpi_wallets,
    kpi_delivery,
    kpi_loyalty,
)

_PLACES = {module.__name__: place for place, module in enumerate(MODULES)}
_ORDERED = sorted(KPIS.items(), key=lambda item: _PLACES.get(item[1].evaluate.__module__, len(_PLACES)))
KPIS.clear()
KPIS.update(_ORDERED)

_UNITS = {
    "money": N_("money, in the base currency"),
    "ratio": N_("share"),
    "index": N_("index"),
    "count": N_("number"),
    "quantity": N_("quantity"),
}
_DIRECTIONS = {"up": N_("more is better"), "down": N_("less is better"), "none": N_("neither is better")}


@dataclass(frozen=True)
class Explained:
    """A KPI in the reader's language; `denominator` is empty where it is no ratio."""

    name: str
    label: str
    question: str
    formula: str
    unit: str
    direction: str
    grain: str
    numerator: str
    denominator: str
    period_rule: str
    source: str
    rows_of: str
    needs_cost: bool


def label(name: str) -> str:
    """What a KPI is called on screen and on paper, in the reader's language."""
    return _(KPIS[name].label)


def explained(name: str) -> Explained:
    """What a KPI says about itself, translated; NotFound where there is none of this name."""
    if name not in KPIS:
        raise NotFound(_("There is no KPI {name}.").format(name=name))
    kpi = KPIS[name]
    return Explained(
        name=name,
        label=_(kpi.label),
        question=_(kpi.question),
        formula=_(kpi.formula),
        unit=_(_UNITS[kpi.unit]),
        direction=_(_DIRECTIONS[kpi.direction]),
        grain=_(kpi.grain),
        numerator=_(kpi.numerator),
        denominator=_(kpi.denominator) if kpi.denominator else "",
        period_rule=_(kpi.period_rule),
        source=_(kpi.source),
        rows_of=_(kpi.rows_of),
        needs_cost=kpi.needs_cost,
    )
