"""Which accounts of the Portfolio need attention and why: those of Today, by the same rule and decisions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from core import attention, db
from core.attention import Item
from core.auth import Actor
from core.filters import ALL_ACCOUNTS
from core.money import ZERO
from core.portfolio import Standing
from pages.ui import answers, today_parts

_SAID = 3  # reasons that a row has room for


@dataclass(frozen=True)
class Asking:
    """The reasons by account and, where groups are rolled up, by group; `count` is of accounts."""

    currency: str
    count: int = 0
    reasons: dict[int | str, list[tuple[str, Item]]] = field(
        default_factory=dict
    )  # with whose name goes before
    amounts: dict[int | str, Decimal] = field(default_factory=dict)

    def needs(self, row: Standing) -> bool:
        return _key(row) in self.amounts

    def words_of(self, row: Standing) -> str:
        """Put into words only for rows that are shown."""
        found = self.reasons.get(_key(row), ())
        return " · ".join(name + today_parts.sentence(item, self.currency) for name, item in found[:_SAID])

    def amount_of(self, row: Standing) -> Decimal:
        return self.amounts.get(_key(row), ZERO)


def of(actor: Actor, day: date, standings: Iterable[Standing], currency: str) -> Asking:
    """What Today asks for, of these accounts; asked for all of them at once, so that no filter asks again."""
    with db.read() as session:
        items = answers.asker(session, actor)(attention.items, ALL_ACCOUNTS, day=day)
        found = attention.today(session, actor, ALL_ACCOUNTS, day=day, found=items)
    shown = {row.account_id: row for row in standings}
    reasons: dict[int | str, list[tuple[str, Item]]] = {}
    amounts: dict[int | str, Decimal] = {}
    count = 0
    for group in found.groups:  # the greatest money first
        first = group[0]
        row = shown.get(first.account_id)
        if first.account_id is None or row is None:
            continue
        count += 1
        reasons[first.account_id] = [("", item) for item in group[:_SAID]]
        amounts[first.account_id] = first.amount or ZERO
        if row.group is not None:
            reasons.setdefault(row.group, []).extend((f"{row.name}: ", item) for item in group[:_SAID])
            amounts[row.group] = max(amounts.get(row.group, ZERO), first.amount or ZERO)
    return Asking(currency, count, reasons, amounts)


def _key(row: Standing) -> int | str:
    return row.name if row.account_id is None else row.account_id
