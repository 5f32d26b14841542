"""The way of a term from a draft into force: submitted, approved or rejected with a reason, or taken back.

Every step is one more version of the proposal, and every submission that ended leaves a decision. Who may approve what
follows the authority limits (`core.authority`): within one's own a submission is in force at once, beyond them somebody
else decides, and nobody approves beyond their own. A proposal that comes into force keeps its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import auth, authority, clock, precedents, term_drafts, term_versions, terms
from core.auth import Actor
from core.authority import Outcome
from core.errors import Conflict, Forbidden, Invalid, NotFound, UtamaError
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.models import Account, Term, TermDecision
from core.money import ZERO, round_ratio
from core.precedents import Precedents
from core.term_drafts import TermDraft
from core.term_effects import Effect
from core.terms import TermRow
from core.vocabulary import DecisionOutcome, Permission, TermStatus

__all__ = [
    "Decision", "Detail", "Outcome", "Proposal", "Submitted", "ask", "decide", "decided", "detail", "drafts",
    "outcome_of", "submit", "waiting", "withdraw",
]  # fmt: skip


@dataclass(frozen=True)
class Submitted:
    """What became of a submission: it is in force already, or waits for somebody else."""

    number: int
    is_in_force: bool
    version: int  # `TermRow.id` of the version that stands now
    sentence: str


@dataclass(frozen=True)
class Proposal:
    """A submission that waits, and what the viewer may do about it."""

    row: TermRow  # recorded by who asked, when they asked
    outcome: Outcome  # as judged for the viewer
    is_mine: bool
    may_decide: bool  # whether it is the viewer's to approve or reject at all
    why_not: str  # where the viewer may reject it, but not approve it, or neither: why

    @property
    def stake(self) -> Decimal | None:
        """Discount money of a year; None where nothing was bought in the scope."""
        return None if self.outcome.effect is None else self.outcome.effect.contract_value


@dataclass(frozen=True)
class Decision:
    """A submission that ended."""

    row: TermRow  # as it was asked for
    outcome: DecisionOutcome
    reason: str
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime
    discount_share: Decimal | None
    margin_rate: Decimal | None  # None also for who may not see cost
    contract_value: Decimal | None


@dataclass(frozen=True)
class Replaced:
    """A term in force that gives way: when it ends, and when it goes on."""

    row: TermRow
    ends_on: date | None  # its new end, exclusive; None: it is replaced from its first day
    resumes_on: date | None


@dataclass(frozen=True)
class Detail:
    """All that somebody needs to decide about one submission."""

    proposal: Proposal
    replaced: tuple[Replaced, ...]
    precedents: Precedents


def outcome_of(session: Session, actor: Actor, draft: TermDraft) -> Outcome:
    """Whether the actor may put it in force alone (`.alone`), or who must (`.must`), and why (`.sentence()`).

    Raises Invalid for a draft that cannot be meant, NotFound and Forbidden for a scope that is not the actor's.
    """
    auth.require(actor, Permission.TERM_WRITE)
    term_drafts.check(draft)
    terms.require_scope(session, actor, draft.scope)
    return authority.judged(session, actor, [draft])[0]


def ask(session: Session, actor: Actor, draft: TermDraft) -> Submitted:
    """Record a draft and submit it in one step."""
    auth.require(actor, Permission.TERM_WRITE)
    term = term_versions.record(session, actor, replace(draft, status=TermStatus.DRAFT))
    return submit(session, actor, term.number, version=term.id)


def drafts(session: Session, actor: Actor) -> list[TermRow]:
    """The proposals that nobody has submitted yet, or that were rejected, in the order of their numbers."""
    auth.require(actor, Permission.TERM_WRITE)
    found = [
        row
        for status in (TermStatus.DRAFT, TermStatus.REJECTED)
        for row in terms.search(session, actor, status=status)
    ]
    return sorted(found, key=lambda row: row.number)


def submit(session: Session, actor: Actor, number: int, *, version: int) -> Submitted:
    """Ask for a drafted or rejected term; within the actor's own authority it is in force at once.

    `version` is `TermRow.id` of the version that was seen; raises Conflict where another one stands now.
    """
    auth.require(actor, Permission.TERM_WRITE)
    term = _held(session, actor, number, version)
    if term.status not in (TermStatus.DRAFT, TermStatus.REJECTED):
        raise Conflict(_("{name} is not a draft any more.").format(name=f"T{number}"))
    outcome = outcome_of(session, actor, term_versions.draft_of(term))
    if outcome.effect is not None and outcome.effect.is_refused:
        raise Invalid(
            _(
                "{name} is below the floor price and would never make a price. Change it, or ask for an exception "
                "with a last day."
            ).format(name=f"T{number}")
        )
    if outcome.alone:
        made = term_versions.put_in_force(session, actor, term, action="term:grant")
        reason = _("granted within your authority")
        _note(session, actor, term, DecisionOutcome.GRANTED, "", outcome, asked=(actor.username, clock.now()))
        return Submitted(number, True, made.id, reason)
    # Of a group or a segment everybody sees other accounts, so that its measures are worked out for who asks.
    kept = outcome.effect.measures() if outcome.effect is not None and term.account_id is not None else None
    after = term_versions.move_on(
        session, actor, term, TermStatus.SUBMITTED, action="term:submit", judged=kept
    )
    return Submitted(number, False, after.id, outcome.sentence())


def withdraw(session: Session, actor: Actor, number: int, *, version: int) -> int:
    """Take a submission of one's own back to a draft; returns its version."""
    auth.require(actor, Permission.TERM_WRITE)
    term = _submitted(session, actor, number, version)
    if term.recorded_by != actor.username:
        raise Forbidden(_("{who} submitted it: only they can take it back.").format(who=term.recorded_by))
    after = term_versions.move_on(session, actor, term, TermStatus.DRAFT, action="term:retract")
    _note(session, actor, term, DecisionOutcome.WITHDRAWN, "", None)
    return after.id


