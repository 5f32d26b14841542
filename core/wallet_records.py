"""Estimates of what accounts spend: written down, corrected and withdrawn, every version kept."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import accounts, audit, auth, clock
from core.audit import Subject
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.language import _
from core.models import Account, Category, Wallet
from core.money import round_money
from core.vocabulary import Permission, WalletBasis

_LARGEST = Decimal(10) ** 12
_MOST_SUPPLIERS = 100


@dataclass(frozen=True)
class WalletDraft:
    """One estimate as somebody gives it; amounts are a year's spend in the base currency."""

    basis: WalletBasis
    valid_from: date | None
    category_id: int | None = None  # none: all categories together
    amount: Decimal | None = None  # declared
    driver: str = ""  # modelled: outlets, beds, meals a day
    driver_count: Decimal | None = None
    unit_amount: Decimal | None = None  # a year's spend per unit of the driver
    low_amount: Decimal | None = None
    high_amount: Decimal | None = None
    rank: int | None = None  # allocated: ours among the suppliers
    suppliers: int | None = None
    said_by: str = ""
    source: str = ""


@dataclass(frozen=True)
class Saved:
    """A version that was written, and the one for the same day that it superseded."""

    id: int
    replaced: WalletDraft | None


_VALUES = tuple(one.name for one in fields(WalletDraft))


def record(session: Session, actor: Actor, account_id: int, draft: WalletDraft, *, seen: int | None) -> Saved:
    """Write an estimate down; `seen` is the id of the newest one of its kind that the form showed, None for none.

    An estimate for the same day supersedes the former version; for a later day it follows it.
    """
    auth.require(actor, Permission.ACCOUNT_WRITE)
    account = accounts.access(session, actor, account_id)
    session.execute(select(Account.id).where(Account.id == account.id).with_for_update())
    draft = _checked(session, account, draft)
    known = _known(session, account_id, draft)
    newest = known[-1] if known else None
    if (newest.id if newest else None) != seen:
        raise _overtaken(draft, newest)
    at = clock.now()
    same_day = next((row for row in known if row.valid_from == draft.valid_from), None)
    replaced = None if same_day is None else draft_of(same_day)
    if same_day is not None:
        same_day.superseded_at = at
    row = Wallet(account_id=account.id, recorded_at=at, recorded_by=actor.username, **vars(draft))
    session.add(row)
    session.flush()
    before = vars(replaced) if replaced else {}
    changes = audit.differences(before, {name: value for name, value in vars(draft).items() if value != ""})
    audit.record(session, actor, "wallet:set", _subject(account, row), changes)
    return Saved(row.id, replaced)


def withdraw(session: Session, actor: Actor, wallet_id: int) -> WalletDraft:
    """Take an estimate out of force: the one before it holds again. Returns it, for writing it down anew."""
    auth.require(actor, Permission.ACCOUNT_WRITE)
    query = (
        select(Wallet, Account)
        .join(Account, Account.id == Wallet.account_id)
        .where(Wallet.id == wallet_id, auth.visible_accounts(actor))
        .with_for_update(of=Wallet)
        .execution_options(populate_existing=True)
    )
    found = session.execute(query).first()
    if found is None:
        raise NotFound(_("There is no such estimate."))
    row, account = found
    if row.superseded_at is not None:
        raise Conflict(_("Somebody else replaced or withdrew this estimate meanwhile."))
    row.superseded_at = clock.now()
    session.flush()
    draft = draft_of(row)
    changes = {name: (value, None) for name, value in vars(draft).items() if value not in (None, "")}
    audit.record(session, actor, "wallet:retract", _subject(account, row), changes)
    return draft


def draft_of(row: Wallet) -> WalletDraft:
    """A stored version as it would be typed."""
    return WalletDraft(**{name: getattr(row, name) for name in _VALUES})


def _known(session: Session, account_id: int, draft: WalletDraft) -> list[Wallet]:
    """The versions of the same account, category and basis that are known now, the newest day last."""
    query = select(Wallet).where(
        Wallet.account_id == account_id,
        Wallet.category_id.is_(None)
        if draft.category_id is None
        else Wallet.category_id == draft.category_id,
        Wallet.basis == draft.basis,
        Wallet.superseded_at.is_(None),
    )
    return list(session.scalars(query.order_by(Wallet.valid_from, Wallet.id)))


