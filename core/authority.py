"""How much each role may grant alone: limits with two clocks, and whether a term lies within them.

Three measures, each compared with the limit of who asks (`core.term_effects` says how they are found): the greatest
total discount ÷ list price, the least margin rate = (net price − unit cost) ÷ net price, and the discount money of a
year. What is not known is within no manager's limit: a director judges it. Without a recorded limit who holds
`term:approve` decides alone, and nobody else does. An exception from the floor price always needs `term:approve`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, auth, clock, term_effects
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Forbidden, Invalid
from core.language import _
from core.models import AuthorityLimit
from core.money import round_money, round_ratio
from core.periods import holds
from core.term_drafts import TermDraft
from core.term_effects import Effect
from core.vocabulary import Permission, Role, TermStatus

ROLES = (Role.MANAGER, Role.DIRECTOR)  # those that grant terms, the lower first


class Measure(StrEnum):
    """What a limit is about."""

    DISCOUNT = "discount_share"
    MARGIN = "margin_rate"
    CONTRACT = "contract_value"


@dataclass(frozen=True)
class LimitDraft:
    """The limits of a role from a day on; what is None is not limited."""

    role: Role
    valid_from: date
    discount_share: Decimal | None = None
    margin_rate: Decimal | None = None
    contract_value: Decimal | None = None
    reason: str = ""


@dataclass(frozen=True)
class LimitRow:
    """One version of a role's limits."""

    id: int
    draft: LimitDraft
    valid_to: date | None  # exclusive
    recorded_at: datetime
    recorded_by: str
    superseded_at: datetime | None


@dataclass(frozen=True)
class Excess:
    """A measure that is beyond a limit, or not known; of a margin the reader may not see both are None."""

    measure: Measure
    value: Decimal | None  # None: unknown
    limit: Decimal | None


@dataclass(frozen=True)
class Outcome:
    """Whether somebody may put a term in force alone, or who must, and why."""

    alone: bool
    must: (
        Role | None
    )  # the role that has to decide; None: nobody else needs to, or it is beyond every role's limit
    excesses: tuple[Excess, ...]
    effect: Effect | None  # None where no limit had to be looked at
    is_exception: bool = False
    has_no_limit: bool = False  # no limit is recorded for the role, and it holds no `term:approve`

    def sentence(self) -> str:
        """What the person who asks is told."""
        if self.alone:
            return _("Within your authority: it takes effect at once.")
        if self.is_exception and not self.excesses:
            return _("An exception from the floor price is approved by a director.")
        if self.has_no_limit:
            return _("No authority is recorded for your role: a director approves it.")
        said = "; ".join(excess_in_words(one) for one in self.excesses)
        if self.must is None:
            return _(
                "Beyond the limits of your role: {why}. An administrator can record other limits."
            ).format(why=said)
        return _("Beyond your authority: {why}. A director approves it.").format(why=said)


def excess_in_words(excess: Excess) -> str:
    """`total discount 32.0% (limit 25.0%)`, without a margin that the reader may not see."""
    names = {
        Measure.DISCOUNT: _("total discount"),
        Measure.MARGIN: _("margin rate"),
        Measure.CONTRACT: _("discount money a year"),
    }
    name = names[excess.measure]
    if excess.limit is None:
        return _("{measure} beyond the limit").format(measure=name)
    limit = _in_words(excess.measure, excess.limit)
    if excess.value is None:
        return _("{measure} unknown (limit {limit})").format(measure=name, limit=limit)
    return _("{measure} {value} (limit {limit})").format(
        measure=name, value=_in_words(excess.measure, excess.value), limit=limit
    )


def _in_words(measure: Measure, value: Decimal) -> str:
    if measure is Measure.CONTRACT:
        return f"{value:,.0f}"
    return f"{value * 100:.1f}%"


def search(session: Session, actor: Actor, *, role: Role | None = None) -> list[LimitRow]:
    """Every version ever recorded, the newest first; the limits of one's own company are no secret to who grants."""
    if not actor.may(Permission.AUTHORITY_WRITE):
        auth.require(actor, Permission.TERM_WRITE)
    query = select(AuthorityLimit).order_by(AuthorityLimit.valid_from.desc(), AuthorityLimit.id.desc())
    if role is not None:
        query = query.where(AuthorityLimit.role == role)
    return [_row(one) for one in session.scalars(query)]


def in_force(session: Session, actor: Actor, day: date | None = None) -> dict[Role, LimitRow]:
    """The limits of each role on a day, as known now."""
    day = day or clock.today()
    return {
        row.draft.role: row
        for row in search(session, actor)
        if row.superseded_at is None and holds(row.draft.valid_from, row.valid_to, day)
    }


