"""Targets of a whole fiscal year: by account and month beside last year, split by its season, saved at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import account_months, accounts, audit, auth, parts, targets
from core.auth import Actor
from core.errors import Conflict, Invalid, NotFound
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.language import _
from core.models import Account, Target
from core.money import ZERO, ratio
from core.periods import Period, add_months
from core.vocabulary import Permission

_CENT = Decimal("0.01")
_LARGEST = Decimal(10) ** 12

Cell = tuple[int, date]  # account and month
Values = Mapping[Cell, Decimal | None]  # None: no target, which is not a target of zero


@dataclass(frozen=True)
class PlanRow:
    """An account's year: what is expected of each month, and what the same month brought a year ago."""

    account_id: int
    code: str
    name: str
    owner_id: int | None
    owner: str | None
    months: tuple[Decimal | None, ...]
    year_ago: tuple[Decimal, ...]

    @property
    def total(self) -> Decimal | None:
        known = [amount for amount in self.months if amount is not None]
        return sum(known, ZERO) if known else None

    @property
    def year_ago_total(self) -> Decimal:
        return sum(self.year_ago, ZERO)


@dataclass(frozen=True)
class OwnerTotal:
    """What the accounts of one manager are expected to bring, and brought a year ago."""

    owner_id: int | None
    owner: str | None
    accounts: int
    target: Decimal | None
    year_ago: Decimal

    @property
    def growth(self) -> Decimal | None:
        if self.target is None or self.year_ago <= 0:
            return None
        return ratio(self.target - self.year_ago, self.year_ago)


@dataclass(frozen=True)
class Plan:
    """The visible accounts of a fiscal year, by name."""

    months: tuple[date, ...]
    rows: tuple[PlanRow, ...]

    def values(self) -> dict[Cell, Decimal | None]:
        """Every cell, for `save` to compare with what is stored then."""
        return {
            (row.account_id, month): amount
            for row in self.rows
            for month, amount in zip(self.months, row.months, strict=True)
        }

    def by_owner(self) -> tuple[OwnerTotal, ...]:
        """The rows summed by their owners, the greatest target first."""
        found: dict[int | None, list[PlanRow]] = {}
        for row in self.rows:
            found.setdefault(row.owner_id, []).append(row)
        totals = [
            OwnerTotal(
                owner_id,
                rows[0].owner,
                len(rows),
                _sum_known([row.total for row in rows]),
                sum((row.year_ago_total for row in rows), ZERO),
            )
            for owner_id, rows in found.items()
        ]
        return tuple(sorted(totals, key=lambda one: (-(one.target or ZERO), one.owner or "")))


@audit.unmoved_by(*audit.BESIDE_REVENUE, "forecast")
def plan(session: Session, actor: Actor, start: date, chosen: AccountFilter = ALL_ACCOUNTS) -> Plan:
    """The targets of the twelve months from `start`, beside the twelve months before them."""
    auth.require(actor, Permission.REVENUE_READ)
    year = Period(start, add_months(start, 12))
    months = tuple(year.months())
    wanted = parts.ask(session, actor, targets.net_table, year, chosen)
    sold = parts.ask(session, actor, account_months.nets, year.shifted(-12), chosen)
    expected, before = (dict(zip(one.ids.tolist(), one.money(), strict=True)) for one in (wanted, sold))
    none, nothing = (None,) * len(months), (ZERO,) * len(months)
    rows = [
        PlanRow(
            row.id, row.code, row.name, row.owner_id, row.owner,
            expected.get(row.id, none), tuple(amount or ZERO for amount in before.get(row.id, nothing)),
        )
        for row in accounts.search(session, actor, chosen)
    ]  # fmt: skip
    return Plan(months, tuple(rows))


