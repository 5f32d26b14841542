"""Numbers as people type them, in the way of their language, read exactly."""

from __future__ import annotations

import re
from decimal import Decimal

from babel.numbers import NumberFormatError, format_decimal, parse_decimal

from core import language
from core.errors import Invalid
from core.language import _

_LARGEST = Decimal(10) ** 14
_AROUND = re.compile(r"^[^\d+\-.,]+|[^\d.,]+$")  # a currency sign or a unit around the number
_FOREIGN = re.compile(r"[^\d.,+\-\s]")  # 1e3 is no amount that anybody means


def read(typed: str, places: int) -> Decimal | None:
    """The number that was typed; None for nothing. Raises Invalid with a sentence for what is no number."""
    text = _AROUND.sub("", typed.replace("\u2212", "-").strip()).strip()
    if not typed.strip():
        return None
    try:
        if _FOREIGN.search(text):
            raise NumberFormatError(text)
        number = parse_decimal(text, locale=language.current(), strict=True)
    except NumberFormatError:
        number = Decimal("NaN")
    if not number.is_finite():
        raise Invalid(_("Type a number, such as {example}.").format(example=shown(Decimal("1234.5"))))
    if abs(number) >= _LARGEST:
        raise Invalid(_("This number is too large."))
    if number != number.quantize(Decimal(1).scaleb(-places)):
        raise Invalid(
            _("Type a whole number.")
            if places == 0
            else _("At most {places} decimals.").format(places=places)
        )
    return number


def shown(number: Decimal | None) -> str:
    """The number as it would be typed; empty where it is unknown."""
    if number is None:
        return ""
    return format_decimal(
        number, format="#,##0.############", locale=language.current(), decimal_quantization=False
    )
