from __future__ import annotations

from pathlib import Path

import pytest

from core.importing import FIELDS, fields
from core.vocabulary import BatchKind
from tests.core.importing.bringing import bring, counts

TEMPLATES = Path(__file__).parents[3] / "data" / "templates"


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("InvoiceNo", "order_no"), ("Invoice No.", "order_no"), ("Bil. Pesanan", "order_no"), ("Tarikh", "ordered_on"),
        ("CustomerID", "account"), ("Kod Pelanggan", "account"), ("StockCode", "product"), ("Kod Barang", "product"),
        ("Qty", "quantity"), ("Kuantiti", "quantity"), ("Unit Price", "unit_price"), ("Harga Unit", "unit_price"),
        ("Description", "product_name"), ("Negara", "country"), ("ORDER_NO", "order_no"),
    ],
)  # fmt: skip
def test_headers_of_other_systems_are_recognised_in_english_and_malay(header, field):
    assert fields.matched(BatchKind.ORDERS, (header,)) == {field: header}


def test_a_header_is_matched_once_and_a_fields_own_name_comes_first():
    matched = fields.matched(BatchKind.ORDERS, ("price", "unit_price", "Date", "ordered_on"))

    assert matched == {"unit_price": "unit_price", "ordered_on": "ordered_on"}


def test_the_fields_of_each_kind_are_those_of_the_documentation():
    required = {kind.value: [field.name for field in FIELDS[kind] if field.required] for kind in FIELDS}

    assert required == {
        "orders": ["order_no", "ordered_on", "account", "product", "quantity"],
        "accounts": ["code"],
        "products": ["code"],
        "targets": ["account", "month", "net_revenue"],
        "receivables": ["account", "invoice_no", "due_on", "amount", "open_amount"],
        "terms": ["kind", "value", "valid_from"],
        "lump_sums": ["account", "kind", "amount", "valid_from", "valid_to", "reason"],
        "floors": ["valid_from", "reason"],
        "competitor_claims": ["competitor", "statement", "observed_on", "source_kind"],
        "loyalty": ["account", "posted_on", "kind", "points", "key"],
    }


@pytest.mark.usefixtures("sqlite_store")
def test_each_template_has_every_field_and_can_be_imported_as_it_is():
    for kind in (
        "accounts",
        "products",
        "targets",
        "receivables",
        "terms",
        "lump_sums",
        "floors",
        "competitor_claims",
        "loyalty",
        "orders",
    ):
        text = (TEMPLATES / f"{kind}.csv").read_text(encoding="utf-8")
        assert set(text.splitlines()[0].split(",")) == {field.name for field in FIELDS[BatchKind(kind)]}

        check = bring(kind, text, create_missing=True).check

        assert counts(check) == (check.read, check.read, 0, 0, 0)
