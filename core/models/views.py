"""Named views of a page: what somebody chose there, kept to be opened again or shared."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Id, Ref


class SavedView(Base):
    """`choices` are the address's query: a view holds questions, never figures, so it shows nobody more."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("user_id", "page", "name"),)

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(Ref, ForeignKey("users.id"))
    page: Mapped[str]
    name: Mapped[str]
    choices: Mapped[dict[str, Any]] = mapped_column(JSON)
    is_shared: Mapped[bool] = mapped_column(default=False)  # offered to everybody, not to its author alone
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
