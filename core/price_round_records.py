"""Recording price-increase rounds: announced to accounts, answered by each, taken back while nobody has answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from core import audit, auth, clock
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.language import _
from core.models import Account, PriceRound, PriceRoundAccount, PriceRoundPrice
from core.money import round_money
from core.vocabulary import Permission, RoundAnswer

_AT_ONCE = 500


@dataclass(frozen=True)
class RoundDraft:
    """A round as somebody announces it: a rate, or prices by product."""

    name: str
    announced_on: date
    effective_on: date
    account_ids: tuple[int, ...]
    rate: Decimal | None = None  # share: 0.04 is 4%
    category_id: int | None = None
    prices: Mapping[int, Decimal] = field(default_factory=dict)  # of one base unit, by product id
    note: str = ""


@dataclass(frozen=True)
class AnswerDraft:
    """What an account answered."""

    answer: RoundAnswer
    rate: Decimal | None = None  # what was settled on, where it negotiated
    answered_on: date | None = None
    note: str = ""


def announce(session: Session, actor: Actor, draft: RoundDraft) -> int:
    """Note a round with its accounts; returns its id. Raises NotFound for an account that is out of sight."""
    auth.require(actor, Permission.TERM_WRITE)
    _check(draft)
    ids = _visible(session, actor, draft.account_ids)
    now = clock.now()
    row = PriceRound(
        name=draft.name.strip(),
        announced_on=draft.announced_on,
        effective_on=draft.effective_on,
        rate=draft.rate,
        category_id=draft.category_id,
        note=draft.note,
        recorded_at=now,
        recorded_by=actor.username,
    )
    session.add(row)
    session.flush()
    session.add_all(
        PriceRoundPrice(round_id=row.id, product_id=key, price=round_money(price))
        for key, price in draft.prices.items()
    )
    session.add_all(
        PriceRoundAccount(
            round_id=row.id, account_id=key, answer=RoundAnswer.ANNOUNCED, note="", recorded_at=now,
            recorded_by=actor.username,
        )
        for key in ids
    )  # fmt: skip
    session.flush()
    changes = {
        "effective_on": (None, row.effective_on), "rate": (None, row.rate), "accounts": (None, len(ids)),
        "products": (None, len(draft.prices)),
    }  # fmt: skip
    audit.record(session, actor, "round:announce", _subject(row), changes)
    return row.id


def _visible(session: Session, actor: Actor, wanted: Sequence[int]) -> list[int]:
    """The accounts, each once; raises NotFound where one is out of sight."""
    ids = sorted(set(wanted))
    seen: set[int] = set()
    for start in range(0, len(ids), _AT_ONCE):
        query = select(Account.id).where(
            Account.id.in_(ids[start : start + _AT_ONCE]),
            auth.visible_accounts(actor),
            Account.is_unassigned.is_(False),
        )
        seen |= set(session.scalars(query))
    if seen != set(ids):
        raise NotFound(_("There is no such account."))
    return ids


def _check(draft: RoundDraft) -> None:
    problems = {}
    if not draft.name.strip():
        problems["name"] = _("Give the round a name, such as “January 2027”.")
    if draft.effective_on < draft.announced_on:
        problems["effective_on"] = _("It takes effect on or after the day on which it is announced.")
    if (draft.rate is None) == (not draft.prices):
        problems["rate"] = _("Give a percentage, or a price for each product: one of them.")
    elif draft.rate is not None and not -1 < draft.rate <= 1:
        problems["rate"] = _("A percentage lies above −100 and is at most 100.")
    if any(price < 0 for price in draft.prices.values()):
        problems["prices"] = _("A price is not below zero.")
    if not draft.account_ids:
        problems["account_ids"] = _("Choose at least one account.")
    if problems:
        raise Invalid(next(iter(problems.values())), fields=problems)


def withdraw(session: Session, actor: Actor, round_id: int, *, version: int) -> int:
    """Take a round back that nobody has answered yet; only who sees all its accounts may.

    Returns its version, for `restore`.
    """
    auth.require(actor, Permission.TERM_WRITE)
    row = _held(session, actor, round_id, PriceRound.withdrawn_at.is_(None))
    _require_all(session, actor, row, version)
    if session.scalar(_members(round_id).where(PriceRoundAccount.answer != RoundAnswer.ANNOUNCED)):
        raise Conflict(_("Accounts have answered already: the round stays."))
    row.withdrawn_at = clock.now()
    session.flush()
    audit.record(session, actor, "round:retract", _subject(row), {"name": (row.name, None)})
    return row.version


def restore(session: Session, actor: Actor, round_id: int, *, version: int) -> int:
    """Announce again what was taken back; returns its version."""
    auth.require(actor, Permission.TERM_WRITE)
    row = _held(session, actor, round_id, PriceRound.withdrawn_at.is_not(None))
    _require_all(session, actor, row, version)
    row.withdrawn_at = None
    session.flush()
    audit.record(session, actor, "round:restore", _subject(row), {"name": (None, row.name)})
    return row.version


def _members(round_id: int) -> Select[Any]:
    return select(func.count()).select_from(PriceRoundAccount).where(PriceRoundAccount.round_id == round_id)


def _require_all(session: Session, actor: Actor, row: PriceRound, version: int) -> None:
    """Raise unless the actor sees every account of the round, as it was shown."""
    members = _members(row.id)
    visible = members.join(Account, Account.id == PriceRoundAccount.account_id).where(
        auth.visible_accounts(actor)
    )
    if session.scalar(members) != session.scalar(visible):
        raise Forbidden(_("Some accounts of this round are not yours: ask a director to take it back."))
    if row.version != version:
        raise Conflict(_("Somebody else changed this round meanwhile. Load the page again."))


def answer(
    session: Session, actor: Actor, round_id: int, account_id: int, draft: AnswerDraft, *, version: int
) -> int:
    """Note what an account answered; returns the new version."""
    auth.require(actor, Permission.TERM_WRITE)
    row = _held(session, actor, round_id, PriceRound.withdrawn_at.is_(None))
    one, name = _member(session, actor, round_id, account_id)
    if (draft.answer is RoundAnswer.NEGOTIATED) != (draft.rate is not None):
        problem = (
            _("Say on which percentage you settled.")
            if draft.rate is None
            else _("Only a negotiated answer has a percentage of its own.")
        )
        raise Invalid(problem, fields={"rate": problem})
    before = draft_of(one)
    if one.version != version:
        raise _overtaken(one, draft)
    one.answer, one.rate, one.note = draft.answer, draft.rate, draft.note
    one.answered_on = None if draft.answer is RoundAnswer.ANNOUNCED else draft.answered_on or clock.today()
    one.recorded_at, one.recorded_by = clock.now(), actor.username
    session.flush()
    changes = audit.differences(_values(before), _values(draft_of(one)))
    if changes:
        audit.record(
            session,
            actor,
            "round:answer",
            Subject("round", str(row.id), f"{row.name}: {name}", account_id),
            changes,
        )
    return one.version


def _member(session: Session, actor: Actor, round_id: int, account_id: int) -> tuple[PriceRoundAccount, str]:
    """An account's place in a round, held until the transaction ends, and its name."""
    found = session.execute(
        select(PriceRoundAccount, Account.name)
        .join(Account, Account.id == PriceRoundAccount.account_id)
        .where(
            PriceRoundAccount.round_id == round_id,
            PriceRoundAccount.account_id == account_id,
            auth.visible_accounts(actor),
        )
        .with_for_update(of=PriceRoundAccount)
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise NotFound(_("There is no such account in this round."))
    return found[0], found[1]


def _overtaken(one: PriceRoundAccount, draft: AnswerDraft) -> Conflict:
    stored = _values(draft_of(one))
    return Conflict(
        _("{who} changed this answer meanwhile. Look at the new values and save again.").format(
            who=one.recorded_by
        ),
        current={key: value for key, value in stored.items() if value != getattr(draft, key)},
        version=one.version,
    )


def _values(draft: AnswerDraft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in ("answer", "rate", "answered_on", "note")}


def draft_of(one: PriceRoundAccount) -> AnswerDraft:
    return AnswerDraft(one.answer, one.rate, one.answered_on, one.note)


def _subject(row: PriceRound) -> Subject:
    return Subject("round", str(row.id), row.name)


def _held(session: Session, actor: Actor, round_id: int, state: ColumnElement[bool]) -> PriceRound:
    """The round, held until the transaction ends; NotFound where the actor sees none of its accounts."""
    row = session.scalar(
        select(PriceRound)
        .where(PriceRound.id == round_id, state, reached(actor))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(_("There is no such price round."))
    return row


def reached(actor: Actor) -> Any:
    """Rounds that were announced to an account which the actor sees."""
    return PriceRound.id.in_(
        select(PriceRoundAccount.round_id)
        .join(Account, Account.id == PriceRoundAccount.account_id)
        .where(auth.visible_accounts(actor))
    )
