"""Loyalty: programmes as versions, members with their ledger of points, the lots and standings kept beside it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.loyalty_vocabulary import EntryKind, ProgrammeStatus, RequestOutcome, TierSource
from core.models.base import (
    Base,
    Count,
    Id,
    LongText,
    OptionalAmount,
    OptionalCount,
    Ref,
    Share,
    whole_numbers,
)


class LoyaltyProgramme(Base):
    """One version of a programme's specification; `number` is the same in all versions of a programme.

    Live versions hold on their days; beside them a programme has at most one draft or approved version.
    """

    __tablename__ = "loyalty_programmes"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name="starts_before_end"),
        CheckConstraint(
            "superseded_at IS NULL OR recorded_at <= superseded_at", name="known_before_superseded"
        ),
        CheckConstraint("(status IN ('live', 'closed')) = (valid_from IS NOT NULL)", name="days_when_live"),
        Index(None, "number"),
    )

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(Ref)
    name: Mapped[str]
    status: Mapped[ProgrammeStatus]
    spec: Mapped[dict[str, Any]] = mapped_column(JSON)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]  # exclusive; none: until further notice
    note: Mapped[LongText]  # why this version
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    approved_by: Mapped[str | None]
    superseded_at: Mapped[datetime | None]  # none: what we know now


class LoyaltyMember(Base):
    """Who holds points: an account, or a group that earns together; who writes entries locks the row."""

    __tablename__ = "loyalty_members"
    __table_args__ = (CheckConstraint("(account_id IS NULL) <> (group_id IS NULL)", name="account_or_group"),)

    id: Mapped[Id]
    account_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("accounts.id"), unique=True)
    group_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("groups.id"), unique=True)
    entry_count: Mapped[int] = mapped_column(default=0)  # entries are numbered in the order of their booking
    accrued_on: Mapped[date | None]  # the last day up to which the daily job has come
    created_at: Mapped[datetime]


class LoyaltyEnrolment(Base):
    """That an account earns for a member under a programme on some days, as versions with two clocks."""

    __tablename__ = "loyalty_enrolments"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name="starts_before_end"),
        CheckConstraint(
            "superseded_at IS NULL OR recorded_at <= superseded_at", name="known_before_superseded"
        ),
        Index(None, "account_id"),
        Index(None, "member_id"),
    )

    id: Mapped[Id]
    member_id: Mapped[int] = mapped_column(Ref, ForeignKey("loyalty_members.id"))
    programme_number: Mapped[int] = mapped_column(Ref)
    account_id: Mapped[int] = mapped_column(Ref, ForeignKey("accounts.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]  # exclusive
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    superseded_at: Mapped[datetime | None]


class LoyaltyEntry(Base):
    """One entry of the ledger; never changed. The balance is the sum of the points.

    Entries with the same `source` are about the same thing: what comes after the first corrects it. An entry whose
    import was undone counts as never made.
    """

    __tablename__ = "loyalty_entries"
    __table_args__ = (
        *whole_numbers("points", "qualifying", "cost_amount"),
        Index(None, "member_id", "posted_on"),
        Index(None, "key"),
        Index(None, "batch_id"),
        Index(
            "uq_loyalty_entries_in_force",
            "account_id",
            "key",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
        {"sqlite_with_rowid": False},
    )

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    member_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("loyalty_members.id"), primary_key=True, autoincrement=False
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # of the member
    kind: Mapped[EntryKind]
    points: Mapped[Count]  # with its sign
    qualifying: Mapped[Count]  # points, or money where the programme counts revenue; with its sign
    posted_on: Mapped[date]
    active_on: Mapped[date | None]  # of points that are added: from when they can be spent; none: at once
    expires_on: Mapped[date | None]  # the last day of points that are added; none: never
    key: Mapped[str]  # the same key is never booked twice
    source: Mapped[str]  # `order:4711:2026-03-02`, `reward:Voucher:…`, or the key itself
    reverses: Mapped[str | None]  # the source whose points come back, for a return
    generated: Mapped[bool] = mapped_column(default=False)  # by the daily job, from a specification
    spec_id: Mapped[int | None] = mapped_column(Ref)  # the version of the programme that says so
    reason: Mapped[LongText]
    cost_amount: Mapped[OptionalAmount]  # what a reward costs us, base currency
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    batch_id: Mapped[int | None] = mapped_column(Ref)
    undone_at: Mapped[datetime | None]


class LoyaltyLot(Base):
    """Points that were earned together and what became of them: kept in step with the ledger, and told by it anew."""

    __tablename__ = "loyalty_lots"
    __table_args__ = (
        *whole_numbers("points", "redeemed", "expired", "taken"),
        Index(None, "member_id", "expires_on"),
        {"sqlite_with_rowid": False},
    )

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    member_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("loyalty_members.id"), primary_key=True, autoincrement=False
    )
    source: Mapped[str] = mapped_column(primary_key=True)
    earned_on: Mapped[date]
    active_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    points: Mapped[Count]
    redeemed: Mapped[Count]
    expired: Mapped[Count]
    taken: Mapped[Count]  # by adjustments and returns


class LoyaltyTierSpan(Base):
    """The loyalty tier that a member holds on some days, as versions with two clocks."""

    __tablename__ = "loyalty_tier_spans"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name="starts_before_end"),
        *whole_numbers("discount_rate"),
        Index(None, "member_id", "valid_from"),
    )

    id: Mapped[Id]
    member_id: Mapped[int] = mapped_column(Ref, ForeignKey("loyalty_members.id"))
    programme_number: Mapped[int] = mapped_column(Ref)
    loyalty_tier: Mapped[str]  # empty: below the lowest
    source: Mapped[TierSource]
    discount_rate: Mapped[Share]  # what the tier takes off the price
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]  # exclusive; none: as far as the daily job has come
    recorded_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]


class LoyaltyGrant(Base):
    """A tier given for some days whatever was earned, with who gave it and why."""

    __tablename__ = "loyalty_grants"
    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="starts_before_end"),
        Index(None, "member_id"),
    )

    id: Mapped[Id]
    member_id: Mapped[int] = mapped_column(Ref, ForeignKey("loyalty_members.id"))
    loyalty_tier: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]  # exclusive: a granted tier always ends
    reason: Mapped[LongText]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    superseded_at: Mapped[datetime | None]  # withdrawn


class LoyaltyRequest(Base):
    """An adjustment beyond the limit that waits for somebody who may approve it, and how that ended."""

    __tablename__ = "loyalty_requests"
    __table_args__ = (
        *whole_numbers("points", "qualifying"),
        CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="decided_with_outcome"),
        Index(None, "account_id"),
    )

    id: Mapped[Id]
    member_id: Mapped[int] = mapped_column(Ref, ForeignKey("loyalty_members.id"))
    account_id: Mapped[int] = mapped_column(Ref, ForeignKey("accounts.id"))
    points: Mapped[Count]
    qualifying: Mapped[Count]
    expires_on: Mapped[date | None]
    reason: Mapped[LongText]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    outcome: Mapped[RequestOutcome | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision: Mapped[LongText]  # the reason of who decided


class LoyaltyStanding(Base):
    """Where a member stands, kept by whatever writes its ledger, so that lists of thousands need no ledger."""

    __tablename__ = "loyalty_standings"
    __table_args__ = (
        *whole_numbers(
            "issued", "redeemed", "expired", "taken", "owed", "active", "pending", "qualifying", "to_next",
            "to_stay", "projected", "expiring_30", "expiring_60", "expiring_90",
        ),
    )  # fmt: skip

    member_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("loyalty_members.id"), primary_key=True, autoincrement=False
    )
    as_of: Mapped[date]
    programme_number: Mapped[int | None] = mapped_column(Ref)
    issued: Mapped[Count]
    redeemed: Mapped[Count]
    expired: Mapped[Count]
    taken: Mapped[Count]
    owed: Mapped[Count]  # points taken back that were spent already
    active: Mapped[Count]
    pending: Mapped[Count]
    qualifying: Mapped[Count]
    loyalty_tier: Mapped[str | None]
    tier_source: Mapped[TierSource | None]
    tier_since: Mapped[date | None]
    tier_until: Mapped[date | None]  # the last day that it is certain to be held
    next_tier: Mapped[str | None]
    to_next: Mapped[OptionalCount]
    to_stay: Mapped[OptionalCount]
    projected_tier: Mapped[str | None]
    projected: Mapped[OptionalCount]  # qualifying points at the end of the window
    window_ends_on: Mapped[date | None]
    expiring_30: Mapped[Count]
    expiring_60: Mapped[Count]
    expiring_90: Mapped[Count]
