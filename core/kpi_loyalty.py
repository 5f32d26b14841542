"""KPIs about loyalty points and tiers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from core.kpi_entries import Figure, Need, Slice, define
from core.language import N_
from core.loyalty.sums import AccountPoints
from core.money import ZERO, ratio

_NEEDS = frozenset({Need.LOYALTY})
_ENTRIES = N_("entries of the ledger")
_LEDGER = N_("ledger entry")
_POSTED = N_("the day of the entry")
_ESTIMATE = N_("management estimate, not accounting (Zinrelo, accounting for the liability of rewards)")


def _sum(rows: Iterable[AccountPoints], name: str) -> Decimal:
    return sum((getattr(one, name) or ZERO for one in rows), ZERO)


def _points(part: Slice, name: str) -> Figure:
    """A sum of points; unknown where no account has any."""
    known = [one for one in part.points if one.entries or one.outstanding]
    names = ("issued", "redeemed", "expired", "reversed", "outstanding")
    parts: dict[str, tuple[Decimal | None, str]] = {one: (_sum(known, one), "quantity") for one in names}
    return Figure(_sum(known, name) if known else None, sum(one.entries for one in known), parts)


@define(
    "loyalty_points_issued",
    label=N_("Loyalty points issued"),
    question=N_("How many points did accounts get?"),
    formula=N_("Σ points of earning entries, bonuses and upward adjustments"),
    unit="quantity", direction="none", numerator=N_("points issued"), denominator="", source=_LEDGER, needs=_NEEDS,
    grain=_LEDGER, period_rule=_POSTED, rows_of=_ENTRIES,
)  # fmt: skip
def _issued(part: Slice) -> Figure:
    return _points(part, "issued")


@define(
    "loyalty_points_redeemed",
    label=N_("Loyalty points redeemed"),
    question=N_("How many points did accounts spend?"),
    formula=N_("Σ points of redemptions"),
    unit="quantity", direction="up", numerator=N_("points redeemed"), denominator="", source=_LEDGER, needs=_NEEDS,
    grain=_LEDGER, period_rule=_POSTED, rows_of=_ENTRIES,
)  # fmt: skip
def _redeemed(part: Slice) -> Figure:
    return _points(part, "redeemed")


@define(
    "loyalty_points_expired",
    label=N_("Loyalty points expired"),
    question=N_("How many points lapsed unspent?"),
    formula=N_("Σ points of lots whose last day was over"),
    unit="quantity", direction="down", numerator=N_("points expired"), denominator="", source=_LEDGER, needs=_NEEDS,
    grain=_LEDGER, period_rule=_POSTED, rows_of=_ENTRIES,
)  # fmt: skip
def _expired(part: Slice) -> Figure:
    return _points(part, "expired")


@define(
    "loyalty_points_outstanding",
    label=N_("Loyalty points outstanding"),
    question=N_("How many points can still be spent?"),
    formula=N_("Issued − redeemed − expired − reversed, of all entries up to the end of the period"),
    unit="quantity", direction="none", numerator=N_("points outstanding"), denominator="", source=_LEDGER,
    needs=_NEEDS, grain=_LEDGER, period_rule=N_("the last day of the period"), rows_of=_ENTRIES,
)  # fmt: skip
def _outstanding(part: Slice) -> Figure:
    return _points(part, "outstanding")


@define(
    "loyalty_redemption_rate",
    label=N_("Redemption rate"),
    question=N_("How much of what was issued has been spent?"),
    formula=N_("Points of lots issued in the period that were redeemed since ÷ points of these lots"),
    unit="ratio", direction="up", numerator=N_("redeemed of the cohort"), denominator=N_("issued to the cohort"),
    source=N_("by cohort of issue, since growth would hide what lapses"), needs=_NEEDS, grain=N_("lot of points"),
    period_rule=N_("the day on which the points were earned"), rows_of=_ENTRIES,
)  # fmt: skip
def _redemption_rate(part: Slice) -> Figure:
    issued, redeemed = _sum(part.points, "cohort_issued"), _sum(part.points, "cohort_redeemed")
    parts: dict[str, tuple[Decimal | None, str]] = {
        "issued": (issued, "quantity"),
        "redeemed": (redeemed, "quantity"),
    }
    return Figure(ratio(redeemed, issued), sum(one.entries for one in part.points), parts)


@define(
    "loyalty_breakage",
    label=N_("Breakage"),
    question=N_("How much of what is outstanding will never be spent?"),
    formula=N_("1 − the share of outstanding points that will be redeemed, as the programmes expect"),
    unit="ratio", direction="none", numerator=N_("points that will lapse"), denominator=N_("points outstanding"),
    source=_ESTIMATE, needs=_NEEDS, grain=N_("account"), period_rule=N_("the last day of the period"),
    rows_of=_ENTRIES,
)  # fmt: skip
def _breakage(part: Slice) -> Figure:
    known = [one for one in part.points if one.expected is not None]
    outstanding, expected = _sum(known, "outstanding"), _sum(known, "expected")
    parts: dict[str, tuple[Decimal | None, str]] = {
        "outstanding": (outstanding, "quantity"),
        "expected": (expected, "quantity"),
    }
    return Figure(ratio(outstanding - expected, outstanding), sum(one.entries for one in known), parts)


@define(
    "loyalty_liability",
    label=N_("Loyalty liability"),
    question=N_("What will the outstanding points cost us?"),
    formula=N_("Outstanding points × share that will be redeemed × cost of a point, of accounts in a programme"),
    unit="money", direction="down", numerator=N_("expected cost of outstanding points"), denominator="",
    source=_ESTIMATE, needs=_NEEDS, grain=N_("account"), period_rule=N_("the last day of the period"),
    rows_of=_ENTRIES,
)  # fmt: skip
def _liability(part: Slice) -> Figure:
    known = [one for one in part.points if one.liability is not None]
    parts: dict[str, tuple[Decimal | None, str]] = {"outstanding": (_sum(known, "outstanding"), "quantity")}
    return Figure(_sum(known, "liability") if known else None, sum(one.entries for one in known), parts)


@define(
    "loyalty_revenue_share",
    label=N_("Share of revenue in the programme"),
    question=N_("How much of net revenue comes from accounts in a loyalty programme?"),
    formula=N_("Net revenue on days on which the account was in a programme ÷ net revenue of all accounts"),
    unit="ratio", direction="up", numerator=N_("net revenue in a programme"), denominator=N_("net revenue"),
    source=N_("own definition; UNASSIGNED is left out"), needs=_NEEDS, grain=N_("account and day"),
)  # fmt: skip
def _revenue_share(part: Slice) -> Figure:
    inside, total = _sum(part.points, "revenue"), _sum(part.points, "all_revenue")
    parts: dict[str, tuple[Decimal | None, str]] = {
        "in_programme": (inside, "money"),
        "net_revenue": (total, "money"),
    }
    return Figure(ratio(inside, total), part.sums.lines, parts)


@define(
    "loyalty_tier_migration",
    label=N_("Tier migration"),
    question=N_("Do more accounts rise to a higher loyalty tier than fall?"),
    formula=N_("(Accounts whose tier rose − accounts whose tier fell) ÷ accounts in a programme on both days"),
    unit="ratio", direction="up", numerator=N_("risen less fallen"), denominator=N_("accounts in a programme"),
    source=N_("own definition: the day before the period against its last day"), needs=_NEEDS, grain=N_("account"),
    period_rule=N_("the day before the period, and its last day"), rows_of=_ENTRIES,
)  # fmt: skip
def _tier_migration(part: Slice) -> Figure:
    steps = [one.step for one in part.points if one.step is not None]
    up, down = sum(step > 0 for step in steps), sum(step < 0 for step in steps)
    parts: dict[str, tuple[Decimal | None, str]] = {
        "up": (Decimal(up), "count"),
        "down": (Decimal(down), "count"),
        "stayed": (Decimal(steps.count(0)), "count"),
    }
    net = ratio(Decimal(up - down), Decimal(len(steps)) if steps else None)
    return Figure(net, sum(one.entries for one in part.points), parts)
