"""Accounts, the groups and regions they belong to, and who works on them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import Base, Id, OptionalAmount, Ref, whole_numbers
from core.models.users import User
from core.vocabulary import AccountStatus, TeamRole


class Region(Base):
    __tablename__ = "regions"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)


class Group(Base):
    """One level above accounts: a chain, a buying group, a family of companies."""

    __tablename__ = "groups"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Segment(Base):
    """Kind of business: retail chain, distributor, hotel, export."""

    __tablename__ = "segments"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)


class Tier(Base):
    """Rank of importance; `position` 1 is the highest."""

    __tablename__ = "tiers"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    position: Mapped[int] = mapped_column(default=99)


class Account(Base):
    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("payment_days IS NULL OR payment_days >= 0", name="payment_days_positive"),
        *whole_numbers("credit_limit"),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(index=True)
    group_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("groups.id"), index=True)
    segment_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("segments.id"), index=True)
    tier_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("tiers.id"), index=True)
    region_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("regions.id"), index=True)
    industry: Mapped[str | None]
    country: Mapped[str | None]
    owner_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("users.id"), index=True)
    status: Mapped[AccountStatus] = mapped_column(default=AccountStatus.ACTIVE)
    since_on: Mapped[date | None]
    currency: Mapped[str | None]  # ISO 4217; none means the base currency
    payment_days: Mapped[int | None]
    credit_limit: Mapped[OptionalAmount]
    is_unassigned: Mapped[bool] = mapped_column(
        default=False
    )  # the one account for orders without an account
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]  # when somebody last said that the data are right
    batch_id: Mapped[int | None] = mapped_column(Ref)  # the import that created it
    merged_into_id: Mapped[int | None] = mapped_column(
        Ref, ForeignKey("accounts.id"), index=True
    )  # it turned out to be that account: this one is kept only to be told apart again
    version: Mapped[int] = mapped_column(default=1)

    group: Mapped[Group | None] = relationship()
    segment: Mapped[Segment | None] = relationship()
    tier: Mapped[Tier | None] = relationship()
    region: Mapped[Region | None] = relationship()
    owner: Mapped[User | None] = relationship()

    __mapper_args__ = {"version_id_col": version}


class AccountCode(Base):
    """What another system calls an account; imports look here after the account's own code."""

    __tablename__ = "account_codes"

    source: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(Ref, ForeignKey("accounts.id"), index=True)


class TeamMember(Base):
    """Somebody who works on an account beside its owner, from a day and possibly up to one."""

    __tablename__ = "team_members"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name="starts_before_end"),
        Index(None, "user_id", "account_id"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(Ref, ForeignKey("accounts.id"), index=True)
    user_id: Mapped[int] = mapped_column(Ref, ForeignKey("users.id"))
    role: Mapped[TeamRole]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]  # exclusive