def _row(one: AuthorityLimit) -> LimitRow:
    draft = LimitDraft(
        one.role, one.valid_from, one.discount_share, one.margin_rate, one.contract_value, one.reason
    )
    return LimitRow(one.id, draft, one.valid_to, one.recorded_at, one.recorded_by, one.superseded_at)


def may_limit(actor: Actor, role: Role) -> bool:
    """Directors say what managers may grant; what directors may, only who decides the settings."""
    if not actor.may(Permission.AUTHORITY_WRITE):
        return False
    return role is Role.MANAGER or actor.may(Permission.SETTING_WRITE)


def record(session: Session, actor: Actor, draft: LimitDraft, *, version: int | None) -> int:
    """Limit a role from a day on, until what is known to begin later; returns the id of the version.

    `version` is the id of the newest version that the form showed, None for none: another one by now is a Conflict.
    """
    auth.require(actor, Permission.AUTHORITY_WRITE)
    if not may_limit(actor, draft.role):
        raise Forbidden(_("What directors may grant is decided by an administrator."))
    _check(draft)
    versions = _held(session, draft.role, version)
    same = next((row for row in versions if row.valid_from == draft.valid_from), None)
    before = next(
        (row for row in versions if row.valid_from < draft.valid_from < (row.valid_to or date.max)), None
    )
    later = min((row.valid_from for row in versions if row.valid_from > draft.valid_from), default=None)
    now = clock.now()
    for row in (same, before):
        if row is not None:
            row.superseded_at = now
    if before is not None:
        session.add(_version(_row(before).draft, draft.valid_from, now, before.recorded_by))
        session.flush()
    made = _version(draft, later, now, actor.username)
    session.add(made)
    session.flush()
    was = same or before
    changes = audit.differences({} if was is None else _facts(was), _facts(made))
    audit.record(
        session, actor, "authority:set", Subject("authority", draft.role.value, draft.role.value), changes
    )
    return made.id


def _held(session: Session, role: Role, version: int | None) -> list[AuthorityLimit]:
    """The versions of a role known now, held until the transaction ends, unless the form showed others."""
    query = (
        select(AuthorityLimit)
        .where(AuthorityLimit.role == role, AuthorityLimit.superseded_at.is_(None))
        .order_by(AuthorityLimit.valid_from)
        .with_for_update()
    )
    versions = list(session.scalars(query))
    newest = max((row.id for row in versions), default=None)
    if newest != version:
        raise Conflict(
            _("Somebody else changed these limits meanwhile. Look at the new values and save again."),
            version=newest,
        )
    return versions


def _version(draft: LimitDraft, valid_to: date | None, now: datetime, username: str) -> AuthorityLimit:
    return AuthorityLimit(
        role=draft.role,
        discount_share=None if draft.discount_share is None else round_ratio(draft.discount_share),
        margin_rate=None if draft.margin_rate is None else round_ratio(draft.margin_rate),
        contract_value=None if draft.contract_value is None else round_money(draft.contract_value),
        reason=draft.reason.strip(),
        valid_from=draft.valid_from,
        valid_to=valid_to,
        recorded_at=now,
        recorded_by=username,
    )


def _facts(row: AuthorityLimit) -> dict[str, Any]:
    # The least margin is a rule of the company, no figure of its costs: everybody who reads the audit may know it.
    return {
        "discount_share": row.discount_share,
        "least_margin": row.margin_rate,
        "contract_value": row.contract_value,
        "valid_from": row.valid_from,
        "reason": row.reason,
    }


def _check(draft: LimitDraft) -> None:
    problems = {}
    if draft.role not in ROLES:
        problems["role"] = _("Limits are for managers and directors.")
    if draft.discount_share is not None and not 0 <= draft.discount_share <= 1:
        problems["discount_share"] = _("Give a share between 0 and 1: 0.25 is 25%.")
    if draft.margin_rate is not None and not -1 <= draft.margin_rate < 1:
        problems["margin_rate"] = _("Give a share below 1: 0.2 leaves 20% of the net price above cost.")
    if draft.contract_value is not None and draft.contract_value < 0:
        problems["contract_value"] = _("An amount is not below zero.")
    if not draft.reason.strip():
        problems["reason"] = _("Say in a few words why.")
    if problems:
        raise Invalid(next(iter(problems.values())), fields=problems)


