"""The rule for “on time, in full”: which day a line is due on, and what still counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.language import _
from core.models import Setting
from core.vocabulary import OtifBasis, OtifLevel

MOST_DAYS = 365


@dataclass(frozen=True)
class OtifRule:
    """What the company decided, with what holds until somebody decides otherwise."""

    basis: OtifBasis = OtifBasis.FIRST_PROMISED
    early_days: int = 0  # a delivery so many days before the due day is on time still
    late_days: int = 0  # … and so many days after it
    in_full_share: Decimal = Decimal(1)  # the part of the ordered quantity that counts as in full
    level: OtifLevel = OtifLevel.LINE

    def judges_like(self, other: OtifRule) -> bool:
        """Whether each line gets the same verdict; the level only says what is counted."""
        return self._verdict == other._verdict

    @property
    def _verdict(self) -> tuple[object, ...]:
        return self.basis, self.early_days, self.late_days, self.in_full_share

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> OtifRule:
        """The rule that settings by their names make."""
        return cls(**{key.removeprefix("otif_"): values[key] for key in KEYS if key in values})


KEYS = ("otif_basis", "otif_early_days", "otif_late_days", "otif_in_full_share", "otif_level")


def in_force(session: Session) -> OtifRule:
    """The rule as it is stored."""
    stored = session.execute(select(Setting.key, Setting.value).where(Setting.key.in_(KEYS)))
    return OtifRule.of({key: typed(key, value) for key, value in stored})


def typed(key: str, value: Any) -> Any:
    """A stored value as the rule has it; what cannot be read counts as undecided."""
    name = key.removeprefix("otif_")
    kinds: dict[str, Any] = {"basis": OtifBasis, "level": OtifLevel, "in_full_share": Decimal}
    try:
        return kinds.get(name, int)(value)
    except (ValueError, TypeError, InvalidOperation):
        return getattr(OtifRule(), name)


def problems(rule: OtifRule) -> dict[str, str]:
    """What is wrong, by the name of the setting."""
    found = {}
    if rule.basis not in tuple(OtifBasis):
        found["otif_basis"] = _("Choose which day a delivery is due on.")
    for name in ("early_days", "late_days"):
        days = getattr(rule, name)
        if not isinstance(days, int) or not 0 <= days <= MOST_DAYS:
            found[f"otif_{name}"] = _("Give a whole number of days from 0 to {most}.").format(most=MOST_DAYS)
    share = rule.in_full_share
    if not 0 < share <= 1 or share != round(share, 4):
        found["otif_in_full_share"] = _("Give a share above 0 and up to 1, such as 0.98, with four decimals.")
    if rule.level not in tuple(OtifLevel):
        found["otif_level"] = _("Choose whether order lines or whole orders are counted.")
    return found
