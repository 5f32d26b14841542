"""Order lines as the store keeps them, in the form in which rows of a file and stored rows can be compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, select, type_coerce
from sqlalchemy.orm import Session

from core.importing.columns import MISSING
from core.importing.orders import OrderRows, day
from core.importing.tables import Wholes
from core.line_prices import Booked
from core.models import ImportBatch, OrderLine

_DAYS = ("requested_on", "promised_on", "delivered_on")
_SCALED = {
    "quantity", "delivered_quantity", "fx_rate", "list_price", "net_price", "unit_cost", "gross_amount",
    "net_amount", "cost_amount",
}  # fmt: skip

# What is always compared; the rest only where the file has a column that says something about it.
_ALWAYS = ("account_id", "product_id", "ordered_on", "quantity", "currency", "fx_rate", "net_amount")
_WHERE_MAPPED: dict[str, tuple[str, ...]] = {
    "net_price": ("unit_price", "list_price"),
    "list_price": ("list_price", "discount_rate"),
    "gross_amount": ("list_price", "discount_rate"),
    "unit_cost": ("unit_cost", "cost_amount"),
    "cost_amount": ("unit_cost", "cost_amount"),
    "country": ("country",),
    "unit": ("unit",),
    "invoiced_on": ("invoiced_on",),
    "requested_on": ("requested_on",),
    "promised_on": ("promised_on",),
    "delivered_on": ("delivered_on",),
    "delivered_quantity": ("delivered_quantity",),
}


def compared(mapped: frozenset[str]) -> tuple[str, ...]:
    """The columns of a line that this file says something about."""
    optional = (name for name, fields in _WHERE_MAPPED.items() if mapped.intersection(fields))
    return (*_ALWAYS, *optional)


class LineColumns:
    """The columns of a file's lines, made for some rows at a time: all of them at once would take much memory."""

    def __init__(self, rows: OrderRows) -> None:
        self._rows = rows
        self._days: dict[int, date | None] = {MISSING: None}

    def tuples(self, names: Sequence[str], places: Wholes) -> list[tuple[Any, ...]]:
        """Some lines as tuples of some columns."""
        return list(zip(*self.columns(names, places).values(), strict=True))

    def columns(self, names: Sequence[str], places: Wholes) -> dict[str, list[Any]]:
        """Some columns of some lines."""
        booked = [self._rows.booked[place] for place in places.tolist()]
        return {name: self._column(name, places, booked) for name in names}

    def _column(self, name: str, places: Wholes, booked: list[Booked | None]) -> list[Any]:
        rows, values = self._rows, self._rows.values
        if name in ("account_id", "product_id"):
            return list((rows.account if name == "account_id" else rows.product)[places].tolist())
        if name in ("ordered_on", "invoiced_on", "booked_on"):
            return self._as_days(getattr(rows, name)[places])
        if name in _DAYS:
            return self._as_days(values.whole(name)[places])
        if name in ("quantity", "fx_rate"):
            return list((values.whole(name) if name == "quantity" else rows.fx_rate)[places].tolist())
        if name == "delivered_quantity":
            return [None if one == MISSING else one for one in values.whole(name)[places].tolist()]
        if name in ("currency", "country", "unit"):
            texts = getattr(rows, name)
            shown = [*texts.values, {"currency": rows.base_currency, "country": "", "unit": None}[name]]
            return [shown[place] for place in texts.codes[places].tolist()]
        return [getattr(line, name) for line in booked]

    def _as_days(self, ordinals: Wholes) -> list[date | None]:
        days = self._days
        wanted = ordinals.tolist()
        for ordinal in set(wanted).difference(days):
            days[ordinal] = day(ordinal)
        return [days[ordinal] for ordinal in wanted]


class StoredLine(NamedTuple):
    line_no: int
    batch_id: int | None
    first_promised_on: date | None
    compared: tuple[Any, ...]  # in whole small units


def stored(
    session: Session, order_numbers: Sequence[str], names: Sequence[str]
) -> dict[str, list[StoredLine]]:
    """The stored lines of some orders, with the columns that are compared."""
    columns: list[Any] = [
        type_coerce(getattr(OrderLine, name), BigInteger) if name in _SCALED else getattr(OrderLine, name)
        for name in names
    ]
    known = (OrderLine.order_no, OrderLine.line_no, OrderLine.batch_id, OrderLine.first_promised_on)
    query: Any = select(*known, *columns).where(OrderLine.order_no.in_(order_numbers))
    found: dict[str, list[StoredLine]] = defaultdict(list)
    for order_no, line_no, batch_id, first_promised_on, *rest in session.execute(query):
        found[order_no].append(StoredLine(line_no, batch_id, first_promised_on, tuple(rest)))
    return found


def numbering_batches(session: Session) -> set[int]:
    """The batches whose files did not number their lines: those numbers are only the order of the rows."""
    return {
        batch_id
        for batch_id, options in session.execute(
            select(ImportBatch.id, ImportBatch.options).where(ImportBatch.kind == "orders")
        )
        if "line_no" not in (options or {}).get("columns", {})
    }
