"""Contests: deals and categories for which a competitor stood against us, how they ended, what a loss taught."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import account_entries, auth, clock
from core.account_entries import Entries
from core.auth import Actor
from core.errors import Invalid
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.models import Account, Category, Competitor, Contest, Product, Segment, User
from core.money import ZERO, ratio, round_money
from core.periods import Period
from core.vocabulary import ContestOutcome, ContestReason, Permission

ENTITY = "contest"
_LARGEST = Decimal(10) ** 12
_LONGEST = 2000


@dataclass(frozen=True)
class ContestDraft:
    """How a contest ended, as somebody says it."""

    competitor_id: int | None
    title: str
    outcome: ContestOutcome = ContestOutcome.WON
    decided_on: date | None = None
    reason: ContestReason = ContestReason.PRICE
    category_id: int | None = None
    product_id: int | None = None
    amount: Decimal | None = None  # a year's revenue, base currency
    our_price: Decimal | None = None
    their_price: Decimal | None = None
    note: str = ""
    was_avoidable: bool | None = None  # of a loss; none: not asked yet
    lesson: str = ""


@dataclass(frozen=True)
class ContestRow:
    """A contest on record."""

    id: int
    version: int
    account_id: int
    account_code: str
    account: str
    segment: str | None
    manager: str | None
    competitor: str
    category: str | None
    product: str | None
    draft: ContestDraft
    recorded_at: datetime
    recorded_by: str

    @property
    def is_won(self) -> bool:
        return self.draft.outcome is ContestOutcome.WON

    @property
    def price_gap(self) -> Decimal | None:
        """Their price against ours: −0.03 is three percent below."""
        share = ratio(self.draft.their_price, self.draft.our_price)
        return None if share is None else share - 1

    @property
    def needs_lesson(self) -> bool:
        """Whether a loss was not gone through yet."""
        return not self.is_won and self.draft.was_avoidable is None


class RateBy(StrEnum):
    """What win rates are broken down by."""

    COMPETITOR = "competitor"
    REASON = "reason"
    SEGMENT = "segment"
    MANAGER = "manager"


@dataclass(frozen=True)
class WinRate:
    """How some contests ended; a rate never stands without how many it is made of."""

    key: str | None
    won: int
    lost: int
    won_amount: Decimal
    lost_amount: Decimal
    avoidable: int  # losses that we could have avoided
    judged: int  # losses that were gone through

    @property
    def contests(self) -> int:
        return self.won + self.lost

    @property
    def rate(self) -> Decimal | None:
        """Won ÷ decided; None without any."""
        return ratio(Decimal(self.won), Decimal(self.contests))

    @property
    def amount_rate(self) -> Decimal | None:
        """Won ÷ decided in money, over contests whose amount is known."""
        return ratio(self.won_amount, self.won_amount + self.lost_amount)


_COLUMNS = (
    "competitor_id", "title", "outcome", "decided_on", "reason", "category_id", "product_id", "amount", "our_price",
    "their_price", "note", "was_avoidable", "lesson",
)  # fmt: skip
_KIND = Entries(Contest, ENTITY, _COLUMNS, lambda row: (row.title, row.note, row.lesson))


def search(
    session: Session,
    actor: Actor,
    accounts: AccountFilter = ALL_ACCOUNTS,
    *,
    period: Period | None = None,
    competitor_id: int | None = None,
    ids: frozenset[int] = frozenset(),
) -> list[ContestRow]:
    """The contests at visible accounts, the newest first."""
    auth.require(actor, Permission.COMPETITOR_READ)
    query = (
        select(
            Contest, Account.code, Account.name, Segment.name, User.name, Competitor.name, Category.name, Product.name
        )
        .join(Account, Account.id == Contest.account_id)
        .join(Competitor, Competitor.id == Contest.competitor_id)
        .outerjoin(Segment, Segment.id == Account.segment_id)
        .outerjoin(User, User.id == Account.owner_id)
        .outerjoin(Category, Category.id == Contest.category_id)
        .outerjoin(Product, Product.id == Contest.product_id)
        .where(auth.visible_accounts(actor), accounts.condition(), Contest.withdrawn_at.is_(None))
        .order_by(Contest.decided_on.desc(), Contest.id.desc())
    )  # fmt: skip
    if period is not None:
        query = query.where(Contest.decided_on >= period.start, Contest.decided_on < period.end)
    if competitor_id is not None:
        query = query.where(Contest.competitor_id == competitor_id)
    if ids:
        query = query.where(Contest.id.in_(sorted(ids)))
    return [_row(*parts) for parts in session.execute(query)]


_KEYS: dict[RateBy, Callable[[ContestRow], str | None]] = {
    RateBy.COMPETITOR: lambda row: row.competitor,
    RateBy.REASON: lambda row: row.draft.reason.value,
    RateBy.SEGMENT: lambda row: row.segment,
    RateBy.MANAGER: lambda row: row.manager,
}


def rates(rows: Iterable[ContestRow], by: RateBy) -> list[WinRate]:
    """Win rates of contests by what they have in common, the most contests first."""
    groups: dict[str | None, list[ContestRow]] = {}
    for row in rows:
        groups.setdefault(_KEYS[by](row), []).append(row)
    found = [total(group, key) for key, group in groups.items()]
    return sorted(found, key=lambda one: (-one.contests, one.key is None, one.key or ""))


def total(rows: Iterable[ContestRow], key: str | None = None) -> WinRate:
    """All of them together."""
    won: list[ContestRow] = []
    lost: list[ContestRow] = []
    judged: list[ContestRow] = []
    for row in rows:
        (won if row.is_won else lost).append(row)
        if not row.is_won and not row.needs_lesson:
            judged.append(row)
    return WinRate(
        key,
        len(won),
        len(lost),
        sum((row.draft.amount or ZERO for row in won), ZERO),
        sum((row.draft.amount or ZERO for row in lost), ZERO),
        sum(1 for row in judged if row.draft.was_avoidable),
        len(judged),
    )


def record(session: Session, actor: Actor, account_id: int, draft: ContestDraft) -> int:
    """Note how a contest ended; returns the entry's id."""
    return account_entries.record(session, actor, _KIND, account_id, _checked(session, actor, draft))


