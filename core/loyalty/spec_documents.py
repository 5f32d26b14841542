"""Programmes' specifications as documents: read, and checked field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from core.errors import Invalid
from core.language import _
from core.loyalty.specs import Benefits, Multiplier, Reward, Spec, TierSpec
from core.loyalty_vocabulary import (
    DowngradePolicy,
    EarningBasis,
    LotExpiry,
    PointRounding,
    QualifyingBasis,
    TierFactor,
    TierWindow,
)

_Choice = TypeVar("_Choice", bound=StrEnum)
_ONE = Decimal(1)
_LARGEST = Decimal(10) ** 9


def parse(document: Mapping[str, Any]) -> Spec:
    """The specification that a document says; raises Invalid with a sentence for each field that is wrong."""
    reading = _Reading(document)
    spec = reading.spec()
    problems = {**_problems(spec), **reading.problems}
    if problems:
        raise Invalid(_("Some of the programme's fields need another look."), fields=problems)
    return spec


class _Reading:
    """Reads a document field by field, noting what is wrong where."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.problems: dict[str, str] = {}
        self._document = document
        self._known(document, "", _SECTIONS)

    def spec(self) -> Spec:
        earning, tiers = self._section("earning"), self._section("tiers")
        expiry, whole = self._section("expiry"), self._document
        usual = Spec()
        return Spec(
            basis=self._choice(earning, "earning.basis", EarningBasis, usual.basis),
            points_per=self._number(earning, "earning.points_per", usual.points_per),
            rounding=self._choice(earning, "earning.rounding", PointRounding, usual.rounding),
            round_to=self._number(earning, "earning.round_to", usual.round_to, places=3),
            multipliers=self._multipliers(earning, "earning.multipliers", campaign=False),
            campaigns=self._multipliers(earning, "earning.campaigns", campaign=True),
            pending_days=self._whole(earning, "earning.pending_days", usual.pending_days),
            qualifying=self._choice(tiers, "tiers.qualifying", QualifyingBasis, usual.qualifying),
            window=self._choice(tiers, "tiers.window", TierWindow, usual.window),
            tier_factor=self._choice(tiers, "tiers.factor", TierFactor, usual.tier_factor),
            grace_days=self._whole(tiers, "tiers.grace_days", usual.grace_days),
            downgrade=self._choice(tiers, "tiers.downgrade", DowngradePolicy, usual.downgrade),
            tiers=self._tiers(tiers),
            expiry=self._choice(expiry, "expiry.kind", LotExpiry, usual.expiry),
            expiry_months=self._whole(expiry, "expiry.months", usual.expiry_months),
            rewards=self._rewards(whole),
            bonuses={
                str(name): self._number(
                    {f"bonuses.{name}".rpartition(".")[2]: points}, f"bonuses.{name}", Decimal(0), places=3
                )
                for name, points in self._section("bonuses").items()
            },
            point_cost=self._number(whole, "point_cost", usual.point_cost, places=6),
            redemption_rate=self._number(whole, "redemption_rate", usual.redemption_rate, places=6),
            adjust_limit=self._number(whole, "adjust_limit", usual.adjust_limit, places=3),
        )

    def _known(self, found: Mapping[str, Any], where: str, names: Iterable[str]) -> None:
        for name in set(found) - set(names):
            self.problems[f"{where}{name}"] = _("There is no such field in a programme.")

    def _section(self, name: str) -> Mapping[str, Any]:
        found = self._document.get(name, {})
        if not isinstance(found, Mapping):
            self.problems[name] = _("Give this part as names with values.")
            return {}
        if name in _FIELDS:
            self._known(found, f"{name}.", _FIELDS[name])
        return found

    def _list(self, found: Mapping[str, Any], where: str) -> list[Mapping[str, Any]]:
        rows = found.get(where.rpartition(".")[2], [])
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            self.problems[where] = _("Give this part as a list of rows.")
            return []
        return rows

    def _number(self, found: Mapping[str, Any], where: str, usual: Decimal, *, places: int = 6) -> Decimal:
        value = found.get(where.rpartition(".")[2], usual)
        try:
            if isinstance(value, (bool, float)):
                value = str(value)
            number = Decimal(value)
        except (InvalidOperation, TypeError, ValueError):
            number = Decimal("NaN")
        if not number.is_finite() or abs(number) >= _LARGEST or round(number, places) != number:
            self.problems[where] = _("Give a number with at most {places} decimals.").format(places=places)
            return usual
        return number

    def _whole(self, found: Mapping[str, Any], where: str, usual: int) -> int:
        number = self._number(found, where, Decimal(usual), places=0)
        if not 0 <= number <= 1200:
            self.problems[where] = _("Give a whole number from 0 to 1200.")
            return usual
        return int(number)

    def _choice(self, found: Mapping[str, Any], where: str, kind: type[_Choice], usual: _Choice) -> _Choice:
        value = found.get(where.rpartition(".")[2], usual.value)
        if value not in {one.value for one in kind}:
            known = ", ".join(one.value for one in kind)
            self.problems[where] = _("Choose one of these: {known}.").format(known=known)
            return usual
        return kind(value)

    def _day(self, found: Mapping[str, Any], where: str) -> date | None:
        value = found.get(where.rpartition(".")[2])
        try:
            return None if value is None else date.fromisoformat(str(value))
        except ValueError:
            self.problems[where] = _("Give a day as year-month-day.")
            return None

    def _multipliers(self, found: Mapping[str, Any], where: str, *, campaign: bool) -> tuple[Multiplier, ...]:
        rows = []
        for place, row in enumerate(self._list(found, where)):
            at = f"{where}.{place}"
            self._known(row, f"{at}.", _MULTIPLIER)
            rows.append(
                Multiplier(
                    factor=self._number(row, f"{at}.factor", _ONE, places=2),
                    product=_optional(row.get("product")),
                    category=_optional(row.get("category")),
                    name=str(row.get("name", "")).strip(),
                    first_on=self._day(row, f"{at}.first_on"),
                    last_on=self._day(row, f"{at}.last_on"),
                )
            )
            dated = rows[-1].first_on is not None and rows[-1].last_on is not None
            if campaign and not dated:
                self.problems.setdefault(f"{at}.first_on", _("A campaign has a first and a last day."))
        return tuple(rows)

    def _tiers(self, found: Mapping[str, Any]) -> tuple[TierSpec, ...]:
        return tuple(
            TierSpec(
                name=str(row.get("name", "")).strip(),
                threshold=self._number(row, f"tiers.steps.{place}.threshold", Decimal(0), places=3),
                factor=self._number(row, f"tiers.steps.{place}.factor", _ONE, places=2),
                benefits=self._benefits(row.get("benefits", {}), f"tiers.steps.{place}.benefits"),
            )
            for place, row in enumerate(self._list(found, "tiers.steps"))
        )

    def _benefits(self, found: Any, where: str) -> Benefits:
        if not isinstance(found, Mapping):
            self.problems[where] = _("Give this part as names with values.")
            return Benefits()
        self._known(found, f"{where}.", _BENEFITS)
        return Benefits(
            discount_rate=self._number(found, f"{where}.discount_rate", Decimal(0)),
            service_level=str(found.get("service_level", "")).strip(),
            rebate_rate=self._number(found, f"{where}.rebate_rate", Decimal(0)),
            free_freight=found.get("free_freight") is True,
            marketing_amount=self._number(found, f"{where}.marketing_amount", Decimal(0), places=4),
        )

    def _rewards(self, found: Mapping[str, Any]) -> tuple[Reward, ...]:
        return tuple(
            Reward(
                name=str(row.get("name", "")).strip(),
                points=self._number(row, f"rewards.{place}.points", Decimal(0), places=3),
                cost=self._number(row, f"rewards.{place}.cost", Decimal(0), places=4),
            )
            for place, row in enumerate(self._list(found, "rewards"))
        )


