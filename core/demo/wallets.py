"""What the demo company's accounts spend with everybody: said by some, modelled for others, unknown of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.demo.company import DemoAccount
from core.demo.rows import Ids, morning
from core.demo.scene import Scene
from core.models import Product, RevenueCell, Wallet
from core.periods import add_months, first_of_month
from core.vocabulary import WalletBasis

_WALLETS = 401  # its stream of random numbers
_THOUSAND = Decimal(1000)
_CATEGORIES = 3  # the largest categories of an account that are estimated one by one

# What the size of a segment is counted in, and about how many units a million of yearly revenue stands for.
_DRIVERS = {
    "Retail chain": ("outlets", 4),
    "Convenience": ("outlets", 30),
    "Distributor": ("shops served", 160),
    "Hotel": ("rooms", 220),
    "Food service": ("meals a day", 900),
    "Export": ("shops served", 60),
    "E-commerce": ("active customers", 9000),
}


def wallets(session: Session, scene: Scene, ids: Ids) -> int:
    """Estimates of about two accounts in three; returns how many."""
    sold = _sold(session, scene)
    rows = []
    for place, account in enumerate(scene.company.accounts):
        account_id = ids.accounts[place]
        sales = sold.get(account_id)
        if sales:
            random = np.random.default_rng([scene.seed, _WALLETS, place])
            rows += [
                Wallet(account_id=account_id, **one) for one in _of(scene, account, sales, random, place)
            ]
    session.add_all(rows)
    session.flush()
    return len(rows)


def _sold(session: Session, scene: Scene) -> dict[int, dict[int, Decimal]]:
    """Net revenue of the last twelve finished months by account and category."""
    end = first_of_month(scene.calendar.today)
    net = func.sum(RevenueCell.net_amount)
    query = (
        select(RevenueCell.account_id, Product.category_id, net)
        .join(Product, Product.id == RevenueCell.product_id)
        .where(RevenueCell.month >= add_months(end, -12), RevenueCell.month < end)
        .group_by(RevenueCell.account_id, Product.category_id)
        .having(net > 0)
    )
    found: dict[int, dict[int, Decimal]] = {}
    for account_id, category_id, amount in session.execute(query):
        if category_id is not None:
            found.setdefault(account_id, {})[category_id] = amount
    return found


def _of(
    scene: Scene, account: DemoAccount, sales: dict[int, Decimal], random: np.random.Generator, place: int
) -> Iterator[dict[str, Any]]:
    """What is known of one account's spend; the account of the story `growth` has outgrown what it once said."""
    total = sum(sales.values(), Decimal(0))
    spend = total * Decimal(str(round(1.25 + float(random.gamma(2.0, 0.7)), 3)))
    if account.story == "growth":
        spend = total * Decimal("0.92")
    if place % 3 != 2:
        yield _declared(scene, account, spend, random, None)
    if place % 4 in (1, 2):
        yield _modelled(scene, account, spend, random)
    if place % 5 == 3:
        yield _ranked(scene, account, random, None)
    if place % 3 == 0:
        largest = sorted(sales, key=lambda key: (-sales[key], key))[:_CATEGORIES]
        for category_id in largest:
            factor = Decimal(str(round(1.1 + float(random.gamma(2.0, 0.6)), 3)))
            if random.random() < 0.7:
                yield _declared(scene, account, sales[category_id] * factor, random, category_id)
            else:
                yield _ranked(scene, account, random, category_id)


def _base(
    scene: Scene, account: DemoAccount, random: np.random.Generator, category_id: int | None
) -> dict[str, Any]:
    day = scene.calendar.today - timedelta(days=20 + int(random.integers(0, 300)))
    return {
        "category_id": category_id, "valid_from": day, "recorded_at": morning(day), "recorded_by": account.owner,
        "amount": None, "driver": "", "driver_count": None, "unit_amount": None, "low_amount": None,
        "high_amount": None, "rank": None, "suppliers": None, "said_by": "", "source": "", "superseded_at": None,
    }  # fmt: skip


def _declared(
    scene: Scene, account: DemoAccount, spend: Decimal, random: np.random.Generator, category_id: int | None
) -> dict[str, Any]:
    amount = _thousands(spend)
    reach = Decimal(str(round(0.08 + 0.12 * float(random.random()), 2)))
    return {
        **_base(scene, account, random, category_id),
        "basis": WalletBasis.DECLARED,
        "amount": amount,
        "low_amount": _thousands(amount * (1 - reach)),
        "high_amount": _thousands(amount * (1 + reach)),
        "said_by": "Head of purchasing" if category_id is None else "Category manager",
        "source": "Yearly talk",
    }


def _modelled(
    scene: Scene, account: DemoAccount, spend: Decimal, random: np.random.Generator
) -> dict[str, Any]:
    driver, per_million = _DRIVERS.get(account.segment, ("outlets", 10))
    count = Decimal(
        max(1, round(account.revenue / 1_000_000 * per_million * (0.8 + 0.4 * float(random.random()))))
    )
    wide = spend * Decimal(str(round(0.85 + 0.4 * float(random.random()), 2)))
    unit = max(Decimal(1), (wide / count).quantize(Decimal(1)))
    return {
        **_base(scene, account, random, None),
        "basis": WalletBasis.MODELLED,
        "driver": driver,
        "driver_count": count,
        "unit_amount": unit,
        "low_amount": (unit * count * Decimal("0.7")).quantize(Decimal(1)),
        "high_amount": (unit * count * Decimal("1.3")).quantize(Decimal(1)),
        "source": "Own count, spend for each from the trade panel",
    }


def _ranked(
    scene: Scene, account: DemoAccount, random: np.random.Generator, category_id: int | None
) -> dict[str, Any]:
    suppliers = int(random.integers(2, 6))
    return {
        **_base(scene, account, random, category_id),
        "basis": WalletBasis.ALLOCATED,
        "suppliers": suppliers,
        "rank": int(random.integers(1, suppliers + 1)),
        "source": "Shelf check",
    }


def _thousands(amount: Decimal) -> Decimal:
    """A figure as people say it: to the nearest thousand, and never nothing."""
    return max(_THOUSAND, (amount / _THOUSAND).quantize(Decimal(1)) * _THOUSAND)
