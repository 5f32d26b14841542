"""Competitor claims as a file has them: the last day included, yes and no, the day on which each became known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Select

from core.models import Account, Category, Competitor, CompetitorClaim, Product, Unit

_PLAIN = ("confirmed_on", "refuted_on")


def columns() -> dict[str, Any]:
    """The headers of the file, each with what stands below it."""
    claim = CompetitorClaim
    return {
        "competitor": Competitor.name,
        "account": Account.code,
        "topic": claim.topic,
        "swot": claim.swot,
        "statement": claim.statement,
        "product": Product.code,
        "category": Category.name,
        "price": claim.price,
        "unit": Unit.name,
        "price_gap": claim.price_gap,
        "observed_on": claim.observed_on,
        "valid_to": claim.valid_to,
        "source_kind": claim.source_kind,
        "source": claim.source,
        "reliability": claim.reliability,
        "credibility": claim.credibility,
        "confidential": claim.is_confidential,
        **{name: getattr(claim, name) for name in _PLAIN},
        "recorded_on": claim.recorded_at,
    }


def source(query: Select[Any]) -> Select[Any]:
    """The claims in force; the caller adds who may see them."""
    claim = CompetitorClaim
    return (
        query.select_from(claim)
        .join(Competitor, Competitor.id == claim.competitor_id)
        .join(Account, Account.id == claim.account_id, isouter=True)
        .join(Product, Product.id == claim.product_id, isouter=True)
        .join(Category, Category.id == claim.category_id, isouter=True)
        .join(Unit, Unit.id == claim.unit_id, isouter=True)
        .where(claim.superseded_at.is_(None), claim.is_withdrawn.is_(False))
        .order_by(Competitor.name, claim.observed_on, claim.number)
    )


def shaped(row: Any) -> tuple[Any, ...]:
    """A row as on paper."""
    values = dict(zip(columns(), row, strict=True))
    last = values["valid_to"]
    values["valid_to"] = None if last is None else last - timedelta(days=1)
    values["confidential"] = "yes" if values["confidential"] else "no"
    values["recorded_on"] = values["recorded_on"].date()
    return tuple(values.values())