def decide(
    session: Session, actor: Actor, number: int, *, version: int, approve: bool, reason: str = ""
) -> int:
    """Approve or reject a submission; returns the version that stands now.

    A rejection says why. Approving raises Forbidden beyond the actor's own authority, and Conflict where an approved
    term of the same scope begins on one of its days.
    """
    auth.require(actor, Permission.TERM_APPROVE)
    term = _submitted(session, actor, number, version)
    outcome = outcome_of(session, actor, term_versions.draft_of(term))
    reason = reason.strip()
    if not approve:
        if not reason:
            problem = _("Say why: who asked reads it.")
            raise Invalid(problem, fields={"reason": problem})
        after = term_versions.move_on(session, actor, term, TermStatus.REJECTED, action="term:reject")
        _note(session, actor, term, DecisionOutcome.REJECTED, reason, outcome)
        return after.id
    if not outcome.alone:
        raise Forbidden(outcome.sentence())
    if outcome.effect is not None and outcome.effect.is_refused:
        raise Invalid(
            _("{name} is below the floor price and would never make a price: reject it.").format(
                name=f"T{number}"
            )
        )
    made = term_versions.put_in_force(session, actor, term, action="term:approve")
    _note(session, actor, term, DecisionOutcome.APPROVED, reason, outcome)
    return made.id


def waiting(session: Session, actor: Actor, accounts: AccountFilter = ALL_ACCOUNTS) -> list[Proposal]:
    """The submissions that the actor sees, the greatest discount money a year first, unknown money before all.

    With a filter only those of the accounts that it lets through, none of groups and segments.

    What is unknown is not small: somebody has to look at it. The measures are those that the term was submitted
    with; `detail` and `decide` work them out anew.
    """
    auth.require(actor, Permission.TERM_READ)
    of_accounts = Term.account_id.in_(select(Account.id).where(accounts.condition()))
    only = None if accounts.is_empty else of_accounts
    rows = terms.search(session, actor, status=TermStatus.SUBMITTED, only=only)
    kept = [None if row.judged is None else Effect.of_measures(row.judged) for row in rows]
    outcomes = authority.judged(session, actor, [draft_of(row) for row in rows], kept)
    found = [_proposal(session, actor, row, outcome) for row, outcome in zip(rows, outcomes, strict=True)]
    return sorted(found, key=lambda one: (one.stake is not None, -(one.stake or ZERO), one.row.number))


def detail(session: Session, actor: Actor, number: int) -> Detail:
    """One submission with what it replaces and what others were granted; raises NotFound where none waits."""
    auth.require(actor, Permission.TERM_READ)
    rows = terms.search(session, actor, status=TermStatus.SUBMITTED, only=Term.number == number)
    if not rows:
        raise NotFound(_("No submission {name} waits any more.").format(name=f"T{number}"))
    row, draft = rows[0], draft_of(rows[0])
    outcome = authority.judged(session, actor, [draft])[0]
    return Detail(
        _proposal(session, actor, row, outcome),
        tuple(_replaced(session, actor, row)),
        precedents.of(session, actor, draft),
    )


def decided(session: Session, actor: Actor, *, limit: int = 100, mine: bool = False) -> list[Decision]:
    """The submissions that ended, of terms that the actor sees, the newest first; `mine`: those the actor asked for."""
    auth.require(actor, Permission.TERM_READ)
    query = (
        terms.with_names(TermDecision)
        .join(TermDecision, TermDecision.term_id == Term.id)
        .where(terms.visible(actor))
        .order_by(None)
        .order_by(TermDecision.decided_at.desc(), TermDecision.id.desc())
        .limit(limit)
    )
    if mine:
        query = query.where(TermDecision.asked_by == actor.username)
    return [_decision(actor, terms.row_of(*one[:-1]), one[-1]) for one in session.execute(query)]


