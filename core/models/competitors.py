"""Competitors, where they stand at accounts, what is claimed about them, and how contests with them ended."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import (
    Base,
    Id,
    LongText,
    OptionalAmount,
    OptionalShare,
    Ref,
    whole_numbers,
)
from core.vocabulary import (
    ClaimTopic,
    ContestOutcome,
    ContestReason,
    ObjectionKind,
    ObjectionOutcome,
    Reliability,
    SourceKind,
    Swot,
)


class Competitor(Base):
    """A company that sells to our accounts, or would like to."""

    __tablename__ = "competitors"

    id: Mapped[Id]
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(unique=True)  # the name folded: no two that read alike
    aliases: Mapped[str]  # other names, a comma between them: brands, short forms
    goals: Mapped[LongText]
    home_region: Mapped[str]
    note: Mapped[LongText]
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class CompetitorSegment(Base):
    """A segment of ours in which a competitor sells."""

    __tablename__ = "competitor_segments"

    competitor_id: Mapped[int] = mapped_column(Ref, ForeignKey("competitors.id"), primary_key=True)
    segment_id: Mapped[int] = mapped_column(Ref, ForeignKey("segments.id"), primary_key=True)


class CompetitorProduct(Base):
    """A product of theirs that stands against one of ours."""

    __tablename__ = "competitor_products"
    __table_args__ = (Index(None, "competitor_id"),)

    id: Mapped[Id]
    competitor_id: Mapped[int] = mapped_column(Ref, ForeignKey("competitors.id"))
    name: Mapped[str]
    product_id: Mapped[int | None] = mapped_column(
        Ref, ForeignKey("products.id")
    )  # ours; none: nothing of ours


class CompetitorPresence(Base):
    """What a competitor supplies to an account: one row a category, or one for all of it."""

    __tablename__ = "competitor_presences"
    __table_args__ = (
        CheckConstraint("share IS NULL OR (share >= 0 AND share <= 1000000)", name="share_within_one"),
        Index(None, "account_id"),
        Index(None, "competitor_id"),
        *whole_numbers("share", "low_share", "high_share"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(Ref, ForeignKey("accounts.id"))
    competitor_id: Mapped[int] = mapped_column(Ref, ForeignKey("competitors.id"))
    category_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("categories.id"))  # none: not said which
    since_on: Mapped[date | None]
    contract_ends_on: Mapped[date | None]  # the last day of their contract, as on paper
    share: Mapped[OptionalShare]  # of what the account buys in the category
    low_share: Mapped[OptionalShare]
    high_share: Mapped[OptionalShare]
    contact: Mapped[str]  # whom they know best at the account
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class CompetitorClaim(Base):
    """One version of one statement about a competitor; `number` is the same in all versions.

    It is true from `observed_on` to before `valid_to`, and known to us from `recorded_at` to `superseded_at`.
    """

    __tablename__ = "competitor_claims"
    __table_args__ = (
        CheckConstraint("credibility BETWEEN 1 AND 6", name="credibility_is_a_grade"),
        CheckConstraint("valid_to IS NULL OR observed_on < valid_to", name="starts_before_end"),
        CheckConstraint("product_id IS NULL OR category_id IS NULL", name="one_scope"),
        CheckConstraint("price IS NULL OR price_gap IS NULL", name="one_price"),
        CheckConstraint(
            "superseded_at IS NULL OR recorded_at <= superseded_at", name="known_before_superseded"
        ),
        Index(None, "number"),
        Index(None, "account_id"),
        Index(None, "competitor_id"),
        *whole_numbers("price", "price_gap"),
    )

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(Ref)
    competitor_id: Mapped[int] = mapped_column(Ref, ForeignKey("competitors.id"))
    account_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("accounts.id"))  # none: of the market
    product_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("products.id"))  # ours that it is about
    category_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("categories.id"))
    topic: Mapped[ClaimTopic]
    swot: Mapped[Swot]
    statement: Mapped[LongText]
    price: Mapped[OptionalAmount]  # theirs for one unit, base currency
    unit_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("units.id"))  # none: the product's base unit
    price_gap: Mapped[OptionalShare]  # theirs against our net price: -0.03 is three percent below
    observed_on: Mapped[date]
    valid_to: Mapped[date | None]  # exclusive; none: until it decays
    source_kind: Mapped[SourceKind]
    source: Mapped[str]
    reliability: Mapped[Reliability]
    credibility: Mapped[int]
    is_confidential: Mapped[bool]
    confirmed_on: Mapped[date | None]
    refuted_on: Mapped[date | None]
    reason: Mapped[LongText]  # why this version: who confirmed it, what refuted it
    captured: Mapped[LongText]  # the line as it was typed; empty: entered in a form or a file
    author: Mapped[str]
    author_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("users.id"))
    is_withdrawn: Mapped[bool] = mapped_column(default=False)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    superseded_at: Mapped[datetime | None]  # none: what we know now
    batch_id: Mapped[int | None] = mapped_column(Ref)


class ClaimAttachment(Base):
    """A file that proves a claim: a photograph of a leaflet, an offer that the buyer passed on."""

    __tablename__ = "claim_attachments"
    __table_args__ = (Index(None, "number"),)

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(Ref)  # of the claim
    file_name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]


class Objection(Base):
    """What somebody at an account held against us, what we answered, and how it ended."""

    __tablename__ = "objections"
    __table_args__ = (Index(None, "account_id"), Index(None, "competitor_id"))

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(Ref, ForeignKey("accounts.id"))
    competitor_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("competitors.id"))
    product_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("products.id"))
    kind: Mapped[ObjectionKind]
    objection: Mapped[LongText]
    answer: Mapped[LongText]
    outcome: Mapped[ObjectionOutcome]
    raised_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Contest(Base):
    """A deal or a category for which a competitor stood against us, and how it ended."""

    __tablename__ = "contests"
    __table_args__ = (
        CheckConstraint("amount IS NULL OR amount > 0", name="amount_positive"),
        CheckConstraint("product_id IS NULL OR category_id IS NULL", name="one_scope"),
        Index(None, "account_id"),
        Index(None, "competitor_id"),
        *whole_numbers("amount", "our_price", "their_price"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(Ref, ForeignKey("accounts.id"))
    competitor_id: Mapped[int] = mapped_column(Ref, ForeignKey("competitors.id"))
    product_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("products.id"))
    category_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("categories.id"))
    title: Mapped[str]
    outcome: Mapped[ContestOutcome]
    decided_on: Mapped[date]
    amount: Mapped[OptionalAmount]  # a year's revenue that was at stake, base currency
    our_price: Mapped[OptionalAmount]
    their_price: Mapped[OptionalAmount]
    reason: Mapped[ContestReason]
    note: Mapped[LongText]
    was_avoidable: Mapped[bool | None]  # of a loss; none: not asked yet
    lesson: Mapped[LongText]  # of a loss: what we would do otherwise
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class AccountNote(Base):
    """A note about an account: what a quick note said that is nothing else."""

    __tablename__ = "account_notes"
    __table_args__ = (Index(None, "account_id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(Ref, ForeignKey("accounts.id"))
    noted_on: Mapped[date]
    tag: Mapped[str]  # call, visit, email …; empty: none
    body: Mapped[LongText]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class SearchText(Base):
    """The words of a record that can be searched; who may see them is the record's own condition."""

    __tablename__ = "search_texts"
    __table_args__ = (Index(None, "entity", "entity_id", unique=True),)

    id: Mapped[Id]
    entity: Mapped[str]
    entity_id: Mapped[int] = mapped_column(Ref)
    body: Mapped[LongText]  # words alone, folded, so that both databases find the same
