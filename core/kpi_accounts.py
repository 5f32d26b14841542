"""KPIs about accounts: how many buy, how often, how much depends on few of them."""

from __future__ import annotations

from decimal import Decimal

from core.concentration import Concentration
from core.kpi_entries import Figure, Need, Slice, define, lines_of, summed
from core.language import N_
from core.money import ratio

_COUNTED = N_("counted from the order lines")
_HHI = N_(
    "Herfindahl-Hirschman index; its bands come from competition law and are only a convention for customers"
)
_SHARES = N_("shares of accounts with positive net revenue, as usual beside the Herfindahl-Hirschman index")
_REPEAT = N_("accounts with two or more orders in the window ÷ accounts with one or more")


@define(
    "accounts",
    label=N_("Accounts"),
    source=_COUNTED,
    question=N_("How many accounts had any order line?"),
    formula=N_("Accounts with an order line in the period, UNASSIGNED left out"),
    unit="count", direction="up", numerator=N_("accounts"), denominator="",
    needs=frozenset({Need.ACCOUNTS}), grain=N_("account"),
)  # fmt: skip
def _accounts(part: Slice) -> Figure:
    return summed(part, len(part.now), lines_of(part.now))


@define(
    "active_accounts",
    label=N_("Active accounts"),
    source=_COUNTED,
    question=N_("How many accounts bought?"),
    formula=N_("Accounts with positive net revenue in the period, UNASSIGNED left out"),
    unit="count", direction="up", numerator=N_("accounts with positive net revenue"), denominator="",
    needs=frozenset({Need.ACCOUNTS}), grain=N_("account"),
)  # fmt: skip
def _active_accounts(part: Slice) -> Figure:
    active = {account: sums for account, sums in part.now.items() if sums.net > 0}
    return summed(part, len(active), lines_of(active))


def _concentration(part: Slice) -> tuple[Concentration, int]:
    positive = {account: sums for account, sums in part.now.items() if sums.net > 0}
    return Concentration.of(sums.net for sums in positive.values()), lines_of(positive)


def _concentrated(value: Decimal | None, found: Concentration, rows: int) -> Figure:
    parts: dict[str, tuple[Decimal | None, str]] = {
        "net_revenue": (found.total, "money"),
        "accounts": (Decimal(len(found.amounts)), "count"),
    }
    return Figure(value, rows, parts)


@define(
    "hhi",
    label=N_("Concentration (HHI)"),
    source=_HHI,
    question=N_("How concentrated is net revenue on few accounts?"),
    formula=N_("Sum of the squared shares of accounts with positive net revenue × 10,000"),
    unit="index", direction="down", numerator=N_("squared net revenue"), denominator=N_("total squared"),
    needs=frozenset({Need.ACCOUNTS}), grain=N_("account"),
)  # fmt: skip
def _hhi(part: Slice) -> Figure:
    found, rows = _concentration(part)
    return _concentrated(found.hhi, found, rows)


@define(
    "effective_accounts",
    label=N_("Effective number of accounts"),
    source=_HHI,
    question=N_("How many accounts of one size would be as concentrated?"),
    formula=N_("10,000 ÷ HHI"),
    unit="index", direction="up", numerator=N_("total squared"), denominator=N_("squared net revenue"),
    needs=frozenset({Need.ACCOUNTS}), grain=N_("account"),
)  # fmt: skip
def _effective_accounts(part: Slice) -> Figure:
    found, rows = _concentration(part)
    return _concentrated(found.effective_accounts, found, rows)


@define(
    "top_share",
    label=N_("Share of the largest accounts"),
    source=_SHARES,
    question=N_("What share do the largest accounts bring?"),
    formula=N_("Net revenue of the largest accounts ÷ net revenue of all accounts with positive net revenue"),
    unit="ratio", direction="down", numerator=N_("the largest accounts"), denominator=N_("all accounts"),
    needs=frozenset({Need.ACCOUNTS}), grain=N_("account"),
)  # fmt: skip
def _top_share(part: Slice) -> Figure:
    found, rows = _concentration(part)
    figure = _concentrated(found.top_share(part.top), found, rows)
    return Figure(figure.value, rows, {"top": (found.top(part.top), "money"), **figure.parts})


@define(
    "gini",
    label=N_("Gini coefficient"),
    source=_SHARES,
    question=N_("How unequal are the accounts?"),
    formula=N_("Gini coefficient of the net revenue of accounts with positive net revenue"),
    unit="ratio", direction="down", numerator=N_("ranked net revenue"), denominator=N_("net revenue"),
    needs=frozenset({Need.ACCOUNTS}), grain=N_("account"),
)  # fmt: skip
def _gini(part: Slice) -> Figure:
    found, rows = _concentration(part)
    return _concentrated(found.gini, found, rows)


@define(
    "repeat_order_rate",
    label=N_("Repeat-order rate"),
    source=_REPEAT,
    question=N_("How many accounts ordered more than once?"),
    formula=N_("Accounts with two or more orders ÷ accounts with an order; returns alone are no order"),
    unit="ratio", direction="up", numerator=N_("accounts with two or more orders"),
    denominator=N_("accounts with an order"), needs=frozenset({Need.BUYERS, Need.ACCOUNTS}), grain=N_("account"),
)  # fmt: skip
def _repeat_order_rate(part: Slice) -> Figure:
    repeating = Decimal(sum(orders > 1 for orders in part.buyers))
    buying = Decimal(len(part.buyers))
    parts = {"accounts_repeating": (repeating, "count"), "accounts_buying": (buying, "count")}
    return Figure(ratio(repeating, buying), lines_of(part.now), parts)
