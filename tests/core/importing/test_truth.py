"""The public data sets come out as their own figures say, to the last decimal."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from datetime import date
from decimal import Decimal
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import func, select

from core import bridge, db, importing
from core.auth import OPERATOR
from core.importing import Options
from core.models import Account, Order, OrderLine, RevenueCell, TotalMonth
from core.periods import Period
from core.vocabulary import BatchKind
from tests.conftest import SHARED_DATA, needs_shared_data
from tests.core.importing.bringing import bring, counts, net
from tests.core.importing.test_dirty_file import COLUMNS

pytestmark = [pytest.mark.usefixtures("store"), needs_shared_data]
needs_zstd = pytest.mark.skipif(
    shutil.which("zstd") is None, reason="The program zstd is not here to unpack the data."
)


def truth(name):
    with (SHARED_DATA / "online-retail" / "truth" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def half_years_are_bridged_as_pandas_finds(file):
    """June to November 2011 against the six months before, worked out in pandas with none of our own code."""
    windows = {"then": ("2010-12-01", "2011-06-01"), "now": ("2011-06-01", "2011-12-01")}
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    booked = pd.to_datetime(frame["InvoiceDate"], format="mixed")
    frame["quantity"], frame["net"] = frame["Quantity"].astype(int), frame["Quantity"].astype(float)
    frame["net"] *= frame["UnitPrice"].astype(float)
    sides, returned = {}, {}
    for when, (start, end) in windows.items():
        inside = frame[(booked >= start) & (booked < end)]
        returned[when] = inside.loc[inside["quantity"] < 0, "net"].sum()
        sold = inside[inside["quantity"] > 0]
        sides[when] = sold.groupby(["CustomerID", "StockCode"])[["quantity", "net"]].sum()
    pairs = sides["then"].add_suffix("_then").join(sides["now"].add_suffix("_now"), how="outer")
    both = pairs.dropna()
    wanted = dict(zip(("price", "volume", "mix"), in_six_orders(both), strict=True))
    wanted["new"] = pairs.loc[pairs["quantity_then"].isna(), "net_now"].sum()
    wanted["lost"] = -pairs.loc[pairs["quantity_now"].isna(), "net_then"].sum()
    wanted["returns"] = returned["now"] - returned["then"]
    wanted["currency"] = 0.0

    now, then = (Period(*map(date.fromisoformat, windows[when])) for when in ("now", "then"))
    with db.read() as session:
        found = bridge.between(session, OPERATOR, now, then)
        back = bridge.between(session, OPERATOR, then, now)

    for name, amount in wanted.items():
        assert float(getattr(found, name)) == pytest.approx(amount, abs=0.01), name
    assert sum(found.parts.values()) == found.change
    assert (back.price, back.volume, back.mix) == (-found.price, -found.volume, -found.mix)


def in_six_orders(both):
    """Price, volume and mix of each account in each order, averaged and summed; no product here has a unit."""
    moved = np.zeros(3)
    for _account, pairs in both.groupby(level=0):
        quantity = [pairs["quantity_then"].to_numpy(float), pairs["quantity_now"].to_numpy(float)]
        price = [pairs["net_then"].to_numpy() / quantity[0], pairs["net_now"].to_numpy() / quantity[1]]
        volume = [one.sum() for one in quantity]
        mix = [one / total for one, total in zip(quantity, volume, strict=True)]
        for order in permutations(range(3)):
            state = [0, 0, 0]
            value = volume[0] * (mix[0] @ price[0])
            for place in order:
                state[place] = 1
                after = volume[state[1]] * (mix[state[2]] @ price[state[0]])
                moved[place] += (after - value) / 6
                value = after
    return moved


@needs_zstd
def test_half_a_million_order_lines_come_out_as_the_data_sets_own_figures():
    packed = SHARED_DATA / "online-retail" / "online-retail-2010-2011.csv.zst"
    unpacked = subprocess.run(["zstd", "-dcq", str(packed)], capture_output=True, check=True).stdout
    upload = importing.receive(io.BytesIO(unpacked), "online-retail.csv")
    options = Options(columns=COLUMNS, missing_account="unassigned", create_missing=True)

    outcome = importing.apply(OPERATOR, BatchKind.ORDERS, upload, options)

    assert counts(outcome.check) == (541_909, 541_909, 0, 0, 0)
    assert net() == Decimal("9747747.934")
    figures = json.loads((SHARED_DATA / "online-retail" / "truth" / "figures.json").read_text())
    with db.read() as session:
        assert (
            session.scalar(select(func.count(Order.order_no.distinct())))
            == figures["invoices"]["value"]
            == 25_900
        )
        assert session.scalar(select(func.count()).where(Account.is_unassigned.is_(False))) == 4_372
        months = {
            f"{month:%Y-%m}": amount
            for month, amount in session.execute(select(TotalMonth.month, TotalMonth.net_amount))
        }
        by_country = select(RevenueCell.country, func.sum(RevenueCell.net_amount)).group_by(
            RevenueCell.country
        )
        countries = dict(session.execute(by_country).all())
    assert months == {row["month"]: Decimal(row["revenue_all_rows"]) for row in truth("revenue_by_month.csv")}
    shown = {row["Country"]: Decimal(row["revenue_all_rows"]) for row in truth("revenue_by_country.csv")}
    assert countries == shown

    half_years_are_bridged_as_pandas_finds(io.BytesIO(unpacked))

    again = importing.apply(OPERATOR, BatchKind.ORDERS, upload, options)
    importing.discard(upload)

    assert counts(again.check) == (541_909, 0, 0, 541_909, 0)


def test_northwind_orders_joined_with_their_lines_come_out_with_their_discounts():
    folder = SHARED_DATA / "northwind" / "csv"
    with (folder / "orders.csv").open(encoding="utf-8", newline="") as file:
        heads = {row["order_id"]: row for row in csv.DictReader(file)}
    joined = io.StringIO()
    names = ["order_id", "order_date", "customer_id", "ship_country", "required_date", "shipped_date",
             "product_id", "unit_price", "quantity", "discount"]  # fmt: skip
    writer = csv.DictWriter(joined, names, extrasaction="ignore")
    writer.writeheader()
    with (folder / "order_details.csv").open(encoding="utf-8", newline="") as file:
        writer.writerows({**heads[line["order_id"]], **line} for line in csv.DictReader(file))

    outcome = bring(
        "orders",
        joined.getvalue(),
        create_missing=True,
        columns={
            "order_no": "order_id", "ordered_on": "order_date", "account": "customer_id", "country": "ship_country",
            "requested_on": "required_date", "delivered_on": "shipped_date", "product": "product_id",
            "list_price": "unit_price", "discount_rate": "discount", "quantity": "quantity",
        },
    )  # fmt: skip

    assert counts(outcome.check) == (2155, 2155, 0, 0, 0)
    assert net() == Decimal("1265793.0395")
    with db.read() as session:
        assert session.scalar(select(func.sum(OrderLine.gross_amount))) == Decimal("1354458.59")