def _optional(value: Any) -> str | None:
    text = "" if value is None else str(value).strip()
    return text or None


_SECTIONS = (
    "earning",
    "tiers",
    "expiry",
    "rewards",
    "bonuses",
    "point_cost",
    "redemption_rate",
    "adjust_limit",
)
_FIELDS = {
    "earning": ("basis", "points_per", "rounding", "round_to", "multipliers", "campaigns", "pending_days"),
    "tiers": ("qualifying", "window", "factor", "grace_days", "downgrade", "steps"),
    "expiry": ("kind", "months"),
}
_MULTIPLIER = ("name", "product", "category", "factor", "first_on", "last_on")
_BENEFITS = ("discount_rate", "service_level", "rebate_rate", "free_freight", "marketing_amount")


def _problems(spec: Spec) -> dict[str, str]:
    """What fits the form and still makes no programme."""
    above = {"earning.points_per": spec.points_per, "earning.round_to": spec.round_to}
    least = {"point_cost": spec.point_cost, "adjust_limit": spec.adjust_limit}
    least |= {f"bonuses.{name}": value for name, value in spec.bonuses.items()}
    found = {name: _("Give a number above zero.") for name, value in above.items() if value <= 0}
    found |= {name: _("Give a number of zero or more.") for name, value in least.items() if value < 0}
    if not 0 <= spec.redemption_rate <= 1:
        found["redemption_rate"] = _("Give a share from 0 to 1.")
    for name, rows in (("multipliers", spec.multipliers), ("campaigns", spec.campaigns)):
        for place, one in enumerate(rows):
            found |= _of_multiplier(f"earning.{name}.{place}", one)
    found |= _of_tiers(spec.tiers)
    if spec.expiry is not LotExpiry.NEVER and spec.expiry_months < 1:
        found["expiry.months"] = _("Give at least one month.")
    return found | _of_rewards(spec.rewards)


