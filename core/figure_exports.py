"""What is noted in the audit when a list of figures leaves the house."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from core import audit, auth
from core.audit import Subject
from core.auth import Actor
from core.vocabulary import Permission


def record(session: Session, actor: Actor, name: str, rows: int, asked: Mapping[str, str]) -> None:
    """Note who took which list out, how many rows and by which choices."""
    auth.require(actor, Permission.DATA_EXPORT)
    changes = {"rows": (None, rows), **{key: (None, value) for key, value in asked.items()}}
    audit.record(session, actor, "export:figures", Subject("export", name, name), changes)
