"""Competitor claims written down, changed, confirmed, refuted and taken back: every version is kept.

A change never overwrites: it supersedes, with the moment from which it is known. Of confidential claims the audit says
that they changed and never what they say; the versions themselves hold it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import accounts as account_list
from core import audit, auth, claim_rules, clock, competitors, search_texts
from core.audit import Subject
from core.auth import Actor
from core.competitor_claims import ENTITY, ClaimDraft, draft_of, in_reach
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.models import Account, Category, Competitor, CompetitorClaim, Product, Unit
from core.money import round_money, round_ratio
from core.vocabulary import ClaimTopic, Permission

_LARGEST = Decimal(10) ** 9
_LONGEST = 2000


@dataclass(frozen=True)
class Stamp:
    """What a file says beside the claim itself: when it became known, was confirmed or refuted, and by which import."""

    recorded_at: datetime | None = None  # none: now
    confirmed_on: date | None = None
    refuted_on: date | None = None
    batch_id: int | None = None


NOW = Stamp()


def record(
    session: Session, actor: Actor, draft: ClaimDraft, *, captured: str = "", stamp: Stamp = NOW
) -> int:
    """Note a claim; returns its number, which is its first `version` too. `captured` is the line as it was typed."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    values = {
        **checked(session, actor, draft),
        "captured": captured,
        "author": actor.username,
        "author_id": actor.user_id,
        "confirmed_on": stamp.confirmed_on,
        "refuted_on": stamp.refuted_on,
        "reason": "",
        "is_withdrawn": False,
    }
    row = _version(actor, values, number=0)
    row.recorded_at, row.batch_id = stamp.recorded_at or row.recorded_at, stamp.batch_id
    session.add(row)
    session.flush()
    row.number = row.id
    session.flush()
    _index(session, row)
    _record(session, actor, "competitor_claim:create", None, row)
    return row.number


def change(
    session: Session,
    actor: Actor,
    number: int,
    draft: ClaimDraft,
    *,
    version: int,
    stamp: Stamp | None = None,
) -> int:
    """Say it otherwise: a new version that supersedes; returns its `version`."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    before = _access(session, actor, number)
    if before.id != version:
        raise _overtaken(before, draft)
    values = checked(session, actor, draft)
    if values["account_id"] != before.account_id or values["competitor_id"] != before.competitor_id:
        raise Invalid(
            _("A claim stays with its account and competitor: take it back and record another one.")
        )
    if stamp is not None:
        values |= {
            "confirmed_on": stamp.confirmed_on,
            "refuted_on": stamp.refuted_on,
            "batch_id": stamp.batch_id,
        }
    return _supersede(session, actor, before, values, "competitor_claim:update")


def confirm(session: Session, actor: Actor, number: int, *, version: int, reason: str = "") -> int:
    """It is still so today: it counts as new from today on. Returns the new `version`."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    before = _in_hand(session, actor, number, version)
    today = clock.today()
    if before.valid_to is not None and before.valid_to <= today:
        raise Conflict(_("It held until a day that is over: change that day, or record a new claim."))
    said = {"confirmed_on": today, "refuted_on": None, "reason": reason.strip()}
    return _supersede(session, actor, before, said, "competitor_claim:confirm")


def refute(session: Session, actor: Actor, number: int, *, version: int, reason: str = "") -> int:
    """It is not so: from today on it counts for nothing. Returns the new `version`."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    before = _in_hand(session, actor, number, version)
    said = {"refuted_on": clock.today(), "reason": reason.strip()}
    if before.confirmed_on == clock.today():
        said["confirmed_on"] = None
    return _supersede(session, actor, before, said, "competitor_claim:refute")


def withdraw(session: Session, actor: Actor, number: int, *, version: int) -> int:
    """Take a claim back as if it had never been made; its versions stay on record. Returns its `version`."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    before = _in_hand(session, actor, number, version)
    return _supersede(session, actor, before, {"is_withdrawn": True}, "competitor_claim:retract")


