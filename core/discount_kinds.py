"""What an on-invoice discount is made of: how much of it each kind of term explains, and what no term explains.

Each order line has the price that the terms give. What was taken off the line is laid on the layers of that price as
far as it reaches: where less was given than the terms grant, all layers count for less alike; where more was given,
the rest is not explained by a term. A special price takes off what lies between it and the line's own list price.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy.orm import Session

from core import auth, priced_lines
from core.auth import Actor
from core.filters import ALL_ACCOUNTS, AccountFilter
from core.money import ZERO, round_money
from core.periods import Period
from core.priced_lines import PricedLine
from core.vocabulary import Permission, TermKind

KINDS = (TermKind.SPECIAL_PRICE, TermKind.DISCOUNT, TermKind.QUANTITY_TIER, TermKind.PROMOTION)


def explained(
    session: Session, actor: Actor, period: Period, accounts: AccountFilter = ALL_ACCOUNTS
) -> dict[TermKind, Decimal]:
    """Money by kind of term, in the order of `KINDS`; kinds that gave nothing are left out."""
    auth.require(actor, Permission.TERM_READ)
    found = sums(priced_lines.of(session, actor, period, accounts))
    return {kind: found[kind] for kind in KINDS if found.get(kind)}


def sums(lines: Iterable[PricedLine]) -> dict[TermKind, Decimal]:
    found: dict[TermKind, Decimal] = {}
    for line in lines:
        for kind, amount in of_line(line):
            found[kind] = found.get(kind, ZERO) + amount
    return found


def of_line(line: PricedLine) -> list[tuple[TermKind, Decimal]]:
    """What each layer of the line's price explains of what was taken off the line."""
    given = line.gross - line.net
    granted = [
        (layer.offer.kind, _granted(line, layer.offer.kind, layer.amount)) for layer in line.price.layers
    ]
    total = sum((amount for _kind, amount in granted), ZERO)
    if not given or not total or (given > 0) != (total > 0):
        return []
    if abs(total) <= abs(given):
        return granted
    return [(kind, round_money(amount * given / total)) for kind, amount in granted]


def _granted(line: PricedLine, kind: TermKind, amount: Decimal | None) -> Decimal:
    if kind is TermKind.SPECIAL_PRICE and line.price.net_price is not None:
        return line.gross - round_money(line.price.net_price * line.quantity)
    return ZERO if amount is None else round_money(amount * line.quantity)
