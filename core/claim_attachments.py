"""Files that prove claims: kept with their hash, seen by whoever sees the claim."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, clock, competitor_claims
from core import competitor_claim_records as records
from core.audit import Subject
from core.auth import Actor
from core.competitor_claims import ENTITY
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.models import ClaimAttachment
from core.vocabulary import Permission

MOST_BYTES = 5 * 1024 * 1024
_MOST_FILES = 10

# What a file is follows from how it begins, never from what it is called.
_BEGINNINGS: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"%PDF-", "application/pdf", ("pdf",)),
    (b"\x89PNG\r\n\x1a\n", "image/png", ("png",)),
    (b"\xff\xd8\xff", "image/jpeg", ("jpg", "jpeg")),
)
ENDINGS = tuple(ending for _begin, _kind, endings in _BEGINNINGS for ending in endings)


@dataclass(frozen=True)
class AttachmentRow:
    """A file of a claim, without its content."""

    id: int
    number: int
    file_name: str
    media_type: str
    size: int
    sha256: str
    recorded_at: datetime
    recorded_by: str


def search(session: Session, actor: Actor, number: int) -> list[AttachmentRow]:
    """The files of a claim, the newest first."""
    competitor_claims.get(session, actor, number)
    query = select(ClaimAttachment).where(
        ClaimAttachment.number == number, ClaimAttachment.withdrawn_at.is_(None)
    )
    return [_row(one) for one in session.scalars(query.order_by(ClaimAttachment.id.desc()))]


def content(session: Session, actor: Actor, attachment_id: int) -> tuple[AttachmentRow, bytes]:
    """A file to be looked at; raises Conflict where the content is not what was stored."""
    one = session.get(ClaimAttachment, attachment_id)
    if one is None or one.withdrawn_at is not None:
        raise NotFound(_("There is no such file."))
    competitor_claims.get(session, actor, one.number)
    if hashlib.sha256(one.content).hexdigest() != one.sha256:
        raise Conflict(
            _("This file is not what was stored: its hash differs. Restore a backup, or attach it anew.")
        )
    return _row(one), one.content


def attach(session: Session, actor: Actor, number: int, file_name: str, data: bytes) -> int:
    """Keep a file with a claim; returns its id."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    claim = records.access(session, actor, number)
    name = PurePath(file_name.replace("\\", "/")).name.strip()[:120]
    ending = name.rpartition(".")[2].lower()
    kind = next((kind for begin, kind, ends in _BEGINNINGS if data.startswith(begin) and ending in ends), "")
    if not kind:
        raise Invalid(_("Attach a PDF, PNG or JPEG file: {name} is none of them.").format(name=name or "–"))
    if len(data) > MOST_BYTES:
        raise Invalid(_("{name} is larger than 5 MB: make it smaller.").format(name=name))
    digest = hashlib.sha256(data).hexdigest()
    known = search(session, actor, number)
    if any(one.sha256 == digest for one in known):
        raise Conflict(_("This very file is attached already."))
    if len(known) >= _MOST_FILES:
        raise Invalid(_("A claim has at most {most} files.").format(most=_MOST_FILES))
    one = ClaimAttachment(
        number=number, file_name=name, media_type=kind, size=len(data), sha256=digest, content=data,
        recorded_at=clock.now(), recorded_by=actor.username,
    )  # fmt: skip
    session.add(one)
    session.flush()
    subject = Subject(ENTITY, f"C{number}", f"C{number}", claim.account_id)
    audit.record(session, actor, "competitor_claim:attach", subject, {"sha256": (None, digest)})
    return one.id


def detach(session: Session, actor: Actor, attachment_id: int) -> None:
    """Take a file back; it stays on record."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    one = session.get(ClaimAttachment, attachment_id)
    if one is None or one.withdrawn_at is not None:
        raise NotFound(_("There is no such file."))
    claim = records.access(session, actor, one.number)
    one.withdrawn_at = clock.now()
    session.flush()
    subject = Subject(ENTITY, f"C{one.number}", f"C{one.number}", claim.account_id)
    audit.record(session, actor, "competitor_claim:detach", subject, {"sha256": (one.sha256, None)})


def _row(one: ClaimAttachment) -> AttachmentRow:
    return AttachmentRow(
        one.id, one.number, one.file_name, one.media_type, one.size, one.sha256, one.recorded_at, one.recorded_by
    )  # fmt: skip
