"""A file with every kind of dirt that real ones have, whose sums were worked out without Utama."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core import db
from core.models import Account, Order, OrderLine, Product
from tests.core.importing.bringing import bring, counts, everything, net, undo

DATA = Path(__file__).parents[2] / "data"
COLUMNS = {
    "order_no": "InvoiceNo", "ordered_on": "InvoiceDate", "account": "CustomerID", "product": "StockCode",
    "quantity": "Quantity", "unit_price": "UnitPrice", "product_name": "Description", "country": "Country",
}  # fmt: skip


@pytest.mark.usefixtures("store")
def test_the_dirty_file_adds_up_to_the_last_decimal_and_comes_and_goes_without_a_trace():
    truth = json.loads((DATA / "dirty-orders.json").read_text(encoding="utf-8"))
    file = (DATA / "dirty-orders.csv").read_bytes()
    wish = {"columns": COLUMNS, "missing_account": "unassigned", "create_missing": True}

    outcome = bring("orders", file, **wish)

    assert counts(outcome.check) == (3000, 3000, 0, 0, 0)
    assert net() == Decimal(truth["net"])
    with db.read() as session:
        lines = session.execute(
            select(
                OrderLine.booked_month,
                OrderLine.country,
                OrderLine.quantity,
                OrderLine.net_amount,
                Account.is_unassigned,
            ).join(Account, Account.id == OrderLine.account_id)
        ).all()
        assert session.scalar(select(func.count(Order.order_no.distinct()))) == truth["orders"]
        assert (
            session.scalar(select(func.count()).where(Account.is_unassigned.is_(False))) == truth["accounts"]
        )
        assert session.scalar(select(func.count(Product.id))) == truth["products"]
    assert len(lines) == truth["lines"]
    assert sum(line.quantity for line in lines) == Decimal(truth["quantity"])
    assert sum(line.net_amount for line in lines if line.quantity < 0) == Decimal(truth["returns"])
    assert sum(line.net_amount for line in lines if line.is_unassigned) == Decimal(truth["unassigned"])
    for month, amount in truth["by_month"].items():
        assert sum(line.net_amount for line in lines if f"{line.booked_month:%Y-%m}" == month) == Decimal(
            amount
        )
    for country, amount in truth["by_country"].items():
        assert sum(line.net_amount for line in lines if line.country == country) == Decimal(amount)

    assert counts(bring("orders", file, **wish).check) == (3000, 0, 0, 3000, 0)
    undo(outcome.batch_id)
    assert all(rows == [] for rows in everything().values())
