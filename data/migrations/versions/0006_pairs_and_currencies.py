"""returned quantity in every kept sum; account and product by year; sales in other currencies"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Each layer with its keys, and the columns of the order lines that these are made of.
LAYERS = {
    "revenue_cells": {"account_id": "account_id", "month": "booked_month", "product_id": "product_id", "country": "country"},
    "revenue_account_days": {"account_id": "account_id", "month": "booked_month", "booked_on": "booked_on"},
    "revenue_account_months": {"account_id": "account_id", "month": "booked_month"},
    "revenue_account_years": {"account_id": "account_id", "year": "{year}"},
    "revenue_product_days": {"product_id": "product_id", "month": "booked_month", "booked_on": "booked_on"},
    "revenue_product_months": {"product_id": "product_id", "month": "booked_month"},
    "revenue_months": {"month": "booked_month"},
}  # fmt: skip
YEARS = {"sqlite": "date({month}, 'start of year')", "postgresql": "date_trunc('year', {month})::date"}
MEASURES = (
    "lines", "quantity", "gross_amount", "net_amount", "returned_lines", "returned_quantity", "returned_amount",
    "covered_lines", "covered_amount", "cost_amount",
)  # fmt: skip
# The net amount in the order's currency, in millionths, cut off.
ORDER_AMOUNT = (
    "(net_amount / fx_rate) * 100000000 + (((net_amount % fx_rate) * 10000) / fx_rate) * 10000 + "
    "(((net_amount % fx_rate) * 10000) % fx_rate) * 10000 / fx_rate"
)
FOREIGN = ("lines", "net_amount", "order_amount")


def upgrade() -> None:
    year = YEARS[op.get_bind().dialect.name]
    _add_returned_quantity(year.format(month="booked_month"))
    _layer("revenue_pair_years", ("account_id", "product_id", "year"), MEASURES)
    _fill("revenue_pair_years", ("account_id", "product_id"), year.format(month="month"), MEASURES, "revenue_cells")
    _layer("foreign_sales_months", ("account_id", "month", "product_id", "currency"), FOREIGN)
    _layer("foreign_sales_years", ("account_id", "product_id", "currency", "year"), FOREIGN)
    op.execute(
        "INSERT INTO foreign_sales_months (account_id, month, product_id, currency, lines, net_amount, order_amount) "
        "SELECT account_id, booked_month, product_id, currency, count(*), sum(net_amount), "
        f"sum({ORDER_AMOUNT}) FROM order_lines "
        "WHERE fx_rate <> 1000000 AND fx_rate > 0 AND quantity >= 0 "
        "GROUP BY account_id, booked_month, product_id, currency "
        "ORDER BY account_id, booked_month, product_id, currency"
    )
    pair = ("account_id", "product_id", "currency")
    _fill("foreign_sales_years", pair, year.format(month="month"), FOREIGN, "foreign_sales_months")


def _add_returned_quantity(year: str) -> None:
    for name, keys in LAYERS.items():
        op.add_column(
            name, sa.Column("returned_quantity", sa.BigInteger(), nullable=False, server_default="0")
        )
        made_of = [f"{column.format(year=year)} AS {key}" for key, column in keys.items()]
        alike = " AND ".join(f"{name}.{key} = returned.{key}" for key in keys)
        places = ", ".join(str(place) for place in range(1, len(keys) + 1))
        op.execute(
            f"UPDATE {name} SET returned_quantity = returned.quantity FROM "
            f"(SELECT {', '.join(made_of)}, sum(quantity) AS quantity FROM order_lines WHERE quantity < 0 "
            f"GROUP BY {places}) AS returned WHERE {alike}"
        )


def _layer(name: str, keys: tuple[str, ...], measures: tuple[str, ...]) -> None:
    days, parents = ("month", "year"), {"account_id": "accounts", "product_id": "products"}
    op.create_table(
        name,
        *(
            sa.Column(key, sa.Date() if key in days else sa.String(), nullable=False)
            if key not in parents
            else sa.Column(key, BIG, autoincrement=False, nullable=False)
            for key in keys
        ),
        *(sa.Column(measure, sa.BigInteger(), nullable=False) for measure in measures),
        *(
            sa.ForeignKeyConstraint([key], [f"{parents[key]}.id"], name=op.f(f"fk_{name}_{key}"))
            for key in keys
            if key in parents
        ),
        sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{name}")),
        sqlite_with_rowid=False,
    )


def _fill(name: str, keys: tuple[str, ...], year: str, measures: tuple[str, ...], finer: str) -> None:
    given, sums = ", ".join(keys), ", ".join(f"sum({measure})" for measure in measures)
    op.execute(
        f"INSERT INTO {name} ({given}, year, {', '.join(measures)}) SELECT {given}, {year}, {sums} FROM {finer} "
        f"GROUP BY {given}, {year} ORDER BY {given}, {year}"
    )


def downgrade() -> None:
    for name in ("foreign_sales_years", "foreign_sales_months", "revenue_pair_years"):
        op.drop_table(name)
    for name in LAYERS:
        op.drop_column(name, "returned_quantity")
