"""What stands in a field beside what is stored: whether they are the same, and the stored value in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from core.language import _
from pages.ui import typing_numbers


def label(options: Mapping[Any, str] | Sequence[Any]) -> Callable[[Any], str]:
    """How a field calls each of its options."""
    if isinstance(options, Mapping):
        return lambda item: options.get(item, str(item))
    return str


def same(stored: Any, typed: Any) -> bool:
    """Whether a field holds what is stored: several choices in any order, nothing and an empty text alike."""
    if isinstance(stored, list | tuple | set | frozenset) and isinstance(typed, list | tuple):
        return set(stored) == set(typed)
    return bool(stored == typed or (stored in ("", None) and typed in ("", None)))


def as_text(value: Any, word: Callable[[Any], str] = str) -> str:
    """A stored value as its field would show it; `word` is how the field calls its options."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(sorted(word(item) for item in value)) or "–"
    if isinstance(value, Decimal):
        return typing_numbers.shown(value)
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    return word(value)
