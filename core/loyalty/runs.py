"""The daily job: accrues what was bought and brought back, lets lots lapse, evaluates tiers, member by member.

It works in pieces of some members, each in a transaction of its own that the caller opens: stopped half way, the next
run does the rest. It may be run twice, and after missed days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, clock
from core.audit import Subject
from core.auth import Actor
from core.errors import Invalid
from core.language import _
from core.loyalty import accruals, members
from core.loyalty.accruals import Accrued
from core.models import LoyaltyMember
from core.vocabulary import Permission

PIECE = 100  # members in one transaction


@dataclass
class Run:
    """What a run of the daily job did."""

    on: date
    moved: int = 0  # accounts that joined or left a group
    accrued: Accrued = field(default_factory=Accrued)


def begin(session: Session, actor: Actor, on: date) -> tuple[Run, list[list[int]]]:
    """The pools follow their groups; then the pieces of members that `piece` is to be called for."""
    auth.require(actor, Permission.LOYALTY_WRITE)
    if not actor.sees_everything:
        raise Invalid(_("The daily job is run by somebody who sees every account."))
    if on > clock.today():
        raise Invalid(_("{day} has not come yet: give today or an earlier day.").format(day=on.isoformat()))
    run = Run(on, moved=members.follow_groups(session, actor, on))
    ids = list(session.scalars(select(LoyaltyMember.id).order_by(LoyaltyMember.id)))
    return run, [ids[start : start + PIECE] for start in range(0, len(ids), PIECE)]


def piece(session: Session, actor: Actor, run: Run, member_ids: Sequence[int]) -> None:
    """Bring some members up to date."""
    auth.require(actor, Permission.LOYALTY_WRITE)
    done = accruals.bring_up_to_date(session, actor, member_ids, run.on)
    total = run.accrued
    total.members += done.members
    total.entries += done.entries
    total.corrections += done.corrections
    for kind, count in done.by_kind.items():
        total.by_kind[kind] = total.by_kind.get(kind, 0) + count


def finish(session: Session, actor: Actor, run: Run) -> None:
    """Leave word of the run in the audit, where it did anything."""
    auth.require(actor, Permission.LOYALTY_WRITE)
    if run.accrued.entries or run.moved:
        changes = {name: (None, count) for name, count in sorted(run.accrued.by_kind.items())}
        changes["corrections"] = (None, run.accrued.corrections)
        audit.record(session, actor, "loyalty:run", Subject("loyalty_run", run.on.isoformat(), ""), changes)


def run_all(session: Session, actor: Actor, on: date) -> Run:
    """The whole job in the session's transaction: for the demo, tests and small stores."""
    run, pieces = begin(session, actor, on)
    for member_ids in pieces:
        piece(session, actor, run, member_ids)
    finish(session, actor, run)
    return run
