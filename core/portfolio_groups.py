"""The portfolio by group: the accounts of a chain or a buying group as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.money import ZERO
from core.revenue import Measures
from core.standings import Standing


def rolled_up(standings: Iterable[Standing]) -> list[Standing]:
    """The same by group; an account without a group stands for itself."""
    together: dict[str, list[Standing]] = {}
    found = []
    for row in standings:
        if row.group is None:
            found.append(row)
        else:
            together.setdefault(row.group, []).append(row)
    found.extend(_one_group(name, members) for name, members in together.items())
    return sorted(found, key=lambda standing: (-standing.now.net, standing.code))


def _one_group(name: str, members: list[Standing]) -> Standing:
    nothing = Measures(cost=None if members[0].now.cost is None else ZERO)
    wanted = [row.target for row in members if row.target is not None]
    orders = [row.last_order_on for row in members if row.last_order_on is not None]
    return Standing(
        account_id=None,
        code=name,
        name=name,
        is_unassigned=False,
        owner=_common(row.owner for row in members),
        tier=_common(row.tier for row in members),
        segment=_common(row.segment for row in members),
        region=_common(row.region for row in members),
        group=name,
        now=sum((row.now for row in members), nothing),
        before=sum((row.before for row in members), nothing),
        year_ago=sum((row.year_ago for row in members), nothing),
        months=tuple(sum(values) for values in zip(*(row.months for row in members), strict=True)),
        year=sum((row.year for row in members), ZERO),
        target=sum(wanted, ZERO) if wanted else None,
        last_order_on=max(orders, default=None),
        usual_gap_days=None,
        reasons=tuple(
            sorted(
                (replace(reason, account=row.name) for row in members for reason in row.reasons),
                key=lambda reason: -reason.amount,
            )
        ),
        account_count=len(members),
    )


def _common(values: Iterable[str | None]) -> str | None:
    """What all of them share, or nothing."""
    different = set(values)
    return different.pop() if len(different) == 1 else None