def revert(session: Session, actor: Actor, number: int, *, version: int) -> int:
    """Undo the last change: what the version before it said holds again. Returns the new `version`."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    now = _access(session, actor, number)
    if now.id != version:
        raise Conflict(_("Somebody else changed this claim meanwhile. Load the page again."))
    earlier = session.scalars(
        select(CompetitorClaim)
        .where(CompetitorClaim.number == number, CompetitorClaim.id < now.id)
        .order_by(CompetitorClaim.id.desc())
        .limit(1)
    ).first()
    if earlier is None:
        raise Conflict(_("This is the first version of the claim: there is nothing to go back to."))
    values = {name: getattr(earlier, name) for name in _KEPT}
    return _supersede(session, actor, now, values, "competitor_claim:revert")


def access(session: Session, actor: Actor, number: int) -> CompetitorClaim:
    """The version in force, for who may change it."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    row = _access(session, actor, number)
    if row.is_withdrawn:
        raise NotFound(_("There is no such claim."))
    return row


def _access(session: Session, actor: Actor, number: int) -> CompetitorClaim:
    query = (
        select(CompetitorClaim)
        .where(CompetitorClaim.number == number, CompetitorClaim.superseded_at.is_(None), in_reach(actor))
        .with_for_update(of=CompetitorClaim)
        .execution_options(populate_existing=True)
    )
    row = session.scalar(query)
    if row is None:
        raise NotFound(_("There is no such claim."))
    return row


def _in_hand(session: Session, actor: Actor, number: int, version: int) -> CompetitorClaim:
    row = access(session, actor, number)
    if row.id != version:
        raise Conflict(_("Somebody else changed this claim meanwhile. Load the page again."))
    return row


def _supersede(
    session: Session, actor: Actor, before: CompetitorClaim, values: dict[str, Any], action: str
) -> int:
    kept = {name: getattr(before, name) for name in (*_KEPT, "captured", "author", "author_id")}
    after = _version(actor, {**kept, **values}, number=before.number)
    before.superseded_at = after.recorded_at
    session.add(after)
    session.flush()
    _index(session, after)
    _record(session, actor, action, before, after)
    return after.id


def _version(actor: Actor, values: dict[str, Any], *, number: int) -> CompetitorClaim:
    return CompetitorClaim(
        number=number, recorded_at=clock.now(), recorded_by=actor.username, superseded_at=None, **values
    )


_SAID = (
    "competitor_id", "account_id", "product_id", "category_id", "topic", "swot", "statement", "price", "unit_id",
    "price_gap", "observed_on", "valid_to", "source_kind", "source", "reliability", "credibility", "is_confidential",
)  # fmt: skip
_KEPT = (*_SAID, "confirmed_on", "refuted_on", "reason", "is_withdrawn")


def _index(session: Session, row: CompetitorClaim) -> None:
    if row.is_withdrawn:
        search_texts.forget(session, ENTITY, row.number)
        return
    competitor = session.get_one(Competitor, row.competitor_id).name
    search_texts.put(session, ENTITY, row.number, *competitors.words_of(row, competitor))


def _record(
    session: Session, actor: Actor, action: str, before: CompetitorClaim | None, after: CompetitorClaim
) -> None:
    was = {} if before is None else {name: getattr(before, name) for name in _KEPT}
    now = {name: getattr(after, name) for name in _KEPT}
    changes = {name: pair for name, pair in audit.differences(was, now).items() if pair[1] or pair[0]}
    if after.is_confidential or (before is not None and before.is_confidential):
        changes = {name: pair for name, pair in changes.items() if name in _NOT_CONFIDENTIAL}
    account = None if after.account_id is None else session.get_one(Account, after.account_id)
    label = f"C{after.number}" if account is None else account.name
    key = Subject(ENTITY, f"C{after.number}", label, after.account_id)
    audit.record(session, actor, action, key, changes)


_NOT_CONFIDENTIAL = frozenset({"is_confidential", "confirmed_on", "refuted_on", "is_withdrawn"})


