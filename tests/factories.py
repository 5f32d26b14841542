"""Rows for tests: what matters is said by the test, the rest is plausible."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.auth import Actor
from core.models import (
    Account,
    Category,
    Order,
    OrderLine,
    Product,
    Region,
    User,
    UserGrant,
    UserRegion,
    UserRole,
)
from core.money import round_money
from core.vocabulary import Permission, Role

_numbers = itertools.count(1)


def user(
    session: Session,
    username: str,
    *roles: Role,
    grants: Sequence[Permission] = (),
    regions: Sequence[Region] = (),
    **values: Any,
) -> User:
    row = User(
        username=username, name=username.capitalize(), password_hash=None, created_at=clock.now(), **values
    )
    row.roles = [UserRole(role=role) for role in roles]
    row.grants = [UserGrant(permission=permission) for permission in grants]
    row.regions = [UserRegion(region_id=region.id) for region in regions]
    session.add(row)
    session.flush()
    return row


def region(session: Session, name: str) -> Region:
    row = session.scalar(select(Region).where(Region.name == name)) or Region(name=name)
    session.add(row)
    session.flush()
    return row


def account(session: Session, owner: Actor | None = None, code: str | None = None, **values: Any) -> Account:
    code = code or f"A{next(_numbers):04d}"
    row = Account(
        code=code,
        name=values.pop("name", f"Account {code}"),
        owner_id=owner.user_id if owner else None,
        created_at=clock.now(),
        **values,
    )
    session.add(row)
    session.flush()
    return row


def product(
    session: Session, code: str | None = None, *, category: str | None = None, **values: Any
) -> Product:
    code = code or f"P{next(_numbers):04d}"
    row = Product(code=code, name=values.pop("name", f"Product {code}"), created_at=clock.now(), **values)
    if category is not None:
        row.category = session.scalar(select(Category).where(Category.name == category)) or Category(
            name=category
        )
    session.add(row)
    session.flush()
    return row


def line(
    session: Session,
    account_row: Account,
    product_row: Product,
    booked_on: date,
    *,
    quantity: str = "1",
    list_price: str = "10",
    net_price: str | None = None,
    unit_cost: str | None = None,
    order_no: str | None = None,
    line_no: int = 1,
    **values: Any,
) -> OrderLine:
    """One order line in the base currency; the caller adds it to the rollups (`rollups.rebuild`)."""
    order_no = order_no or f"SO{next(_numbers):05d}"
    count = Decimal(quantity)
    net = Decimal(net_price if net_price is not None else list_price)
    row = OrderLine(
        account_id=account_row.id,
        order_no=order_no,
        line_no=line_no,
        product_id=product_row.id,
        ordered_on=values.pop("ordered_on", booked_on),
        first_promised_on=values.pop("first_promised_on", values.get("promised_on")),
        booked_on=booked_on,
        booked_month=booked_on.replace(day=1),
        quantity=count,
        country=values.pop("country", ""),
        currency="MYR",
        fx_rate=Decimal(1),
        list_price=Decimal(list_price),
        net_price=net,
        unit_cost=Decimal(unit_cost) if unit_cost is not None else None,
        gross_amount=round_money(count * Decimal(list_price)),
        net_amount=round_money(count * net),
        cost_amount=round_money(count * Decimal(unit_cost)) if unit_cost is not None else None,
        **values,
    )
    session.add(row)
    order = session.get(Order, (account_row.id, order_no))
    if order is None:
        session.add(
            Order(
                account_id=account_row.id,
                order_no=order_no,
                ordered_on=row.ordered_on,
                line_count=1,
                net_amount=row.net_amount,
            )
        )
    else:
        order.line_count += 1
        order.net_amount += row.net_amount
    session.flush()
    return row
