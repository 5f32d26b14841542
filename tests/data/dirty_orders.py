"""Writes the dirty order file and what it must add up to, with plain Decimal and nothing of Utama.

Run `python tests/data/dirty_orders.py` to write both files anew; they are the same for the same seed.
"""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

HERE = Path(__file__).parent
LINES = 3_000
HEADER = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
]
COUNTRIES = ["United Kingdom", "EIRE", "RSA", "Unspecified", "European Community", "Malaysia", ""]
NAMES = [
    'WHITE "HEART" HOLDER', "SET 7 BABUSHKA, NESTING BOXES", "£2 GIFT BAG", "LANTERN   ", "CAFÉ CREAM", "?", "damages",
    "-", "", "=HYPERLINK(1)", "+SPECIAL", "two\nlines",
]  # fmt: skip
FOUR = Decimal("0.0001")


def rounded(value: Decimal) -> Decimal:
    return value.quantize(FOUR, rounding=ROUND_HALF_UP)


def quantity_text(dice: random.Random, quantity: int) -> str:
    """A quantity as different systems write it."""
    forms = [str(quantity), f"{quantity}.0", f" {quantity} "]
    if quantity < 0:
        forms += [f"({-quantity})", f"{-quantity}-", f"−{-quantity}"]
    if abs(quantity) >= 1000:
        forms += [f"{quantity:,}"] * 3
    return dice.choice(forms)


def price_text(dice: random.Random, price: Decimal) -> tuple[str, Decimal]:
    """A price as written, and what it is once rounded to four decimals."""
    form = dice.randrange(6)
    if form == 0 and price > 0:
        return f"£{price}", price
    if form == 1 and price > 0:
        return f"{price} GBP", price
    if form == 2 and price > 0 and "." in str(price):
        # What single-precision floats leave behind: 9.8 becomes 9.80000019.
        return f"{price}0000019", price
    if form == 3 and price >= 1:
        odd = price + Decimal("0.00005")
        return str(odd), rounded(odd)
    return str(price), price


def customer_text(dice: random.Random, customer: int | None) -> str:
    if customer is None:
        return dice.choice(["", "NULL", "nan", "-", "?", "   "])
    return dice.choice([f"{customer}.0", str(customer), f" {customer}.0"])


def build(seed: int = 20261) -> tuple[list[list[str]], dict[str, object]]:
    dice = random.Random(seed)
    rows: list[list[str]] = []
    totals: dict[str, object] = {}
    months: dict[str, Decimal] = defaultdict(Decimal)
    countries: dict[str, Decimal] = defaultdict(Decimal)
    orders: set[str] = set()
    customers: set[int] = set()
    products: set[str] = set()
    net = unassigned = returns = Decimal(0)
    pieces = 0
    heads = []
    for number in range(420):
        prefix = "C" if number % 9 == 0 else "A" if number % 140 == 1 else ""
        customer = None if dice.random() < 0.25 else 12_000 + dice.randrange(90)
        day = f"{2010 + (number // 210)}-{1 + number % 12:02d}-{1 + dice.randrange(28):02d}"
        heads.append((f"{prefix}{536_000 + number}", customer, day, dice.choice(COUNTRIES)))
    while len(rows) < LINES:
        order_no, customer, day, country = dice.choice(heads)
        quantity = dice.choice([1, 2, 6, 12, 48, 1_200, 80_995]) * (-1 if order_no[0] == "C" else 1)
        price = Decimal(dice.randrange(0, 1_995)) / 100
        if order_no[0] == "A":
            quantity, price = 1, Decimal("-11062.06")
        elif dice.random() < 0.05:
            price = Decimal(0)
        elif dice.random() < 0.1:
            price = Decimal(dice.randrange(1, 9_999)) / 1_000
        code = dice.choice(["85123", "22752", "POST", "M", "D", "BANK CHARGES", "gift_0001_20"])
        code += dice.choice(["", "A", "a", "B"]) if code[0].isdigit() else ""
        written, counted = price_text(dice, price)
        row = [
            f"{order_no}.0" if order_no.isdigit() and dice.random() < 0.1 else order_no,
            f" {code} " if dice.random() < 0.1 else code,
            dice.choice(NAMES),
            quantity_text(dice, quantity),
            f"{day} {dice.randrange(8, 20):02d}:{dice.randrange(60):02d}:00" if dice.random() < 0.8 else day,
            written,
            customer_text(dice, customer),
            country,
        ]
        for _repeat in range(2 if dice.random() < 0.02 and len(rows) < LINES - 1 else 1):
            rows.append(row)
            amount = rounded(quantity * counted)
            net += amount
            pieces += quantity
            months[day[:7]] += amount
            countries[country] += amount
            orders.add(order_no)
            products.add(code)
            if quantity < 0:
                returns += amount
            if customer is None:
                unassigned += amount
            else:
                customers.add(customer)
    totals = {
        "lines": len(rows),
        "orders": len(orders),
        "accounts": len(customers),
        "products": len(products),
        "quantity": str(pieces),
        "net": str(net),
        "returns": str(returns),
        "unassigned": str(unassigned),
        "by_month": {month: str(amount) for month, amount in sorted(months.items())},
        "by_country": {country: str(amount) for country, amount in sorted(countries.items())},
    }
    return rows, totals


def main() -> None:
    rows, totals = build()
    with (HERE / "dirty-orders.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(HEADER)
        for number, row in enumerate(rows):
            if number % 500 == 250:
                writer.writerow([""] * len(HEADER))  # a blank row is not read
            writer.writerow(row)
    (HERE / "dirty-orders.json").write_text(
        json.dumps(totals, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