def checked(session: Session, actor: Actor, draft: ClaimDraft) -> dict[str, Any]:
    """The draft as it is kept; raises Invalid naming each field that breaks a rule."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    if draft.account_id is not None:
        account = account_list.access(session, actor, draft.account_id)
        if account.is_unassigned:
            raise Invalid(_("Orders without an account have no competitors: assign them first."))
    one = None if draft.competitor_id is None else session.get(Competitor, draft.competitor_id)
    names = () if one is None else competitors.get(session, actor, one.id).names
    problems = problems_of(session, actor, draft, names)
    if one is None:
        problems["competitor_id"] = _("Choose the competitor that it is about.")
    if problems:
        raise Invalid(_("Some fields need another look."), fields=problems)
    values = {name: getattr(draft, name) for name in _SAID if name != "valid_to"}
    valid_to = None if draft.last_on is None else draft.last_on + timedelta(days=1)
    statement, source = draft.statement.strip(), draft.source.strip()
    return {**values, "valid_to": valid_to, "statement": statement, "source": source}


def problems_of(session: Session, actor: Actor, draft: ClaimDraft, names: Iterable[str]) -> dict[str, str]:
    """What breaks a rule, by field; `names` are those of the competitor."""
    auth.require(actor, Permission.COMPETITOR_WRITE)
    problems = _of_words(draft) | _of_days(draft) | _of_price(session, draft)
    if claim_rules.is_from_competitor(draft.source_kind, draft.source, names):
        problems["source"] = _(
            "What a competitor itself tells us must not be used: competition law forbids it to exchange prices, terms"
            " or plans with us. Leave the claim out, or name the buyer or publication it comes from."
        )
    if not _is_there(session, draft):
        problems["scope"] = _("Choose one product or one category that is there, or none.")
    return problems


def _of_words(draft: ClaimDraft) -> dict[str, str]:
    problems = {}
    if not draft.statement.strip():
        problems["statement"] = _("Say in one sentence what is claimed.")
    elif len(draft.statement) > _LONGEST:
        problems["statement"] = _("Keep it to {most} characters: one claim, one statement.").format(
            most=_LONGEST
        )
    if draft.credibility not in claim_rules.CREDIBILITIES:
        problems["credibility"] = _("Credibility is a grade from 1, confirmed, to 6, cannot be judged.")
    return problems


def _of_days(draft: ClaimDraft) -> dict[str, str]:
    problems = {}
    if not isinstance(draft.observed_on, date) or draft.observed_on > clock.today():
        problems["observed_on"] = _("Give the day on which it was seen or heard, up to today.")
    elif draft.last_on is not None and draft.last_on < draft.observed_on:
        problems["last_on"] = _("The last day is the day it was observed or a later one.")
    return problems


def _of_price(session: Session, draft: ClaimDraft) -> dict[str, str]:
    problems = {}
    price, gap = draft.price, draft.price_gap
    if price is not None and not (0 < price < _LARGEST and price == round_money(price)):
        problems["price"] = _("Give a price above zero, with at most four decimals.")
    if gap is not None and not (-1 < gap < 10 and gap == round_ratio(gap)):
        problems["price_gap"] = _(
            "Give their price against ours: above −100 %, below zero where it is lower."
        )
    if price is not None and gap is not None:
        problems["price_gap"] = _("Give either their price or how far it is from ours.")
    if draft.topic is not ClaimTopic.PRICE and (price is not None or gap is not None):
        problems["topic"] = _("A claim with a price is about the price.")
    if draft.unit_id is not None and session.get(Unit, draft.unit_id) is None:
        problems["unit_id"] = _("Choose a unit that is there.")
    return problems


def _is_there(session: Session, draft: ClaimDraft) -> bool:
    if draft.product_id is not None:
        return draft.category_id is None and session.get(Product, draft.product_id) is not None
    return draft.category_id is None or session.get(Category, draft.category_id) is not None


def _overtaken(row: CompetitorClaim, draft: ClaimDraft) -> Conflict:
    stored, typed = vars(draft_of(row)), vars(draft)
    return Conflict(
        _("Somebody else changed this claim meanwhile. Look at the new values and save again."),
        current={name: value for name, value in stored.items() if value != typed[name]},
        version=row.id,
    )
