"""What customers were granted, as versions with two clocks: when it holds, and when we knew it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Count, Id, LongText, OptionalAmount, Rate, Ref, whole_numbers
from core.vocabulary import (
    DecisionOutcome,
    Role,
    TermDate,
    TermKind,
    TermStatus,
    TierBasis,
    TierMode,
    TierPeriod,
)


class Term(Base):
    """One version of a term: never overwritten, only superseded by the next; `number` is the same in all versions.

    Exactly one of account, group and segment says for whom; product, category or neither says for what.
    """

    __tablename__ = "terms"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name="starts_before_end"),
        CheckConstraint(
            "superseded_at IS NULL OR recorded_at <= superseded_at", name="known_before_superseded"
        ),
        CheckConstraint("(price IS NULL) <> (rate IS NULL)", name="price_or_rate"),
        CheckConstraint(
            "(CASE WHEN account_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN group_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN segment_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_customer_scope",
        ),
        CheckConstraint("product_id IS NULL OR category_id IS NULL", name="one_product_scope"),
        CheckConstraint("(period IS NULL) = (basis = 'line')", name="period_of_volume"),
        CheckConstraint("days IS NULL OR days >= 0", name="days_not_negative"),
        *whole_numbers("min_quantity", "price", "rate"),
        Index(None, "scope_key", "kind", "min_quantity"),
        Index(None, "number"),
        Index(None, "batch_id"),
    )

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(Ref)
    kind: Mapped[TermKind]
    account_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("accounts.id"), index=True)
    group_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("groups.id"), index=True)
    segment_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("segments.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("products.id"), index=True)
    category_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("categories.id"), index=True)
    scope_key: Mapped[
        str
    ]  # `account:17/product:4`: never null, so that two versions of one scope can be told
    min_quantity: Mapped[Count]  # from which on it holds, counted as `basis` says; 0: from the first
    basis: Mapped[TierBasis] = mapped_column(default=TierBasis.LINE)
    period: Mapped[TierPeriod | None]  # of a volume tier
    mode: Mapped[TierMode | None]  # of a volume tier
    unit_id: Mapped[int | None] = mapped_column(
        Ref, ForeignKey("units.id")
    )  # what price and quantity count; none: base units
    days: Mapped[int | None]  # payment terms: until an invoice is due; prompt payment: within which
    price: Mapped[OptionalAmount]  # money for one unit, base currency
    rate: Mapped[Decimal | None] = mapped_column(Rate)  # share of what the layers before it left
    governed_by: Mapped[TermDate] = mapped_column(
        default=TermDate.ORDER
    )  # the date that decides whether it holds
    stacks: Mapped[bool] = mapped_column(default=False)
    is_exception: Mapped[bool] = mapped_column(
        default=False
    )  # holds below the floor price too, until its end
    status: Mapped[TermStatus]
    reason: Mapped[LongText]  # why it was granted
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]  # exclusive; none: until further notice
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    superseded_at: Mapped[datetime | None]  # none: what we know now
    undone_at: Mapped[datetime | None]  # its import was undone: it counts as never said
    batch_id: Mapped[int | None] = mapped_column(Ref)
    judged: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # a submission of one account: its measures as it was made; none: worked out when asked for


class TermDecision(Base):
    """How one submission of a term ended, and what it was known to cost then."""

    __tablename__ = "term_decisions"
    __table_args__ = (
        *whole_numbers("discount_share", "margin_rate", "contract_value"),
        Index(None, "number"),
        Index(None, "decided_at"),
    )

    id: Mapped[Id]
    term_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("terms.id"), index=True
    )  # the version that was asked for
    number: Mapped[int] = mapped_column(Ref)
    outcome: Mapped[DecisionOutcome]
    reason: Mapped[LongText]  # of who decided; may be empty for an approval
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]
    discount_share: Mapped[Decimal | None] = mapped_column(Rate)  # greatest, against list; none: unknown
    margin_rate: Mapped[Decimal | None] = mapped_column(Rate)  # least; seen only with `cost:read`
    contract_value: Mapped[OptionalAmount]  # discount money a year, base currency


class FloorPrice(Base):
    """The least net price of a product, of a category's or of a segment's, as versions with two clocks.

    Exactly one of `price` and `list_share` says how low; a segment may stand beside a product or a category.
    """

    __tablename__ = "floor_prices"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name="starts_before_end"),
        CheckConstraint(
            "superseded_at IS NULL OR recorded_at <= superseded_at", name="known_before_superseded"
        ),
        CheckConstraint("(price IS NULL) <> (list_share IS NULL)", name="price_or_share"),
        CheckConstraint("product_id IS NULL OR category_id IS NULL", name="one_product_scope"),
        CheckConstraint(
            "NOT (product_id IS NULL AND category_id IS NULL AND segment_id IS NULL)", name="some_scope"
        ),
        *whole_numbers("price", "list_share"),
        Index(None, "scope_key"),
        Index(None, "number"),
    )

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(Ref)
    product_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("products.id"), index=True)
    category_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("categories.id"), index=True)
    segment_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("segments.id"), index=True)
    scope_key: Mapped[str]  # `product:4/segment:2`
    price: Mapped[OptionalAmount]  # of one base unit, base currency
    list_share: Mapped[Decimal | None] = mapped_column(Rate)  # share of the list price
    reason: Mapped[LongText]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]  # exclusive; none: until further notice
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    superseded_at: Mapped[datetime | None]  # none: what we know now


class AuthorityLimit(Base):
    """How much a role may grant alone, as versions with two clocks; what is none is not limited."""

    __tablename__ = "authority_limits"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name="starts_before_end"),
        CheckConstraint(
            "superseded_at IS NULL OR recorded_at <= superseded_at", name="known_before_superseded"
        ),
        *whole_numbers("discount_share", "margin_rate", "contract_value"),
        Index(None, "role"),
    )

    id: Mapped[Id]
    role: Mapped[Role]
    discount_share: Mapped[Decimal | None] = mapped_column(Rate)  # the largest total discount ÷ list price
    margin_rate: Mapped[Decimal | None] = mapped_column(Rate)  # the least (net price − unit cost) ÷ net price
    contract_value: Mapped[OptionalAmount]  # the largest discount money a year, base currency
    reason: Mapped[LongText]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]  # exclusive
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    superseded_at: Mapped[datetime | None]
