"""Whose health has to be read anew: a number by account that rises with whatever the health is read from.

What is kept of an account (`core.health_standings`) counts only under the number that it was read under. A change and
somebody who reads at the same time therefore need not wait for each other: what was read before is void by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    String,
    Subquery,
    delete,
    event,
    func,
    inspect,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapper, Session

from core.kept_sums import table
from core.models import Account, HealthMark, HealthStanding, Product, Receivable, Target


class Kind(StrEnum):
    """What changed; writers of different kinds do not wait for each other."""

    LINES = "lines"
    TARGETS = "targets"
    RECEIVABLES = "receivables"
    RULES = "rules"


def raise_for(session: Session, kind: Kind, account_ids: Select[Any] | Collection[int] | None = None) -> None:
    """Something changed of these accounts; without ids: of all."""
    session.flush()
    _raise(session.connection(), kind, account_ids)


def numbers() -> Subquery:
    """The number of each account of which something changed."""
    marks = table(HealthMark).c
    total = type_coerce(func.sum(marks.number), BigInteger).label("number")
    return select(marks.account_id, total).group_by(marks.account_id).subquery()


def _raise(connection: Connection, kind: Kind, account_ids: Select[Any] | Collection[int] | None) -> None:
    accounts = table(Account)
    rows = select(accounts.c.id, literal_column(f"'{kind.value}'", String), literal_column("1"))
    if account_ids is not None:
        rows = rows.where(accounts.c.id.in_(account_ids))
    # In the order of their ids, so that two who raise the same numbers follow each other.
    rows = rows.where(literal_column("1") == literal_column("1")).order_by(accounts.c.id)
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    marks = table(HealthMark)
    raised = insert(marks).from_select(["account_id", "kind", "number"], rows)
    connection.execute(
        raised.on_conflict_do_update(
            index_elements=["account_id", "kind"], set_={"number": marks.c.number + 1}
        )
    )


def _target(_mapper: Mapper[Target], connection: Connection, target: Target) -> None:
    _raise(connection, Kind.TARGETS, [target.account_id])


def _receivable(_mapper: Mapper[Receivable], connection: Connection, invoice: Receivable) -> None:
    _raise(connection, Kind.RECEIVABLES, [invoice.account_id])


for _what in ("after_insert", "after_update", "after_delete"):
    event.listen(Target, _what, _target)
    event.listen(Receivable, _what, _receivable)


@event.listens_for(Product, "after_update")
def _product(_mapper: Mapper[Product], connection: Connection, product: Product) -> None:
    if inspect(product).attrs.category_id.history.has_changes():
        _raise(connection, Kind.RULES, None)


@event.listens_for(Account, "before_delete")
def _end(_mapper: Mapper[Account], connection: Connection, account: Account) -> None:
    for kept in (HealthStanding, HealthMark):
        rows = table(kept)
        connection.execute(delete(rows).where(rows.c.account_id == account.id))
