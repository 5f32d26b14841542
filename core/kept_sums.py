"""Sums that are kept with the order lines: layers of cells, each pourable, prunable and comparable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Select,
    Table,
    delete,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core import db
from core.language import _
from core.models import Base


@dataclass(frozen=True)
class Difference:
    """The first cell of a layer whose stored sum is not the sum of its lines."""

    layer: str  # the table
    key: str  # `account_id 7, month 2026-03-01`
    measure: str
    stored: Decimal | int | date | None
    counted: Decimal | int | date | None

    def __str__(self) -> str:
        return _("{layer}: {measure} of {key} is kept as {stored}, its order lines give {counted}.").format(
            layer=self.layer, measure=self.measure, key=self.key, stored=self.stored, counted=self.counted
        )


@dataclass(frozen=True)
class Family:
    """Layers that keep the same measures; one of them says whether anything stands behind a cell."""

    layers: dict[type[Base], tuple[str, ...]]  # each with its key
    measures: dict[str, Any]  # each with its type
    counted: str = "lines"

    def summed(self, session: Session, layer: type[Base], source: FromClause, sign: int = 1) -> Select[Any]:
        """The rows of a layer as sums over finer cells, in the order of its key."""
        keys = [_key(session, name, source).label(name) for name in self.layers[layer]]
        factor: ColumnElement[Any] = literal_column(str(sign))
        sums = [(func.sum(source.c[name]) * factor).label(name) for name in self.measures]
        plain = [key.element for key in keys]
        return select(*keys, *sums).group_by(*plain).order_by(*plain)

    def pour(self, session: Session, layer: type[Base], source: FromClause, sign: int = 1) -> None:
        """Add finer cells to a layer, or take them away."""
        rows = self.summed(session, layer, source, sign)
        insert = sqlite.insert if db.is_sqlite(session) else postgresql.insert
        statement: Any = insert(layer).from_select(list(rows.selected_columns.keys()), _before_conflict(rows))
        target = table(layer).c
        session.execute(
            statement.on_conflict_do_update(
                index_elements=list(self.layers[layer]),
                set_={name: target[name] + statement.excluded[name] for name in self.measures},
            )
        )

    def fill(self, session: Session, layer: type[Base], source: FromClause) -> None:
        """Put finer cells into a layer that is empty."""
        rows = self.summed(session, layer, source)
        session.execute(table(layer).insert().from_select(list(rows.selected_columns.keys()), rows))

    def empty(self, session: Session) -> None:
        for layer in self.layers:
            session.execute(delete(table(layer)).execution_options(synchronize_session=False))

    def prune(self, session: Session) -> None:
        """Drop cells that no line stands behind any more."""
        for layer in self.layers:
            # Written as it stands in the partial indexes, which are used only for the same words.
            empty = table(layer).c[self.counted] == literal_column("0")
            session.execute(delete(layer).where(empty).execution_options(synchronize_session=False))

    def first_difference(
        self, session: Session, layer: type[Base], counted: Select[Any]
    ) -> Difference | None:
        """The first cell of a layer that is not as it was counted anew."""
        keys, kept_in = self.layers[layer], table(layer)
        nothing = {name: literal_column("0", kind) for name, kind in self.measures.items()}
        kept = select(
            *(kept_in.c[key] for key in keys),
            *(kept_in.c[name].label(f"kept_{name}") for name in self.measures),
            *(nothing[name].label(f"counted_{name}") for name in self.measures),
        )
        sums = counted.subquery()
        anew = select(
            *(sums.c[key] for key in keys),
            *(nothing[name].label(f"kept_{name}") for name in self.measures),
            *(sums.c[name].label(f"counted_{name}") for name in self.measures),
        )
        both = union_all(kept, anew).subquery()
        pairs = [
            (func.sum(both.c[f"kept_{name}"]), func.sum(both.c[f"counted_{name}"])) for name in self.measures
        ]
        row = session.execute(
            select(*(both.c[key] for key in keys), *(total for pair in pairs for total in pair))
            .group_by(*(both.c[key] for key in keys))
            .having(or_(*(stored != anew_sum for stored, anew_sum in pairs)))
            .order_by(*(both.c[key] for key in keys))
            .limit(1)
        ).first()
        return None if row is None else self._named(kept_in.name, keys, tuple(row))

    def _named(self, layer: str, keys: tuple[str, ...], row: tuple[Any, ...]) -> Difference:
        key = ", ".join(f"{name} {value}" for name, value in zip(keys, row, strict=False))
        for index, name in enumerate(self.measures):
            stored, counted = row[len(keys) + 2 * index], row[len(keys) + 2 * index + 1]
            if stored != counted:
                return Difference(layer, key, name, stored, counted)
        raise AssertionError(row)


def table(model: type[Base]) -> Table:
    return cast(Table, model.__table__)


def start_of(session: Session, unit: str, day: ColumnElement[Any]) -> ColumnElement[Any]:
    """The first day of a day's month or year."""
    if db.is_sqlite(session):
        return func.date(day, literal_column(f"'start of {unit}'"), type_=Date)
    return func.cast(func.date_trunc(literal_column(f"'{unit}'"), day), Date)


def _key(session: Session, name: str, source: FromClause) -> ColumnElement[Any]:
    if name in source.c:
        return source.c[name]
    return start_of(session, name, source.c["month" if name == "year" else "due_on"])


def _before_conflict(rows: Select[Any]) -> Select[Any]:
    # SQLite takes ON CONFLICT after a bare SELECT … FROM for the condition of a join.
    return rows.where(literal_column("1") == literal_column("1"))