def update(session: Session, actor: Actor, entry_id: int, draft: ContestDraft, *, version: int) -> int:
    """Say it otherwise, or what a loss taught; returns the new version."""
    values = _checked(session, actor, draft)
    return account_entries.update(session, actor, _KIND, entry_id, values, version=version)


def withdraw(session: Session, actor: Actor, entry_id: int, *, version: int) -> int:
    """Take a contest back; it stays on record. Returns its version, for `restore`."""
    return account_entries.withdraw(session, actor, _KIND, entry_id, version=version)


def restore(session: Session, actor: Actor, entry_id: int, *, version: int) -> int:
    """Bring a contest back; returns its version."""
    return account_entries.restore(session, actor, _KIND, entry_id, version=version)


def _row(row: Contest, code: str, account: str, *names: str | None) -> ContestRow:
    segment, manager, competitor, category, product = names
    draft = ContestDraft(**{name: getattr(row, name) for name in _COLUMNS})
    return ContestRow(
        row.id, row.version, row.account_id, code, account, segment, manager, competitor or "", category, product,
        draft, row.recorded_at, row.recorded_by,
    )  # fmt: skip


def _checked(session: Session, actor: Actor, draft: ContestDraft) -> dict[str, Any]:
    auth.require(actor, Permission.COMPETITOR_WRITE)
    problems = _of_money(draft)
    title, note, lesson = draft.title.strip(), draft.note.strip(), draft.lesson.strip()
    if draft.competitor_id is None or session.get(Competitor, draft.competitor_id) is None:
        problems["competitor_id"] = _("Choose the competitor.")
    if not title or len(title) > 200:
        problems["title"] = _("Say in a few words what the contest was about.")
    if draft.decided_on is None or draft.decided_on > clock.today():
        problems["decided_on"] = _("Give the day, up to today.")
    if max(len(note), len(lesson)) > _LONGEST:
        problems["note"] = _("Keep it to {most} characters.").format(most=_LONGEST)
    if draft.reason is ContestReason.OTHER and not note:
        problems["note"] = _("Say in a few words what it was.")
    if not _is_there(session, draft):
        problems["scope"] = _("Choose one product or one category that is there, or none.")
    if problems:
        raise Invalid(_("Some fields need another look."), fields=problems)
    values = {name: getattr(draft, name) for name in _COLUMNS}
    if draft.outcome is ContestOutcome.WON:
        values |= {"was_avoidable": None}
        lesson = ""
    return {**values, "title": title, "note": note, "lesson": lesson}


def _is_there(session: Session, draft: ContestDraft) -> bool:
    if draft.product_id is not None:
        return draft.category_id is None and session.get(Product, draft.product_id) is not None
    return draft.category_id is None or session.get(Category, draft.category_id) is not None


def _of_money(draft: ContestDraft) -> dict[str, str]:
    problems = {}
    for name in ("amount", "our_price", "their_price"):
        amount = getattr(draft, name)
        if amount is not None and not (0 < amount < _LARGEST and amount == round_money(amount)):
            problems[name] = _("Give an amount above zero.")
    return problems
