"""Which accounts of the Portfolio need attention and why: those of Today, by the same rule and decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from core import attention, db
from core.attention import Item
from core.auth import Actor
from core.filters import ALL_ACCOUNTS
from core.money import ZERO
from core.standings import Standing
from pages.ui import answers, today_parts

_SAID = 3  # reasons that a row has room for


@dataclass(frozen=True)
class Asking:
    """The reasons of accounts, and where groups are rolled up those of a group's accounts together."""

    currency: str
    found: Mapping[int, Sequence[Item]]  # by account, the greatest money first
    rows: Mapping[int | None, Standing]

    @property
    def count(self) -> int:
        """Of accounts."""
        return len(self.found)

    def needs(self, row: Standing) -> bool:
        return bool(self._of(row))

    def words_of(self, row: Standing) -> str:
        """Put into words only for rows that are shown."""
        return " · ".join(
            (f"{name}: " if name else "") + today_parts.sentence(item, self.currency)
            for name, item in self._of(row)[:_SAID]
        )

    def amount_of(self, row: Standing) -> Decimal:
        """The greatest money at stake."""
        if row.account_id is not None:
            first = self.found.get(row.account_id)
            return first[0].amount or ZERO if first else ZERO
        return max((item.amount or ZERO for _name, item in self._of(row)), default=ZERO)

    def _of(self, row: Standing) -> Sequence[tuple[str, Item]]:
        """Reasons, with the account's name where the row is a group."""
        if row.account_id is None:
            return self._of_groups.get(row.name, ())
        return [("", item) for item in self.found.get(row.account_id, ())]

    @cached_property
    def _of_groups(self) -> dict[str, list[tuple[str, Item]]]:
        grouped: dict[str, list[tuple[str, Item]]] = {}
        for account_id, items in self.found.items():
            row = self.rows[account_id]
            if row.group is not None:
                grouped.setdefault(row.group, []).extend((row.name, item) for item in items[:_SAID])
        return grouped


def of(actor: Actor, day: date, standings: Iterable[Standing], currency: str) -> Asking:
    """What Today asks for, of these accounts; asked for all of them at once, so that no filter asks again."""
    with db.read() as session:
        groups = answers.asker(session, actor)(_by_account, day)
    rows = {row.account_id: row for row in standings}
    found = {account_id: group for account_id, group in groups.items() if account_id in rows}
    return Asking(currency, found, rows)


def _by_account(session: Any, actor: Actor, day: date) -> dict[int, Sequence[Item]]:
    """What is open today by account."""
    today = attention.today(session, actor, ALL_ACCOUNTS, day=day)
    return {group[0].account_id: group for group in today.groups if group[0].account_id is not None}