def _overtaken(draft: WalletDraft, newest: Wallet | None) -> Conflict:
    stored = vars(draft_of(newest)) if newest else {}
    differing = {name: value for name, value in stored.items() if value != getattr(draft, name)}
    return Conflict(
        _("Somebody else estimated this wallet meanwhile. Look at the new values and save again."),
        current=differing,
        version=newest.id if newest else None,
    )


def _subject(account: Account, row: Wallet) -> Subject:
    return Subject("wallet", str(row.id), account.name, account.id)


def _checked(session: Session, account: Account, draft: WalletDraft) -> WalletDraft:
    """The draft without what its basis does not use; raises Invalid naming each field that breaks a rule."""
    if account.is_unassigned:
        raise Invalid(_("Orders without an account have no wallet."))
    draft = _relevant(draft)
    problems = _of_basis(draft)
    if draft.valid_from is None or draft.valid_from > clock.today():
        problems["valid_from"] = _("Give the day of the estimate, up to today.")
    if draft.category_id is not None and session.get(Category, draft.category_id) is None:
        problems["category_id"] = _("Choose a category that is there.")
    if not draft.said_by and draft.basis is WalletBasis.DECLARED:
        problems["said_by"] = _("Say who at the account gave the figure.")
    if not draft.source:
        problems["source"] = _("Say where the figure comes from: a meeting, a report, a count.")
    if problems:
        raise Invalid(_("Some fields need another look."), fields=problems)
    return draft


def _relevant(draft: WalletDraft) -> WalletDraft:
    tidy = replace(
        draft, driver=draft.driver.strip(), said_by=draft.said_by.strip(), source=draft.source.strip()
    )
    if draft.basis is WalletBasis.ALLOCATED:
        tidy = replace(tidy, low_amount=None, high_amount=None)
    else:
        tidy = replace(tidy, rank=None, suppliers=None)
    if draft.basis is not WalletBasis.DECLARED:
        tidy = replace(tidy, amount=None)
    if draft.basis is not WalletBasis.MODELLED:
        tidy = replace(tidy, driver="", driver_count=None, unit_amount=None)
    return tidy


def _of_basis(draft: WalletDraft) -> dict[str, str]:
    if draft.basis is WalletBasis.ALLOCATED:
        return _of_rank(draft.rank, draft.suppliers)
    problems = {}
    if draft.basis is WalletBasis.DECLARED:
        amount = draft.amount
        if not _is_spend(amount):
            problems["amount"] = _("Give the spend of a year, above zero.")
    else:
        count, per_unit = draft.driver_count, draft.unit_amount
        if not draft.driver:
            problems["driver"] = _("Name what the size is counted in: outlets, beds, meals a day.")
        if not _is_spend(count):
            problems["driver_count"] = _("Give a number above zero.")
        if not _is_spend(per_unit):
            problems["unit_amount"] = _("Give the spend of a year for each, above zero.")
        amount = None if problems or count is None or per_unit is None else count * per_unit
        if amount is not None and not _is_spend(amount):
            problems["unit_amount"] = _("The number times the spend for each is too large.")
    if not problems and amount is not None:
        problems |= _of_range(round_money(amount), draft.low_amount, draft.high_amount)
    return problems


def _of_rank(rank: int | None, suppliers: int | None) -> dict[str, str]:
    problems = {}
    if suppliers is None or not 1 <= suppliers <= _MOST_SUPPLIERS:
        problems["suppliers"] = _("Give how many suppliers it uses, us included: from 1 to {most}.").format(
            most=_MOST_SUPPLIERS
        )
    elif rank is None or not 1 <= rank <= suppliers:
        problems["rank"] = _("Our rank is from 1, the first, to {suppliers}.").format(suppliers=suppliers)
    return problems


def _of_range(amount: Decimal, low: Decimal | None, high: Decimal | None) -> dict[str, str]:
    problems = {}
    if low is not None and not 0 < low <= amount:
        problems["low_amount"] = _("The least is above zero and at most the estimate.")
    if high is not None and not amount <= high < _LARGEST:
        problems["high_amount"] = _("The most is at least the estimate.")
    return problems


def _is_spend(amount: Decimal | None) -> bool:
    return amount is not None and 0 < amount < _LARGEST
