"""What somebody wants to grant: a term before it is recorded, and whether it can be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.errors import Invalid
from core.language import _
from core.money import ZERO, round_money, round_ratio
from core.vocabulary import TermDate, TermKind, TermStatus, TierBasis, TierMode, TierPeriod


@dataclass(frozen=True)
class Scope:
    """For whom and for what: one of account, group and segment; a product, a category or everything."""

    account_id: int | None = None
    group_id: int | None = None
    segment_id: int | None = None
    product_id: int | None = None
    category_id: int | None = None

    @property
    def key(self) -> str:
        """`account:17/product:4`: the same text for the same scope."""
        return f"{_named(self, 'account', 'group', 'segment')}/{_named(self, 'product', 'category') or 'everything'}"


def _named(scope: Scope, *names: str) -> str:
    known = ((name, getattr(scope, f"{name}_id")) for name in names)
    return next((f"{name}:{value}" for name, value in known if value is not None), "")


@dataclass(frozen=True)
class TermDraft:
    """A term as a form or a file gives it."""

    scope: Scope
    kind: TermKind
    value: Decimal  # special price and freight: money a unit; payment terms: days; otherwise a share
    valid_from: date
    valid_to: date | None = None  # exclusive
    min_quantity: Decimal = ZERO  # as `basis` counts it
    stacks: bool = False
    governed_by: TermDate = TermDate.ORDER
    status: TermStatus = TermStatus.DRAFT
    reason: str = ""
    basis: TierBasis = TierBasis.LINE
    period: TierPeriod | None = None  # of a volume tier
    mode: TierMode | None = None  # of a volume tier
    unit_id: int | None = None  # what price and quantity count; None: base units
    days: int | None = None  # within which a prompt payment earns its discount
    is_exception: bool = False  # holds below the floor price too, until its last day

    @property
    def price(self) -> Decimal | None:
        return round_money(self.value) if self.kind.is_money else None

    @property
    def rate(self) -> Decimal | None:
        if self.kind.is_money:
            return None
        return ZERO if self.kind is TermKind.PAYMENT_TERMS else round_ratio(self.value)

    @property
    def due_days(self) -> int | None:
        """The days that the store keeps: of payment terms they are the value itself."""
        return int(self.value) if self.kind is TermKind.PAYMENT_TERMS else self.days

    @property
    def value_kept(self) -> Decimal:
        """The value as the store keeps it."""
        return round_money(self.value) if self.kind.is_money else round_ratio(self.value)


def check(draft: TermDraft) -> None:
    """Raise Invalid, with a sentence a field, for a term that cannot be meant."""
    problems = _of_scope(draft.scope) | _of_value(draft) | _of_volume(draft)
    if draft.kind is TermKind.QUANTITY_TIER and draft.min_quantity <= 0:
        problems["min_quantity"] = _("A quantity tier begins at a quantity above zero.")
    if draft.min_quantity < 0:
        problems["min_quantity"] = _("A minimum quantity is not below zero.")
    if draft.valid_to is not None and draft.valid_to <= draft.valid_from:
        problems["valid_to"] = _("The term ends before it begins: choose a last day on or after the first.")
    if draft.is_exception:
        problems |= _of_exception(draft)
    if problems:
        raise Invalid(next(iter(problems.values())), fields=problems)


def _of_scope(scope: Scope) -> dict[str, str]:
    problems = {}
    if sum(one is not None for one in (scope.account_id, scope.group_id, scope.segment_id)) != 1:
        problems["scope"] = _("A term is for an account, a group or a segment: give one of them.")
    if scope.product_id is not None and scope.category_id is not None:
        problems["product"] = _("A term is for a product, a category or everything: give at most one.")
    return problems


def _of_value(draft: TermDraft) -> dict[str, str]:
    problems = {}
    if draft.kind.is_money:
        if draft.value < 0:
            problems["value"] = _("A price is not below zero.")
    elif draft.kind is TermKind.PAYMENT_TERMS:
        if draft.value != int(draft.value) or not 0 <= draft.value <= _MOST_DAYS:
            problems["value"] = _("Payment terms are whole days, 0 to 365.")
    elif not 0 <= draft.value <= 1:
        problems["value"] = _("A discount is a share between 0 and 1: 0.125 is 12.5%.")
    if draft.kind is TermKind.PROMPT_PAYMENT and draft.days is None:
        problems["days"] = _("Say within how many days a prompt payment is made.")
    if draft.days is not None and not 0 <= draft.days <= _MOST_DAYS:
        problems["days"] = _("Give whole days, 0 to 365.")
    return problems


def _of_volume(draft: TermDraft) -> dict[str, str]:
    """A volume tier counts a period; nothing else does."""
    if draft.kind is TermKind.VOLUME_TIER:
        if draft.basis is TierBasis.LINE or draft.period is None or draft.mode is None:
            return {
                "period": _(
                    "A volume tier says what it counts (revenue or quantity), over which period, and how."
                )
            }
        return {}
    if draft.basis is not TierBasis.LINE or draft.period is not None or draft.mode is not None:
        return {"period": _("Only a volume tier counts a period.")}
    return {}


_MOST_DAYS = 365


def _of_exception(draft: TermDraft) -> dict[str, str]:
    """An exception is one account's price of one product until a day, and says why."""
    problems = {}
    if (
        draft.kind is not TermKind.SPECIAL_PRICE
        or draft.scope.account_id is None
        or draft.scope.product_id is None
    ):
        problems["is_exception"] = _("An exception is a special price of one product for one account.")
    if draft.valid_to is None:
        problems["valid_to"] = _("An exception needs its last day: the floor price counts again after it.")
    if not draft.reason.strip():
        problems["reason"] = _("Say why the floor price does not count here.")
    return problems
