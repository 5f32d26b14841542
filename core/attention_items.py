"""The reasons why accounts need attention, each with its money and how it was computed.

A kind of reason is one function in `_KINDS`: it finds its items among the accounts that the actor sees. Later
kinds join by one more function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import Session

from core import (
    approvals,
    audit,
    auth,
    causes,
    clock,
    competitor_claims,
    db,
    delivery,
    parts,
    presences,
    receivables,
    settings,
    standings,
    term_endings,
    wallets,
)
from core.auth import Actor
from core.claim_rules import ClaimState
from core.competitor_claims import ClaimFilter, ClaimRow
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.loyalty import boards
from core.models import Account, ImportBatch
from core.money import ZERO
from core.periods import Period, add_months, first_of_month, fiscal_year_start
from core.settings import Settings
from core.standings import Reason, ReasonKind, Standing
from core.vocabulary import AccountStatus, BatchStatus, Permission

_LONG_OVERDUE = 60  # days from which a debt is red
_LONG_LATE = 14  # days from which a late delivery is red
_MOVED_MONTHS = 3  # finished months that are compared with the same ones a year ago
_RECENT = timedelta(days=30)  # refused rows of older imports are past


class Kind(StrEnum):
    """Why something needs attention; the first three are those of `core.portfolio`."""

    RHYTHM = "rhythm"
    FALL = "fall"
    TARGET = "target"
    OVERDUE = "overdue"
    LATE = "late"
    UNEXPLAINED = "unexplained"
    REJECTS = "rejects"
    UNCONFIRMED = "unconfirmed"
    APPROVAL = "approval"
    EXPIRING = "expiring"
    CLAIM = "claim"
    CONTRACT = "contract"
    TIER_NEAR = "tier_near"
    TIER_LOST = "tier_lost"


@dataclass(frozen=True)
class Item:
    """One reason at one account, or of no account; `amount` is None where no honest figure can be given."""

    kind: Kind
    occasion: str  # the event behind it: another event asks again
    account_id: int | None
    code: str
    name: str
    is_red: bool
    amount: Decimal | None
    days: int = 0
    count: int = 0
    share: Decimal = ZERO
    base: Decimal = ZERO  # what the amount is a part of, or was computed from
    usual_days: Decimal = ZERO
    usual: Decimal | None = None  # fall: the account's usual spread over as long a period
    on: date | None = None
    period: Period | None = None  # unexplained: the months that moved
    change: Decimal = ZERO  # unexplained: against the same months of the year before, with its sign
    who: str = ""  # approval: who asks; claim and contract: the competitor; of a loyalty tier its name
    said: str = ""  # claim: what is claimed; contract: the category, if it is known
    missing: Decimal | None = None  # loyalty: orders that the tier still takes; None: not known in money


@dataclass(frozen=True)
class _Look:
    """Where the reasons look."""

    session: Session
    actor: Actor
    accounts: AccountFilter
    day: date
    decided: Settings
    standings: tuple[Standing, ...]
    names: dict[int, tuple[str, str]]


def _joined(old: tuple[Item, ...], new: tuple[Item, ...], account_ids: frozenset[int]) -> tuple[Item, ...]:
    """Asked for some accounts, nothing is said of what concerns none."""
    return parts.joined_rows(old, tuple(item for item in new if item.account_id is not None), account_ids)


@parts.by_account(_joined)
@audit.unmoved_by("attention", "forecast", "lump_sum", "view")
def items(
    session: Session,
    actor: Actor,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    day: date | None = None,
) -> tuple[Item, ...]:
    """Every reason, decided or not; the day is the one that periods end with."""
    auth.require(actor, Permission.REVENUE_READ)
    decided = settings.get(session)
    until = day or clock.today()
    year = Period(fiscal_year_start(until, decided.fiscal_year_month), until + timedelta(days=1))
    rows = parts.ask(session, actor, standings.search, year, accounts, day=until)
    names = {row.account_id: (row.code, row.name) for row in rows if row.account_id is not None}
    look = _Look(session, actor, accounts, until, decided, rows, names)
    return tuple(item for kind in _KINDS for item in kind(look))


def _of_portfolio(look: _Look) -> Iterator[Item]:
    for row in look.standings:
        for reason in row.reasons:
            occasion, base = _occasion(reason, row.last_order_on, look.day), ZERO
            if reason.kind is ReasonKind.FALL:
                base = row.year_ago.net
            elif reason.kind is ReasonKind.TARGET:
                base = row.target or ZERO
            else:
                base = row.year
            yield Item(
                Kind(reason.kind.value),
                occasion,
                row.account_id,
                row.code,
                row.name,
                reason.is_red,
                reason.amount,
                days=reason.days,
                share=reason.share,
                base=base,
                usual_days=reason.usual_days,
                usual=reason.usual,
                on=row.last_order_on,
            )


def _occasion(reason: Reason, last_order_on: date | None, day: date) -> str:
    """A broken rhythm is over with the next order; a fall and a target are looked at anew each month."""
    if reason.kind is ReasonKind.RHYTHM and last_order_on is not None:
        return last_order_on.isoformat()
    return f"{day:%Y-%m}"


def _overdue(look: _Look) -> Iterator[Item]:
    found = receivables.overdue_by_account(look.session, look.actor, look.accounts)
    for account_id, one in found.items():
        yield replace(
            _item(look, Kind.OVERDUE, account_id, one.as_of.isoformat(), one.amount),
            is_red=one.days > _LONG_OVERDUE,
            days=one.days,
            count=one.invoices,
            on=one.as_of,
        )


def _late(look: _Look) -> Iterator[Item]:
    found = delivery.late_by_account(look.session, look.actor, look.accounts)
    for account_id, one in found.items():
        days = (clock.today() - one.oldest_due_on).days
        yield replace(
            _item(look, Kind.LATE, account_id, one.oldest_due_on.isoformat(), one.amount),
            is_red=days > _LONG_LATE,
            days=days,
            count=one.lines,
            on=one.oldest_due_on,
        )


def _unexplained(look: _Look) -> Iterator[Item]:
    """Movements of the last finished months, up or down, that stand out and have no recorded cause."""
    end = first_of_month(look.day + timedelta(days=1))
    period = Period(add_months(end, -_MOVED_MONTHS), end)
    found = causes.explained(look.session, look.actor, period, period.shifted(-12), look.accounts)
    for moved in found.movements:
        if moved.asks:
            occasion = f"{period.last_day:%Y-%m}"
            yield replace(
                _item(look, Kind.UNEXPLAINED, moved.account_id, occasion, moved.unexplained),
                code=moved.code,
                name=moved.name,
                base=moved.then,
                usual=moved.usual,
                on=period.last_day,
                period=period,
                change=moved.change,
            )


def _rejects(look: _Look) -> Iterator[Item]:
    if not look.accounts.is_empty or not look.actor.may(Permission.BATCH_READ):
        return
    query = select(ImportBatch.id, ImportBatch.file_name, ImportBatch.rejected_count, ImportBatch.applied_at)
    since = clock.now() - _RECENT
    for batch_id, name, count, applied_at in look.session.execute(
        query.where(
            ImportBatch.status == BatchStatus.APPLIED,
            ImportBatch.rejected_count > 0,
            ImportBatch.applied_at > since,
            own_batches(look.actor),
        ).order_by(ImportBatch.id)
    ):
        found = Item(Kind.REJECTS, str(batch_id), None, str(batch_id), name, False, None, count=count)
        yield replace(found, on=applied_at and applied_at.date())


def own_batches(actor: Actor) -> ColumnElement[bool]:
    """As in `core.importing`: those who see every account know of every import, others of their own."""
    return true() if actor.sees_everything else ImportBatch.user_id == actor.user_id


def _unconfirmed(look: _Look) -> Iterator[Item]:
    said = func.coalesce(Account.confirmed_at, Account.created_at)
    limit = clock.now() - timedelta(days=look.decided.confirm_days)
    query = select(Account.id, said).where(
        auth.visible_accounts(look.actor),
        look.accounts.condition(),
        and_(said < limit, Account.is_unassigned.is_(False), Account.status == AccountStatus.ACTIVE),
    )
    for account_id, moment in db.rows(look.session, query):
        day = moment.date()
        found = _item(look, Kind.UNCONFIRMED, account_id, day.isoformat(), None)
        yield replace(found, days=(clock.today() - day).days, on=day)


def _approvals(look: _Look) -> Iterator[Item]:
    """Submitted terms that the actor may decide about; the discount money of a year is at stake."""
    if not look.actor.may(Permission.TERM_APPROVE):
        return
    for one in approvals.waiting(look.session, look.actor, look.accounts):
        account_id = one.row.scope.account_id
        shown = account_id in look.names if account_id is not None else look.accounts.is_empty
        if not one.may_decide or not shown:
            continue
        day = one.row.recorded_at.date()
        if account_id is not None:
            found = _item(look, Kind.APPROVAL, account_id, str(one.row.number), one.stake)
        else:
            name = one.row.group or one.row.segment or ""
            found = Item(Kind.APPROVAL, str(one.row.number), None, one.row.name, name, False, one.stake)
        yield replace(found, days=(clock.today() - day).days, on=day, who=one.row.recorded_by)


def _expiring(look: _Look) -> Iterator[Item]:
    """Terms that end soon with nothing after them; the revenue of the last twelve months under them is at stake."""
    if not look.actor.may(Permission.TERM_READ):
        return
    found = term_endings.ending(look.session, look.actor, look.decided.terms_expire_days, look.accounts)
    for one in found:
        yield replace(
            _item(look, Kind.EXPIRING, one.account_id, one.ends_on.isoformat(), one.amount),
            days=(one.ends_on - clock.today()).days,
            count=one.count,
            on=one.ends_on - timedelta(days=1),
        )


def _claims(look: _Look) -> Iterator[Item]:
    """What was claimed of competitors and nobody confirmed for a half-life: the strongest of each account."""
    if not look.actor.may(Permission.COMPETITOR_WRITE):
        return
    found: dict[int, list[ClaimRow]] = {}
    lives = look.decided.half_lives.days.values()
    today = clock.today()
    asked = ClaimFilter(
        account_ids=frozenset(look.names) if len(look.names) == 1 else frozenset(),
        states=frozenset({ClaimState.TO_CONFIRM}),
        renewed=Period(today - timedelta(days=2 * max(lives)), today - timedelta(days=min(lives))),
    )
    for row in competitor_claims.search(look.session, look.actor, asked):
        if row.account_id in look.names:
            found.setdefault(row.account_id or 0, []).append(row)
    for account_id, rows in found.items():
        first = rows[0]
        yield replace(
            _item(look, Kind.CLAIM, account_id, f"{first.number}:{first.version}", None),
            days=first.standing.age_days,
            count=len(rows),
            on=first.renewed_on,
            who=first.competitor,
            said=first.draft.statement,
        )


def _contracts(look: _Look) -> Iterator[Item]:
    """Contracts of competitors that end soon; what they supply is to be won, where wallet and share are known."""
    if not look.actor.may(Permission.COMPETITOR_READ):
        return
    within = look.decided.contract_end_days
    rows = presences.search(look.session, look.actor, look.accounts, ends_within=within)
    rows = [row for row in rows if row.account_id in look.names and row.draft.contract_ends_on is not None]
    if not rows:
        return
    only = AccountFilter(account_ids=frozenset(row.account_id for row in rows))
    known = wallets.share_of_wallet(look.session, look.actor, look.day, only)
    spend = {(one.account_id, one.category_id): one.wallet.amount for one in known.purses if one.wallet}
    for row in rows:
        end, amount = row.draft.contract_ends_on, None
        wallet = spend.get((row.account_id, row.draft.category_id))
        if wallet is not None and row.draft.share is not None:
            amount = wallet * row.draft.share
        yield replace(
            _item(look, Kind.CONTRACT, row.account_id, f"{row.id}:{end}", amount),
            days=row.days_left(clock.today()) or 0,
            on=end,
            share=row.draft.share or ZERO,
            base=wallet or ZERO,
            who=row.competitor,
            said=row.category or "",
        )


def _tiers(look: _Look) -> Iterator[Item]:
    """Accounts near the next loyalty tier or about to lose one; what the tier is worth to them is at stake."""
    if not look.actor.may(Permission.LOYALTY_READ):
        return
    nets = {row.account_id: row.year for row in look.standings if row.account_id is not None}
    for one in boards.reaches(look.session, look.actor, look.accounts, nets=nets):
        account_id = one.row.account_id
        if account_id is None:  # a group is on Loyalty
            continue
        kind = Kind.TIER_LOST if one.is_drop else Kind.TIER_NEAR
        occasion = f"{one.goal.name} {one.by or format(look.day, '%Y-%m')}"
        yield replace(
            _item(look, kind, account_id, occasion, one.worth),
            is_red=one.is_drop,
            count=int(one.missing),
            base=one.net_revenue or ZERO,
            on=one.by,
            who=one.goal.name,
            missing=one.missing_money,
        )


def _item(look: _Look, kind: Kind, account_id: int, occasion: str, amount: Decimal | None) -> Item:
    code, name = look.names.get(account_id, ("", ""))
    return Item(kind, occasion, account_id, code, name, False, amount)


_KINDS: tuple[Callable[[_Look], Iterator[Item]], ...] = (
    _of_portfolio, _overdue, _late, _unexplained, _rejects, _unconfirmed, _approvals, _expiring, _claims,
    _contracts, _tiers,
)  # fmt: skip
