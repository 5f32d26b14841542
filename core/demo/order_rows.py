"""The demo company's orders and targets as rows of the store, streamed through the driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from core import bulk
from core.demo.orders import OrderLines, draw
from core.demo.plans import plans
from core.demo.rows import Ids, morning
from core.demo.scene import Numbers, Scene
from core.demo.targets import targets as demo_targets
from core.money import QUANTITY_SCALE, RATE_SCALE
from core.vocabulary import Role

Progress = Callable[[int, int], None]  # accounts done, accounts in all


_ORDER_COLUMNS = ("account_id", "order_no", "ordered_on", "line_count", "net_amount", "version")
_LINE_COLUMNS = (
    "account_id", "order_no", "line_no", "product_id", "ordered_on", "invoiced_on", "booked_on",
    "booked_month", "requested_on", "promised_on", "first_promised_on", "delivered_on", "quantity",
    "delivered_quantity", "country", "currency", "fx_rate", "list_price", "net_price", "unit_cost", "gross_amount",
    "net_amount", "cost_amount",
)  # fmt: skip


@dataclass(frozen=True)
class OrderTotals:
    orders: int
    lines: int


def orders(session: Session, scene: Scene, ids: Ids, progress: Progress) -> OrderTotals:
    """Orders and lines, account by account: however many there are, only one account's are in memory."""
    texts = _DayTexts(scene)
    order_count = line_count = 0
    for drawn in draw(scene, plans(scene)):
        account_id = ids.accounts[drawn.account_no]
        order_count += bulk.insert_rows(
            session, "orders", _ORDER_COLUMNS, _order_rows(drawn, account_id, texts)
        )
        lines = _line_rows(scene, drawn, account_id, ids, texts)
        line_count += bulk.insert_rows(session, "order_lines", _LINE_COLUMNS, lines)
        progress(drawn.account_no + 1, len(ids.accounts))
    return OrderTotals(order_count, line_count)


class _DayTexts:
    """Day numbers as the store keeps days; −1 stands for none."""

    def __init__(self, scene: Scene) -> None:
        self._days = scene.calendar.texts()
        self._months = scene.calendar.month_texts()

    def days(self, numbers: Numbers) -> list[str | None]:
        texts: list[str | None] = self._days[numbers].tolist()
        return texts

    def months(self, numbers: Numbers) -> list[str | None]:
        texts: list[str | None] = self._months[numbers].tolist()
        return texts


def _order_rows(drawn: OrderLines, account_id: int, texts: _DayTexts) -> Iterator[tuple[Any, ...]]:
    count = len(drawn.order_nos)
    net_amount = np.zeros(count, dtype=np.int64)
    np.add.at(net_amount, drawn.order, drawn.net_amount)
    ordered = np.zeros(count, dtype=np.int64)
    ordered[drawn.order] = drawn.ordered
    line_count = np.bincount(drawn.order, minlength=count).tolist()
    for order_no, day, lines, net in zip(
        drawn.order_nos, texts.days(ordered), line_count, net_amount.tolist(), strict=True
    ):
        yield account_id, order_no, day, lines, net, 1


def _line_rows(
    scene: Scene, drawn: OrderLines, account_id: int, ids: Ids, texts: _DayTexts
) -> Iterator[tuple[Any, ...]]:
    account = scene.company.accounts[drawn.account_no]
    count = len(drawn.order)
    booked = np.where(drawn.invoiced >= 0, drawn.invoiced, drawn.ordered)
    known = drawn.unit_cost >= 0
    return zip(
        [account_id] * count,
        [drawn.order_nos[number] for number in drawn.order.tolist()],
        drawn.line_no.tolist(),
        np.array(ids.products)[drawn.product].tolist(),
        texts.days(drawn.ordered),
        texts.days(drawn.invoiced),
        texts.days(booked),
        texts.months(booked),
        texts.days(drawn.requested),
        texts.days(drawn.promised),
        texts.days(drawn.first_promised),
        texts.days(drawn.delivered),
        (drawn.quantity * QUANTITY_SCALE).tolist(),
        _or_none(drawn.delivered_quantity * QUANTITY_SCALE, drawn.delivered_quantity >= 0),
        [account.country] * count,
        [account.currency] * count,
        (drawn.fx_rate * (RATE_SCALE // 10_000)).tolist(),
        drawn.list_price.tolist(),
        drawn.net_price.tolist(),
        _or_none(drawn.unit_cost, known),
        drawn.gross_amount.tolist(),
        drawn.net_amount.tolist(),
        _or_none(drawn.cost_amount, known),
        strict=True,
    )


def _or_none(values: Numbers, known: Any) -> list[int | None]:
    return [
        value if is_known else None for value, is_known in zip(values.tolist(), known.tolist(), strict=True)
    ]


def targets(session: Session, scene: Scene, ids: Ids) -> int:
    """Targets of this year and the two before, earlier versions included."""
    moments: dict[date | None, str | None] = {None: None}

    def stored(day: date | None) -> str | None:
        if day not in moments and day is not None:
            moments[day] = bulk.stored_moment(session, morning(day))
        return moments[day]

    columns = (
        "account_id", "month", "version", "net_revenue_amount", "margin_amount", "recorded_at", "recorded_by",
        "superseded_at",
    )  # fmt: skip
    planner = next(person.username for person in scene.company.people if Role.DIRECTOR in person.roles)
    rows = (
        (
            ids.accounts[target.account_no],
            target.month.isoformat(),
            target.version,
            target.net_revenue,
            target.margin,
            stored(target.recorded_on),
            planner,
            stored(target.superseded_on),
        )
        for target in demo_targets(scene)
    )
    return bulk.insert_rows(session, "targets", columns, rows)
