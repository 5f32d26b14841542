"""What each KPI is called on screen and on paper; a KPI without an entry is called by its name."""

from __future__ import annotations

from core.language import N_, _

LABELS: dict[str, str] = {
    "net_revenue": N_("Net revenue"),
    "gross_revenue": N_("Revenue at list price"),
    "discount": N_("Discount amount"),
    "discount_rate": N_("Average discount"),
    "returns": N_("Returns"),
    "orders": N_("Orders"),
    "lines": N_("Order lines"),
    "quantity": N_("Quantity"),
    "accounts": N_("Accounts with orders"),
    "active_accounts": N_("Active accounts"),
    "margin": N_("Margin amount"),
    "margin_rate": N_("Margin rate"),
    "price_realisation": N_("Price realisation"),
    "net_revenue_retention": N_("Net revenue retention, 12 months"),
    "gross_revenue_retention": N_("Gross revenue retention, 12 months"),
    "logo_retention": N_("Accounts kept, 12 months"),
    "hhi": N_("Concentration index (HHI)"),
    "effective_accounts": N_("Accounts of one size"),
    "top_share": N_("Top-10 share"),
    "gini": N_("Inequality (Gini)"),
    "target_attainment": N_("Target attainment"),
    "repeat_order_rate": N_("Repeat-order rate"),
    "otif": N_("On time in full"),
}


def label(name: str) -> str:
    """The KPI's name in the reader's language."""
    known = LABELS.get(name)
    return name.replace("_", " ").capitalize() if known is None else _(known)
