"""The way of a term from a draft into force: submitted, approved or rejected with a reason, or taken back."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.auth import Actor
from core.term_drafts import TermDraft


@dataclass(frozen=True)
class Submitted:
    """What became of a submission: `number` is in force already, or waits for somebody else."""

    number: int
    is_in_force: bool
    version: int  # of the version that stands now
    sentence: str


def outcome_of(session: Session, actor: Actor, draft: TermDraft) -> Outcome:  # noqa: F821
    """Whether the actor may put it in force alone (`.alone`), or who must (`.must`), and why (`.sentence()`)."""
    raise NotImplementedError


def submit(session: Session, actor: Actor, number: int, *, version: int) -> Submitted:
    """Ask for a drafted or rejected term; within the actor's own authority it is in force at once.

    `version` is `TermRow.id` of the version that was seen; raises Conflict where another one stands now.
    """
    raise NotImplementedError


def withdraw(session: Session, actor: Actor, number: int, *, version: int) -> int:
    """Take a submission back to a draft; returns its version."""
    raise NotImplementedError


def decide(session: Session, actor: Actor, number: int, *, version: int, approve: bool, reason: str = "") -> int:
    """Approve or reject a submission; returns the version that stands now."""
    raise NotImplementedError