def _of_rewards(rewards: tuple[Reward, ...]) -> dict[str, str]:
    found = {}
    names = [one.name for one in rewards]
    for place, reward in enumerate(rewards):
        if not reward.name or names.count(reward.name) > 1:
            found[f"rewards.{place}.name"] = _("Give each reward a name of its own.")
        if reward.points <= 0 or reward.cost < 0:
            found[f"rewards.{place}.points"] = _("A reward takes points, and its cost is zero or more.")
    return found


def _of_multiplier(where: str, one: Multiplier) -> dict[str, str]:
    if one.product is not None and one.category is not None:
        return {f"{where}.product": _("Give a product or a category, not both.")}
    if not 0 <= one.factor <= 100:
        return {f"{where}.factor": _("Give a factor from 0 to 100.")}
    if one.first_on is not None and one.last_on is not None and one.last_on < one.first_on:
        return {f"{where}.last_on": _("The last day is the first one or a later one.")}
    return {}


def _of_tiers(tiers: tuple[TierSpec, ...]) -> dict[str, str]:
    found = {}
    names = [tier.name for tier in tiers]
    for place, tier in enumerate(tiers):
        where = f"tiers.steps.{place}"
        if not tier.name or names.count(tier.name) > 1:
            found[f"{where}.name"] = _("Give each tier a name of its own.")
        if tier.threshold < 0 or (place and tier.threshold <= tiers[place - 1].threshold):
            found[f"{where}.threshold"] = _("Each tier needs more than the one below it.")
        if not 0 < tier.factor <= 100:
            found[f"{where}.factor"] = _("Give a factor above 0, at most 100.")
        if not 0 <= tier.benefits.discount_rate < 1 or not 0 <= tier.benefits.rebate_rate < 1:
            found[f"{where}.benefits.discount_rate"] = _("Give a share from 0 to below 1.")
        if tier.benefits.marketing_amount < 0:
            found[f"{where}.benefits.marketing_amount"] = _("Give a number of zero or more.")
    return found
