"""Quick notes: a typed line read by the grammar, shown before it is kept, and kept as a claim or a note."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import account_notes, auth, capture, clock, formats, settings
from core import competitor_claim_records as records
from core.auth import Actor
from core.capture import Capture, Entry, Named, Words
from core.competitor_claims import ClaimDraft
from core.errors import Invalid, UtamaError
from core.language import _
from core.models import Account, Category, Competitor, Product, Unit
from core.vocabulary import ClaimTopic, Permission, Reliability, SourceKind, Swot

LONGEST = 1000


@dataclass(frozen=True)
class Preview:
    """What a line would become, with the names of what it mentions, and what stands in the way."""

    said: Capture
    draft: ClaimDraft | None  # none: a note
    account: str | None
    competitor: str | None
    product: str | None
    category: str | None
    unit: str | None
    problem: str  # empty: it can be kept


@dataclass(frozen=True)
class Kept:
    """What a line became; `version` is for taking it back."""

    kind: Entry
    id: int  # the claim's number or the note's id
    version: int


def words(session: Session, actor: Actor) -> Words:
    """What the actor's notes may mention: their accounts, and every competitor, product, category and unit."""
    auth.require(actor, Permission.COMPETITOR_READ)
    accounts = (
        select(Account.id, Account.name, Account.code)
        .where(auth.visible_accounts(actor), Account.is_unassigned.is_(False))
        .order_by(Account.id)
    )
    currency = settings.get(session).base_currency
    return Words(
        today=clock.today(),
        accounts=tuple(Named(row.id, row.name, (row.code,)) for row in session.execute(accounts)),
        competitors=tuple(
            Named(one.id, one.name, tuple(part.strip() for part in one.aliases.split(",") if part.strip()))
            for one in session.scalars(select(Competitor).order_by(func.lower(Competitor.name)))
        ),
        products=tuple(
            Named(row.id, row.name, (row.code,))
            for row in session.execute(select(Product.id, Product.name, Product.code).order_by(Product.id))
        ),
        categories=tuple(
            Named(row.id, row.name) for row in session.execute(select(Category.id, Category.name))
        ),
        units=tuple(Named(row.id, row.name) for row in session.execute(select(Unit.id, Unit.name))),
        currency=currency,
        symbols=(formats.symbol(currency),),
    )


def preview(session: Session, actor: Actor, line: str, *, account_id: int | None = None) -> Preview:
    """What a line would become; `account_id` is the account on whose page it is typed."""
    auth.require(actor, Permission.COMPETITOR_READ)
    known = words(session, actor)
    said = capture.read(line, known)
    account = said.account_id if said.account_id is not None else account_id
    draft = draft_of(said, account) if said.kind is Entry.CLAIM else None
    named = {one.id: one.name for one in known.accounts}
    return Preview(
        said=said,
        draft=draft,
        account=named.get(account or 0),
        competitor=_name(known.competitors, said.competitor_id),
        product=_name(known.products, said.product_id),
        category=_name(known.categories, said.category_id),
        unit=_name(known.units, said.unit_id),
        problem=_problem(session, actor, said, draft, account if account in named else None),
    )


def keep(session: Session, actor: Actor, line: str, *, account_id: int | None = None) -> Kept:
    """Keep a line as what it says; raises Invalid with the reason where it cannot be kept."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    seen = preview(session, actor, line, account_id=account_id)
    if seen.problem:
        raise Invalid(seen.problem, fields={"line": seen.problem})
    if seen.draft is not None:
        number = records.record(session, actor, seen.draft, captured=line)
        return Kept(Entry.CLAIM, number, number)
    account = seen.said.account_id if seen.said.account_id is not None else account_id
    assert account is not None  # noqa: S101  (a note without an account is a problem)
    return Kept(Entry.NOTE, account_notes.record(session, actor, account, line, tag=seen.said.tag), 1)


def undo(session: Session, actor: Actor, kept: Kept) -> None:
    """Take back what a line became."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    if kept.kind is Entry.CLAIM:
        records.withdraw(session, actor, kept.id, version=kept.version)
    else:
        account_notes.withdraw(session, actor, kept.id, version=kept.version)


def draft_of(said: Capture, account_id: int | None) -> ClaimDraft:
    """The claim that a line makes; what it does not say is as little as may be said."""
    grade = said.grade or "F6"
    return ClaimDraft(
        competitor_id=said.competitor_id,
        statement=said.statement or said.line,
        topic=said.topic or ClaimTopic.PRODUCT,
        swot=said.swot or Swot.THREAT,
        account_id=account_id,
        product_id=said.product_id,
        category_id=said.category_id,
        price=said.price,
        unit_id=said.unit_id,
        price_gap=said.gap,
        observed_on=said.observed_on or clock.today(),
        last_on=said.until,
        source_kind=said.source_kind or SourceKind.OWN_STAFF,
        source=said.source,
        reliability=Reliability(grade[0]),
        credibility=int(grade[1]),
        is_confidential=said.is_confidential,
    )


def _problem(
    session: Session, actor: Actor, said: Capture, draft: ClaimDraft | None, account_id: int | None
) -> str:
    if not said.line.strip():
        return _("Type what you saw or heard.")
    if len(said.line) > LONGEST:
        return _("Keep a quick note to {most} characters.").format(most=LONGEST)
    if draft is None:
        return "" if account_id is not None else _("Say which account it is about: @ and part of its name.")
    if not actor.may(Permission.COMPETITOR_WRITE):
        return _("You may read of competitors and not write about them.")
    try:
        records.checked(session, actor, draft)
    except UtamaError as error:
        return next(iter(error.fields.values()), error.message)
    return ""


def _name(known: tuple[Named, ...], wanted: int | None) -> str | None:
    return next((one.name for one in known if one.id == wanted), None)
