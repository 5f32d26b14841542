"""Who may sign in, what they may do, and where they are signed in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import Base, Id, Ref
from core.vocabulary import AttemptOutcome, Permission, Role


class User(Base):
    __tablename__ = "users"

    id: Mapped[Id]
    username: Mapped[str] = mapped_column(unique=True)  # lower case
    name: Mapped[str]
    email: Mapped[str | None] = mapped_column(unique=True)  # lower case; what single sign-on maps by
    password_hash: Mapped[str | None]  # none: single sign-on or a one-time code only
    language: Mapped[str] = mapped_column(default="en")
    is_active: Mapped[bool] = mapped_column(default=True)
    is_demo: Mapped[bool] = mapped_column(default=False)  # may sign in on loopback only
    must_change_password: Mapped[bool] = mapped_column(default=False)
    code_hash: Mapped[str | None]  # of the one-time code an administrator gave out
    code_expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    roles: Mapped[list[UserRole]] = relationship(cascade="all, delete-orphan", lazy="selectin")
    grants: Mapped[list[UserGrant]] = relationship(cascade="all, delete-orphan", lazy="selectin")
    regions: Mapped[list[UserRegion]] = relationship(cascade="all, delete-orphan", lazy="selectin")

    __mapper_args__ = {"version_id_col": version}


class UserRole(Base):
    __tablename__ = "user_roles"

    user_id: Mapped[int] = mapped_column(Ref, ForeignKey("users.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(primary_key=True)


class UserGrant(Base):
    """A permission beyond the roles: `cost:read`."""

    __tablename__ = "user_grants"

    user_id: Mapped[int] = mapped_column(Ref, ForeignKey("users.id"), primary_key=True)
    permission: Mapped[Permission] = mapped_column(primary_key=True)


class UserRegion(Base):
    """A region that a director or viewer is limited to; none means every region."""

    __tablename__ = "user_regions"

    user_id: Mapped[int] = mapped_column(Ref, ForeignKey("users.id"), primary_key=True)
    region_id: Mapped[int] = mapped_column(Ref, ForeignKey("regions.id"), primary_key=True)


class WebSession(Base):
    """One signed-in browser; the cookie holds the token, the store only its hash."""

    __tablename__ = "web_sessions"

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(Ref, ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    device: Mapped[str] = mapped_column(default="")  # what the browser calls itself, shortened


class SignInTicket(Base):
    """A one-time ticket that the browser exchanges for its session cookie."""

    __tablename__ = "sign_in_tickets"

    ticket_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(Ref, ForeignKey("users.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInAttempt(Base):
    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        Index(None, "username", "at"),
        Index(None, "address", "at"),
    )

    id: Mapped[Id]
    at: Mapped[datetime]
    username: Mapped[str]
    address: Mapped[str]
    outcome: Mapped[AttemptOutcome]


class Submission(Base):
    """The nonce of a form that was saved: the same click never counts twice."""

    __tablename__ = "submissions"

    nonce: Mapped[str] = mapped_column(primary_key=True)
    actor: Mapped[str]
    at: Mapped[datetime]
