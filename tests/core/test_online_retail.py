"""A real wholesaler's year: our figures against ones computed independently, in pandas, from the file itself."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from core import cohort, db, dependence, importing, kpis, movement
from core.auth import OPERATOR
from core.importing import Options
from core.movement import Kind
from core.periods import Period
from core.vocabulary import BatchKind
from tests.conftest import SHARED_DATA, needs_shared_data
from tests.core.importing.test_dirty_file import COLUMNS

pytestmark = [
    needs_shared_data,
    pytest.mark.skipif(
        shutil.which("zstd") is None, reason="The program zstd is not here to unpack the data."
    ),
]
FOLDER = SHARED_DATA / "online-retail"
NOW, THEN = Period.of(date(2011, 6, 1), date(2011, 11, 30)), Period.of(date(2010, 12, 1), date(2011, 5, 31))
WHOLE = Period.of(date(2010, 12, 1), date(2011, 12, 31))


def net_by_account(rows: pd.DataFrame, period: Period) -> dict[str, int]:
    """Thousandths of a pound by customer, exact."""
    day = pd.to_datetime(rows.InvoiceDate)
    inside = rows[(day >= str(period.start)) & (day < str(period.end)) & rows.CustomerID.notna()]
    amount = (inside.UnitPrice.astype(float) * 1000).round().astype(int) * inside.Quantity.astype(int)
    return {
        str(key).removesuffix(".0"): int(value)
        for key, value in amount.groupby(inside.CustomerID).sum().items()
    }


@pytest.mark.usefixtures("sqlite_store")
def test_retention_movement_concentration_and_cohorts_of_a_real_year():
    packed = str(FOLDER / "online-retail-2010-2011.csv.zst")
    unpacked = subprocess.run(["zstd", "-dcq", packed], capture_output=True, check=True).stdout
    rows = pd.read_csv(io.BytesIO(unpacked), dtype=str)
    upload = importing.receive(io.BytesIO(unpacked), "online-retail.csv")
    wish = Options(columns=COLUMNS, missing_account="unassigned", create_missing=True)
    importing.apply(OPERATOR, BatchKind.ORDERS, upload, wish)
    importing.discard(upload)
    with db.read() as session:
        moved = movement.between(session, OPERATOR, NOW, THEN)
        shares = dependence.of(session, OPERATOR, WHOLE)
        cohorts = cohort.table(session, OPERATOR, WHOLE).cohorts
        names = [
            "net_revenue_retention",
            "gross_revenue_retention",
            "logo_retention",
            "hhi",
            "gini",
            "top_share",
        ]
        figures = {
            one.kpi.name: one.figure.value
            for one in kpis.compute(session, OPERATOR, names, NOW, kpis.Options(base=THEN))
        }

    _check_movement(moved, figures, net_by_account(rows, NOW), net_by_account(rows, THEN))
    _check_concentration(shares, net_by_account(rows, WHOLE))
    with (FOLDER / "truth" / "cohorts_month.csv").open(encoding="utf-8", newline="") as file:
        truth = {row.pop("cohort"): [int(value) for value in row.values()] for row in csv.DictReader(file)}
    found = {f"{one.start:%Y-%m}": [cell.accounts for cell in one.cells] for one in cohorts}
    assert {start: [*counts, *[0] * (13 - len(counts))] for start, counts in found.items()} == truth


def _check_movement(moved, figures, now, then):
    frame = pd.DataFrame({"now": pd.Series(now), "then": pd.Series(then)}).fillna(0).astype(int)
    base = frame[frame.then > 0]
    kept = base.now.clip(lower=0).clip(upper=base.then).sum()
    opening = int(base.then.sum())
    assert moved.retention.opening * 1000 == opening
    assert moved.retention.kept * 1000 == int(kept)
    for name, top, bottom in (
        ("net_revenue_retention", int(base.now.sum()), opening),
        ("gross_revenue_retention", int(kept), opening),
        ("logo_retention", int((base.now > 0).sum()), len(base)),
    ):
        assert figures[name] == Decimal(top) / Decimal(bottom), name
    change = base.now - base.then
    expected = {
        Kind.EXPANDED: change[(change > 0)].sum(),
        Kind.CONTRACTED: change[(change < 0) & (base.now > 0)].sum(),
        Kind.LOST: change[base.now <= 0].sum(),
    }
    for kind, amount in expected.items():
        assert moved.amount(kind) * 1000 == int(amount), kind
    won = frame[(frame.then <= 0) & (frame.now > 0)]
    assert (moved.amount(Kind.NEW) + moved.amount(Kind.REACTIVATED)) * 1000 == int((won.now - won.then).sum())


def _check_concentration(shares, whole):
    positive = sorted((value for value in whole.values() if value > 0), reverse=True)
    total = sum(positive)
    found = shares.concentration
    assert [int(one.amount * 1000) for one in shares.holders] == positive
    assert float(found.hhi) == pytest.approx(sum((value / total) ** 2 for value in positive) * 10_000)
    assert float(found.top_share(10)) == pytest.approx(sum(positive[:10]) / total)
    count = len(positive)
    ranked = sum(rank * value for rank, value in enumerate(reversed(positive), start=1))
    assert float(found.gini) == pytest.approx(2 * ranked / (count * total) - (count + 1) / count)
