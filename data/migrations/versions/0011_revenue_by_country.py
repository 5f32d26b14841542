"""revenue by account and country of each month and day, so that countries are not summed from products"""

from alembic import op
import sqlalchemy as sa


revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SUMS = {
    "lines": "count(*)",
    "quantity": "sum(quantity)",
    "gross_amount": "sum(gross_amount)",
    "net_amount": "sum(net_amount)",
    "returned_lines": "sum(CASE WHEN quantity < 0 THEN 1 ELSE 0 END)",
    "returned_amount": "sum(CASE WHEN quantity < 0 THEN net_amount ELSE 0 END)",
    "returned_quantity": "sum(CASE WHEN quantity < 0 THEN quantity ELSE 0 END)",
    "covered_lines": "sum(CASE WHEN cost_amount IS NOT NULL THEN 1 ELSE 0 END)",
    "covered_amount": "sum(CASE WHEN cost_amount IS NOT NULL THEN net_amount ELSE 0 END)",
    "cost_amount": "coalesce(sum(cost_amount), 0)",
}
DAYS, COUNTRIES = "revenue_account_days", "revenue_account_countries"


def upgrade() -> None:
    sums = kept()
    op.drop_table(DAYS)
    create(DAYS, ["account_id", "month", "booked_on", "country"], list(sums))
    op.execute(
        f"INSERT INTO {DAYS} (account_id, month, booked_on, country, {', '.join(sums)}) "
        f"SELECT account_id, booked_month, booked_on, country, {', '.join(sums.values())} FROM order_lines "
        "GROUP BY account_id, booked_month, booked_on, country ORDER BY account_id, booked_month, booked_on, country"
    )
    op.create_index(op.f(f"ix_{DAYS}_booked_on"), DAYS, ["booked_on"])
    create(COUNTRIES, ["account_id", "month", "country"], list(sums))
    pour(DAYS, COUNTRIES, ["account_id", "month", "country"], list(sums))
    op.create_index(op.f(f"ix_{COUNTRIES}_month"), COUNTRIES, ["month"])


def downgrade() -> None:
    sums = kept()
    op.drop_table(COUNTRIES)
    op.rename_table(DAYS, "by_country")
    op.drop_index(op.f(f"ix_{DAYS}_booked_on"), "by_country")
    if op.get_bind().dialect.name == "postgresql":
        for name in ("pk_{}", "fk_{}_account_id"):
            op.execute(f"ALTER TABLE by_country RENAME CONSTRAINT {name.format(DAYS)} TO {name.format('by_country')}")
    create(DAYS, ["account_id", "month", "booked_on"], list(sums))
    pour("by_country", DAYS, ["account_id", "month", "booked_on"], list(sums))
    op.create_index(op.f(f"ix_{DAYS}_booked_on"), DAYS, ["booked_on"])
    op.drop_table("by_country")


def kept() -> dict[str, str]:
    """What the sums of order lines keep at this point of the history."""
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("revenue_cells")}
    return {name: counted for name, counted in SUMS.items() if name in there}


def create(name: str, keys: list[str], sums: list[str]) -> None:
    kinds = {"account_id": BIG, "month": sa.Date(), "booked_on": sa.Date(), "country": sa.String()}
    op.create_table(
        name,
        *(sa.Column(key, kinds[key], nullable=False, autoincrement=False) for key in keys),
        *(sa.Column(one, sa.BigInteger(), nullable=False) for one in sums),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f(f"fk_{name}_account_id")),
        sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{name}")),
        sqlite_with_rowid=False,
    )


def pour(source: str, target: str, keys: list[str], sums: list[str]) -> None:
    key = ", ".join(keys)
    op.execute(
        f"INSERT INTO {target} ({key}, {', '.join(sums)}) "
        f"SELECT {key}, {', '.join(f'sum({one})' for one in sums)} FROM {source} GROUP BY {key} ORDER BY {key}"
    )
