"""What somebody wants to grant: a term before it is recorded, and whether it can be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.errors import Invalid
from core.language import _
from core.money import ZERO, round_money, round_ratio
from core.vocabulary import TermDate, TermKind, TermStatus


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
    value: Decimal  # special price: money per base unit; otherwise a share
    valid_from: date
    valid_to: date | None = None  # exclusive
    min_quantity: Decimal = ZERO
    stacks: bool = False
    governed_by: TermDate = TermDate.ORDER
    status: TermStatus = TermStatus.DRAFT
    reason: str = ""
    is_exception: bool = False  # holds below the floor price too, until its last day

    @property
    def price(self) -> Decimal | None:
        return round_money(self.value) if self.kind is TermKind.SPECIAL_PRICE else None

    @property
    def rate(self) -> Decimal | None:
        return None if self.kind is TermKind.SPECIAL_PRICE else round_ratio(self.value)

    @property
    def value_kept(self) -> Decimal:
        """The value as the store keeps it."""
        return round_money(self.value) if self.kind is TermKind.SPECIAL_PRICE else round_ratio(self.value)


def check(draft: TermDraft) -> None:
    """Raise Invalid, with a sentence a field, for a term that cannot be meant."""
    problems = {}
    scope = draft.scope
    if sum(one is not None for one in (scope.account_id, scope.group_id, scope.segment_id)) != 1:
        problems["scope"] = _("A term is for an account, a group or a segment: give one of them.")
    if scope.product_id is not None and scope.category_id is not None:
        problems["product"] = _("A term is for a product, a category or everything: give at most one.")
    if draft.kind is TermKind.SPECIAL_PRICE and draft.value < 0:
        problems["value"] = _("A price is not below zero.")
    if draft.kind is not TermKind.SPECIAL_PRICE and not 0 <= draft.value <= 1:
        problems["value"] = _("A discount is a share between 0 and 1: 0.125 is 12.5%.")
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