def judged(
    session: Session, actor: Actor, drafts: Sequence[TermDraft], known: Sequence[Effect | None] = ()
) -> list[Outcome]:
    """For each draft whether the actor may put it in force alone, with what it would cost.

    `known` are effects worked out before, a place for each draft; what is None there is worked out now.
    """
    auth.require(actor, Permission.TERM_READ)
    before = list(known) or [None] * len(drafts)
    asked = [draft for draft, effect in zip(drafts, before, strict=True) if effect is None]
    found_now = iter(term_effects.of(session, actor, asked))
    effects = [next(found_now) if effect is None else effect for effect in before]
    limit = _limit_of(session, actor)
    found = (_judged(actor, limit, draft, effect) for draft, effect in zip(drafts, effects, strict=True))
    return [one if actor.sees_cost else _without_cost(one) for one in found]


def require(session: Session, actor: Actor, drafts: Sequence[TermDraft]) -> None:
    """Raise Forbidden unless the actor may put every draft in force alone; cheap where nothing limits them."""
    drafts = [one for one in drafts if one.status is TermStatus.APPROVED]
    if not drafts:
        return
    auth.require(actor, Permission.TERM_WRITE)
    if not refused(session, actor, drafts):
        return
    outcome = next(one for one in judged(session, actor, drafts) if not one.alone)
    raise Forbidden(outcome.sentence())


def require_amount(session: Session, actor: Actor, amount: Decimal) -> None:
    """Raise Forbidden unless the actor may promise a sum of money alone: up to the contract value of their role."""
    auth.require(actor, Permission.TERM_WRITE)
    limit = _limit_of(session, actor)
    if limit is None and actor.may(Permission.TERM_APPROVE):
        return
    if limit is None:
        raise Forbidden(_("Nobody said yet how much you may grant alone: ask a director to agree it."))
    if limit.contract_value is not None and amount > limit.contract_value:
        raise Forbidden(
            _("You may promise up to {limit} alone: ask a director to agree on more.").format(
                limit=_in_words(Measure.CONTRACT, limit.contract_value)
            )
        )


def refused(session: Session, actor: Actor, drafts: Sequence[TermDraft]) -> list[int]:
    """The places of the drafts that the actor may not put in force alone."""
    auth.require(actor, Permission.TERM_READ)
    limit = _limit_of(session, actor)
    if limit is None:
        return [] if actor.may(Permission.TERM_APPROVE) else list(range(len(drafts)))
    return [place for place, one in enumerate(judged(session, actor, drafts)) if not one.alone]


def _limit_of(session: Session, actor: Actor) -> LimitDraft | None:
    """The limits today of the role that the actor grants in; the operator of the command line has none."""
    role = Role.DIRECTOR if actor.may(Permission.TERM_APPROVE) else Role.MANAGER
    if actor.user_id is None or not actor.may(Permission.TERM_WRITE):
        return None
    row = in_force(session, actor).get(role)
    return None if row is None else row.draft


def _judged(actor: Actor, limit: LimitDraft | None, draft: TermDraft, effect: Effect) -> Outcome:
    approves = actor.may(Permission.TERM_APPROVE)
    excesses = () if limit is None else tuple(_excesses(limit, effect))
    if approves:  # nobody stands above them: what is not known is theirs to judge
        excesses = tuple(one for one in excesses if one.value is not None)
    must = None if approves else Role.DIRECTOR
    lacks = limit is None and not approves
    not_mine = draft.is_exception and not approves
    alone = not (excesses or lacks or not_mine) and actor.may(Permission.TERM_WRITE)
    return Outcome(alone, None if alone else must, excesses, effect, not_mine, lacks)


def _excesses(limit: LimitDraft, effect: Effect) -> list[Excess]:
    found = []
    for measure, value, most in (
        (Measure.DISCOUNT, effect.discount_share, limit.discount_share),
        (Measure.CONTRACT, effect.contract_value, limit.contract_value),
    ):
        if most is not None and (value is None or value > most):
            found.append(Excess(measure, value, most))
    least, rate = limit.margin_rate, effect.margin_rate
    if least is not None and (rate is None or rate < least):
        found.append(Excess(Measure.MARGIN, rate, least))
    return found


def _without_cost(outcome: Outcome) -> Outcome:
    hidden = tuple(
        replace(one, value=None, limit=None)
        if one.measure is Measure.MARGIN and one.value is not None
        else one
        for one in outcome.excesses
    )
    effect = None if outcome.effect is None else outcome.effect.without_cost()
    return replace(outcome, excesses=hidden, effect=effect)
