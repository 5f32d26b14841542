"""Which accounts of the Portfolio need attention and why: those of Today, by the same rule and decisions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from core import attention, db
from core.auth import Actor
from core.filters import AccountFilter
from core.money import ZERO
from core.portfolio import Standing
from pages.ui import answers, today_parts

_SAID = 3  # reasons that a row has room for


@dataclass(frozen=True)
class Asking:
    """The reasons by account and, where groups are rolled up, by group; `count` is of accounts."""

    count: int = 0
    words: dict[int | str, str] = field(default_factory=dict)
    amounts: dict[int | str, Decimal] = field(default_factory=dict)

    def needs(self, row: Standing) -> bool:
        return _key(row) in self.words

    def words_of(self, row: Standing) -> str:
        return self.words.get(_key(row), "")

    def amount_of(self, row: Standing) -> Decimal:
        return self.amounts.get(_key(row), ZERO)


def of(
    actor: Actor, chosen: AccountFilter, day: date, standings: Iterable[Standing], currency: str
) -> Asking:
    """What Today asks for, of these accounts."""
    with db.read() as session:
        items = answers.asker(session, actor)(attention.items, chosen, day=day)
        found = attention.today(session, actor, chosen, day=day, found=items)
    shown = {row.account_id: row for row in standings}
    words: dict[int | str, str] = {}
    amounts: dict[int | str, Decimal] = {}
    grouped: dict[str, list[str]] = {}
    count = 0
    for group in found.groups:  # the greatest money first
        first = group[0]
        row = shown.get(first.account_id)
        if first.account_id is None or row is None:
            continue
        count += 1
        said = [today_parts.sentence(item, currency) for item in group[:_SAID]]
        words[first.account_id], amounts[first.account_id] = " · ".join(said), first.amount or ZERO
        if row.group is not None:
            grouped.setdefault(row.group, []).extend(f"{row.name}: {text}" for text in said)
            amounts[row.group] = max(amounts.get(row.group, ZERO), first.amount or ZERO)
    words |= {name: " · ".join(said[:_SAID]) for name, said in grouped.items()}
    return Asking(count, words, amounts)


def _key(row: Standing) -> int | str:
    return row.name if row.account_id is None else row.account_id