def draft_of(row: TermRow) -> TermDraft:
    """A term as it would be typed."""
    return TermDraft(
        row.scope, row.kind, row.value, row.valid_from, row.valid_to, row.min_quantity, row.stacks, row.governed_by,
        row.status, row.reason, row.basis, row.period, row.mode, row.unit_id, row.days, row.is_exception,
    )  # fmt: skip


def _held(session: Session, actor: Actor, number: int, version: int) -> Term:
    """The proposal that stands now, held until the transaction ends; the scope's row first, as everybody does."""
    seen = session.scalar(
        select(Term).where(Term.number == number, terms.visible(actor), Term.undone_at.is_(None)).limit(1)
    )
    if seen is None:
        raise NotFound(_("There is no term {name}.").format(name=f"T{number}"))
    terms.require_scope(session, actor, terms.scope_of(seen), lock=True)
    query = (
        select(Term)
        .where(Term.number == number, Term.undone_at.is_(None), Term.superseded_at.is_(None))
        .where(Term.status != TermStatus.APPROVED)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    term = session.scalar(query)
    if term is None or term.id != version:
        raise _overtaken(session, number, term)
    return term


def _submitted(session: Session, actor: Actor, number: int, version: int) -> Term:
    term = _held(session, actor, number, version)
    if term.status is not TermStatus.SUBMITTED:
        raise _overtaken(session, number, term)
    return term


def _overtaken(session: Session, number: int, term: Term | None) -> Conflict:
    """A sentence that says what somebody else did with it meanwhile."""
    last = session.scalar(
        select(TermDecision).where(TermDecision.number == number).order_by(TermDecision.id.desc()).limit(1)
    )
    name, version = f"T{number}", None if term is None else term.id
    if last is None or (term is not None and term.status is TermStatus.SUBMITTED):
        return Conflict(
            _("Somebody else changed {name} meanwhile. Load the page again.").format(name=name),
            version=version,
        )
    said = {
        DecisionOutcome.APPROVED: _("{who} approved {name} meanwhile."),
        DecisionOutcome.REJECTED: _("{who} rejected {name} meanwhile."),
        DecisionOutcome.WITHDRAWN: _("{who} took {name} back meanwhile."),
        DecisionOutcome.GRANTED: _("{who} put {name} in force meanwhile."),
    }[last.outcome]
    return Conflict(said.format(who=last.decided_by, name=name), version=version)


def _note(
    session: Session,
    actor: Actor,
    term: Term,
    outcome: DecisionOutcome,
    reason: str,
    judged: Outcome | None,
    *,
    asked: tuple[str, datetime] | None = None,
) -> None:
    by, at = asked or (term.recorded_by, term.recorded_at)
    effect = None if judged is None else judged.effect
    session.add(
        TermDecision(
            term_id=term.id,
            number=term.number,
            outcome=outcome,
            reason=reason,
            asked_by=by,
            asked_at=at,
            decided_by=actor.username,
            decided_at=clock.now(),
            discount_share=None if effect is None else _kept(effect.discount_share),
            margin_rate=None if effect is None else _kept(effect.margin_rate),
            contract_value=None if effect is None else effect.contract_value,
        )
    )
    session.flush()


def _kept(share: Decimal | None) -> Decimal | None:
    return None if share is None else round_ratio(share)


def _proposal(session: Session, actor: Actor, row: TermRow, outcome: Outcome) -> Proposal:
    mine = row.recorded_by == actor.username
    if not actor.may(Permission.TERM_APPROVE):
        return Proposal(row, outcome, mine, False, _("A director decides."))
    try:
        terms.require_scope(session, actor, row.scope)
    except UtamaError as error:
        return Proposal(row, outcome, mine, False, error.message)
    return Proposal(row, outcome, mine, True, "" if outcome.alone else outcome.sentence())


def _replaced(session: Session, actor: Actor, row: TermRow) -> Sequence[Replaced]:
    """The terms of the same scope, kind and minimum quantity in whose place it would hold."""
    alike = [
        one
        for one in terms.search(
            session, actor, status=TermStatus.APPROVED, only=Term.scope_key == row.scope.key
        )
        if (one.scope, one.kind, one.min_quantity, one.is_exception)
        == (row.scope, row.kind, row.min_quantity, row.is_exception)
        and one.valid_from <= row.valid_from < (one.valid_to or date.max)
    ]
    found = []
    for one in alike:
        if one.valid_from == row.valid_from:
            found.append(Replaced(one, None, None))
            continue
        goes_on = row.valid_to is not None and row.valid_to < (one.valid_to or date.max)
        found.append(Replaced(one, row.valid_from, row.valid_to if goes_on else None))
    return found


def _decision(actor: Actor, row: TermRow, one: TermDecision) -> Decision:
    found = Decision(
        row, one.outcome, one.reason, one.asked_by, one.asked_at, one.decided_by, one.decided_at, one.discount_share,
        one.margin_rate, one.contract_value,
    )  # fmt: skip
    return found if actor.sees_cost else replace(found, margin_rate=None)