def split(total: Decimal, season: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """A total over some months by the weight of each in last year's season, to the cent and summing up exactly.

    Months with nothing or less than nothing weigh nothing; where none weighs anything, all weigh the same. What
    rounding leaves over goes, cent by cent, to the months that lost most by it (largest remainder: Balinski and
    Young, Fair Representation, 1982). Raises Invalid for a total below zero or with parts of a cent.
    """
    if total < 0 or total != total.quantize(_CENT) or total >= _LARGEST:
        raise Invalid(_("A target is zero or more, with at most two decimals."))
    weights = [max(one, ZERO) for one in season]
    if not any(weights):
        weights = [Decimal(1)] * len(season)
    whole = sum(weights, ZERO)
    exact = [total * weight / whole for weight in weights]
    parts = [one.quantize(_CENT, rounding=ROUND_FLOOR) for one in exact]
    left = int((total - sum(parts, ZERO)) / _CENT)
    ranked = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in ranked[:left]:
        parts[place] += _CENT
    return tuple(parts)


def split_over(plan: Plan, account_ids: frozenset[int], total: Decimal) -> tuple[dict[Cell, Decimal], int]:
    """A year's total over the months of these accounts, and how many of them got no part of it.

    Who brought nothing last year weighs nothing: such accounts are left as they are, which is not a target of
    zero. Where none brought anything, all months of all of them weigh the same.
    """
    rows = [row for row in plan.rows if row.account_id in account_ids]
    weighing = [row for row in rows if any(amount > 0 for amount in row.year_ago)] or rows
    cells = [(row.account_id, month) for row in weighing for month in plan.months]
    parts = split(total, [amount for row in weighing for amount in row.year_ago])
    return dict(zip(cells, parts, strict=True)), len(rows) - len(weighing)


def save(session: Session, actor: Actor, changes: Values, *, seen: Values) -> int:
    """Set or withdraw many targets at once, all or none; returns how many changed.

    `seen` is what the grid showed at first: where somebody set another value meanwhile it is a Conflict that
    names the cells. Margin targets stay as they are.
    """
    return _save(session, actor, changes, seen, is_undo=False)


def put_back(session: Session, actor: Actor, changes: Values, *, seen: Values) -> int:
    """Take a saving back; like `save`, but a target that was withdrawn has the margin of its last version again."""
    return _save(session, actor, changes, seen, is_undo=True)


def _save(session: Session, actor: Actor, changes: Values, seen: Values, *, is_undo: bool) -> int:
    auth.require(actor, Permission.TARGET_WRITE)
    ids = sorted({account_id for account_id, _month in changes})
    visible = select(Account).where(Account.id.in_(ids), auth.visible_accounts(actor)).order_by(Account.id)
    known = {row.id: row for row in session.scalars(visible.with_for_update())}
    if set(ids) - set(known):
        raise NotFound(_("There is no such account."))
    if not is_undo:  # what was stored once may be stored again, with its four decimals
        _check(changes, known)
    last = _last_versions(session, ids)
    stored = {cell: row for cell, row in last.items() if row.superseded_at is None}
    _refuse_overtaken(changes, seen, stored, known)
    source = last if is_undo else stored
    changed = 0
    for account_id in ids:
        months: dict[date, targets.Wanted | None] = {}
        for (one, month), amount in changes.items():
            if one == account_id:
                row = source.get((one, month))
                months[month] = None if amount is None else (amount, row.margin_amount if row else None)
        changed += targets.set_many(session, actor, account_id, months)
    return changed


def _last_versions(session: Session, account_ids: Sequence[int]) -> dict[Cell, Target]:
    """The newest version of each cell, in force or withdrawn."""
    rows = session.scalars(select(Target).where(Target.account_id.in_(account_ids)).order_by(Target.version))
    return {(row.account_id, row.month): row for row in rows}


def _check(changes: Values, known: Mapping[int, Account]) -> None:
    wrong = [
        _("{account} in {month}").format(account=known[account_id].name, month=f"{month:%Y-%m}")
        for (account_id, month), amount in changes.items()
        if amount is not None and not (0 <= amount < _LARGEST and amount == amount.quantize(_CENT))
    ]
    if wrong:
        rule = _("A target is zero or more, with at most two decimals.")
        sentence = f"{rule} {', '.join(wrong[:5])}"
        raise Invalid(sentence, fields={"grid": sentence})


def _refuse_overtaken(
    changes: Values, seen: Values, stored: Mapping[Cell, Target], known: Mapping[int, Account]
) -> None:
    now = {cell: stored[cell].net_revenue_amount if cell in stored else None for cell in changes}
    overtaken = [cell for cell in changes if now[cell] != seen.get(cell) and now[cell] != changes[cell]]
    if not overtaken:
        return
    cells = [
        _("{account} in {month}: {value}").format(
            account=known[account_id].name,
            month=f"{month:%Y-%m}",
            value=_("none") if now[account_id, month] is None else f"{now[account_id, month]:,.2f}",
        )
        for account_id, month in sorted(overtaken)[:5]
    ]
    raise Conflict(
        _("Somebody else set some of these targets meanwhile. Look at their values and save again."),
        current={"grid": "; ".join(cells)},
        version={**seen, **now},
    )


def _sum_known(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, ZERO) if known else None
