"""KPIs about what became of the accounts that bought before."""

from __future__ import annotations

from decimal import Decimal

from core.kpi_entries import BASE_WINDOW, Figure, Need, Slice, define, lines_of
from core.language import N_
from core.retention import Retention

_NRR = N_(
    "SaaS Metrics Standards Board, net revenue retention, taken over any two windows of orders instead of contracts"
)
_GRR = N_(
    "SaaS Metrics Standards Board, gross revenue retention, capped account by account; not a gross renewal rate"
)
_LOGO = N_("accounts kept ÷ accounts in the base window; the same base as the two revenue retentions")


def _retention(part: Slice) -> tuple[Retention, int]:
    then = {account: sums.net for account, sums in part.then.items()}
    now = {account: sums.net for account, sums in part.now.items()}
    base = {account for account, amount in then.items() if amount > 0}
    rows = lines_of({account: part.then[account] for account in base})
    rows += lines_of({account: sums for account, sums in part.now.items() if account in base})
    return Retention.between(then, now), rows


def _retained(value: Decimal | None, found: Retention, rows: int) -> Figure:
    return Figure(
        value,
        rows,
        {
            "opening": (found.opening, "money"),
            "kept": (found.kept, "money"),
            "closing": (found.closing, "money"),
            "accounts_base": (Decimal(found.accounts_base), "count"),
            "accounts_kept": (Decimal(found.accounts_kept), "count"),
        },
    )


@define(
    "net_revenue_retention",
    label=N_("Net revenue retention"),
    source=_NRR,
    question=N_("What became of the revenue of the accounts that bought before, growth included?"),
    formula=N_("Net revenue now ÷ net revenue then, over accounts with positive net revenue then"),
    unit="ratio", direction="up", numerator=N_("their net revenue now"), denominator=N_("their net revenue then"),
    needs=frozenset({Need.THEN}), grain=N_("account"), period_rule=BASE_WINDOW,
)  # fmt: skip
def _net_revenue_retention(part: Slice) -> Figure:
    found, rows = _retention(part)
    return _retained(found.net, found, rows)


@define(
    "gross_revenue_retention",
    label=N_("Gross revenue retention"),
    source=_GRR,
    question=N_("How much of the revenue of the accounts that bought before did we keep, growth left out?"),
    formula=N_("Sum of the smaller of then and now, never below zero ÷ net revenue then"),
    unit="ratio", direction="up", numerator=N_("what was kept"), denominator=N_("their net revenue then"),
    needs=frozenset({Need.THEN}), grain=N_("account"), period_rule=BASE_WINDOW,
)  # fmt: skip
def _gross_revenue_retention(part: Slice) -> Figure:
    found, rows = _retention(part)
    return _retained(found.gross, found, rows)


@define(
    "logo_retention",
    label=N_("Accounts retained"),
    source=_LOGO,
    question=N_("How many of the accounts that bought before still buy?"),
    formula=N_("Accounts with positive net revenue then and now ÷ accounts with positive net revenue then"),
    unit="ratio", direction="up", numerator=N_("accounts kept"), denominator=N_("accounts then"),
    needs=frozenset({Need.THEN}), grain=N_("account"), period_rule=BASE_WINDOW,
)  # fmt: skip
def _logo_retention(part: Slice) -> Figure:
    found, rows = _retention(part)
    return _retained(found.logo, found, rows)
