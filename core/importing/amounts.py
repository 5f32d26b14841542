"""Numbers as files write them: point or comma, thousands separators, currency signs, brackets for a minus."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Decimals = Literal["point", "comma"]

# Blanks that stand between thousands, and the apostrophes of Swiss files.
_GROUPING = re.compile("[\\s\u00a0\u2009\u202f'\u2019\u02bc]")
_SIGN_LIKE = str.maketrans(
    {"\u2212": "-", "\u2013": "-", "\u2014": "-", "\ufe63": "-", "\uff0d": "-", "\uff0b": "+"}
)
_CURRENCY = r"(?:[A-Z]{3}|RM|Rp|Rs\.?|kr\.?|zł|Kč|Ft|лв|S/\.?|[A-Z]{0,3}\s?[$€£¥₹₩₫฿₱₽₺₴₦₪₡₲₸₭₮₨₼₾₵¢])"
_WITH_CURRENCY = re.compile(
    rf"^([-+]?)\s*(?:{_CURRENCY})?\s*([-+]?[\d.,].*?)\s*(?:{_CURRENCY})?\s*(-?)$", re.DOTALL
)
_EXPONENT = re.compile(r"^([-+]?)(\d+)(?:([.,])(\d*))?[eE]([-+]?\d{1,3})$")
_PLAIN = re.compile(r"^([-+]?)(\d*)(?:\.(\d+))?$")
_GROUPED = re.compile(r"^\d{1,3}(?:\d{3})*$")
# More digits than any amount has: such a cell is no number of this trade.
_MOST_DIGITS = 15


@dataclass(frozen=True)
class Written:
    """A number taken apart: its sign, its digits, and how its separators may be read."""

    negative: bool
    body: str  # digits and separators only
    percent: bool
    exponent: int
    point: tuple[str, str] | None  # whole and decimal digits when the point is the decimal sign
    comma: tuple[str, str] | None  # the same when the comma is

    @property
    def ambiguous(self) -> bool:
        """Whether point and comma give two different numbers."""
        return self.point is not None and self.comma is not None and self.point != self.comma

    @property
    def evidence(self) -> Decimals | None:
        """The notation that this number alone proves."""
        if self.point is not None and self.comma is None:
            return "point"
        if self.comma is not None and self.point is None:
            return "comma"
        return None


def take_apart(text: str) -> Written | None:
    """Read a cell as a number in every way that it allows; None when it is no number at all."""
    body = text.strip().translate(_SIGN_LIKE)
    negative = False
    if body.startswith("(") and body.endswith(")"):
        negative, body = True, body[1:-1].strip()
    percent = body.endswith("%") or body.startswith("%")
    body = body.strip("%").strip()
    exponent = _EXPONENT.match(body)
    if exponent:
        sign, whole, _separator, decimals, power = exponent.groups()
        parts = (whole, decimals or "")
        return _written(negative or sign == "-", body, percent, int(power), parts, parts)
    matched = _WITH_CURRENCY.match(body)
    if not matched:
        return None
    lead, rest, trail = matched.groups()
    signs = [sign for sign in (lead, rest[0] if rest[0] in "+-" else "", trail) if sign]
    if len(signs) > 1 or (signs and negative):
        return None
    negative = negative or "-" in signs
    rest = rest.lstrip("+-").strip()
    return _written(negative, rest, percent, 0, _parts(rest, ".", ","), _parts(rest, ",", "."))


def _written(
    negative: bool,
    body: str,
    percent: bool,
    exponent: int,
    point: tuple[str, str] | None,
    comma: tuple[str, str] | None,
) -> Written | None:
    if point is None and comma is None:
        return None
    digits = point or comma or ("", "")
    if len(digits[0].lstrip("0")) + max(exponent, 0) > _MOST_DIGITS:
        return None
    return Written(negative, body, percent, exponent, point, comma)


def _parts(body: str, decimal: str, thousands: str) -> tuple[str, str] | None:
    """Whole and decimal digits under one notation, or None where it does not fit."""
    whole, sign, decimals = body.partition(decimal)
    if sign and (decimal in decimals or not decimals.isascii() or (decimals and not decimals.isdigit())):
        return None
    digits = _ungrouped(whole, thousands)
    if digits is None or not (digits or decimals):
        return None
    return digits, decimals


def _ungrouped(whole: str, thousands: str) -> str | None:
    """The digits of a whole number whose thousands may be set apart, by one kind of sign throughout."""
    if not whole:
        return ""
    if whole.isascii() and whole.isdigit():
        return whole
    signs = {character for character in whole if not character.isdigit()}
    if len(signs) != 1:
        return None
    sign = signs.pop()
    if sign != thousands and not _GROUPING.match(sign):
        return None
    groups = whole.split(sign)
    if not all(group.isascii() and group.isdigit() for group in groups):
        return None
    first, *middle, last = groups
    # 12,34,567 is how India sets lakhs apart.
    western = all(len(group) == 3 for group in middle)
    indian = bool(middle) and all(len(group) == 2 for group in middle) and len(first) <= 2
    if not 1 <= len(first) <= 3 or len(last) != 3 or not (western or indian) or first.startswith("0"):
        return None
    return "".join(groups)


def scaled(number: Written, digits: int, decimals: Decimals) -> tuple[int, bool]:
    """The number in units of 10^-digits, rounded half-up, and whether digits were cut."""
    parts = number.point if decimals == "point" else number.comma
    whole, rest = parts or number.point or number.comma or ("", "")
    shift = digits + number.exponent - len(rest) - (2 if number.percent else 0)
    value = int((whole + rest) or "0")
    cut = False
    if shift >= 0:
        value *= 10**shift
    else:
        unit = 10**-shift
        value, remainder = divmod(value, unit)
        cut = remainder != 0
        if remainder * 2 >= unit:
            value += 1
    return (-value if number.negative else value), cut


def evidence(numbers: Iterable[Written]) -> set[Decimals]:
    """The notations that at least one of the numbers proves."""
    return {proof for number in numbers if (proof := number.evidence) is not None}


def examples(numbers: Sequence[Written | None], most: int = 3) -> list[str]:
    """A few of the numbers that could be read in two ways."""
    return [number.body for number in numbers if number is not None and number.ambiguous][:most]


def plain(text: str, digits: int) -> int | None:
    """A number in the plainest form (sign, digits, point), scaled exactly; None where it is another form.

    This is the fast road for the many cells that leave nothing to decide.
    """
    matched = _PLAIN.match(text)
    if not matched:
        return None
    sign, whole, rest = matched.groups()
    rest = rest or ""
    if not (whole or rest) or len(rest) > digits or len(whole) > _MOST_DIGITS:
        return None
    value = int(whole + rest + "0" * (digits - len(rest)))
    return -value if sign == "-" else value
