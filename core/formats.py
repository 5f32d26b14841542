"""Numbers, money and days as the reader's language writes them; what is unknown is a dash."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, get_currency_symbol

from core.language import _, current
from core.periods import Period

UNKNOWN = "–"
MINUS = "\u2212"  # the sign of print, as wide as a plus; a hyphen is shorter and breaks lines

_LOCALES = {"en": "en_MY", "ms": "ms_MY"}
_STEPS = ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "K"))


def locale() -> str:
    return _LOCALES.get(current(), "en_MY")


def symbol(currency: str) -> str:
    """`RM` for MYR."""
    return str(get_currency_symbol(currency, locale()))


def money(amount: Decimal | None, currency: str, *, places: int = 2, signed: bool = False) -> str:
    """The exact amount: `RM 1,234.50`."""
    if amount is None:
        return UNKNOWN
    pattern = "¤\u00a0#,##0" + ("." + "0" * places if places else "")
    text = format_currency(
        _round(abs(amount), places), currency, format=pattern, locale=locale(), currency_digits=False
    )
    return _sign(amount, places, signed=signed) + text


def price(amount: Decimal | None, currency: str) -> str:
    """A price per unit: two decimals, four where it has them."""
    if amount is None:
        return UNKNOWN
    places = 2 if amount == _round(amount, 2) else 4
    return money(amount, currency, places=places)


def compact(amount: Decimal | None, currency: str | None, *, signed: bool = False) -> str:
    """An amount to grasp at a glance: `RM 99.9M`; without a currency just the number."""
    if amount is None:
        return UNKNOWN
    front = f"{symbol(currency)}\u00a0" if currency else ""
    divisor, unit = step(amount)
    places = 1 if unit else 0
    shown = _round(abs(amount) / divisor, places)
    if shown >= 1000 and unit != "B":  # 999,960 is one million, not a thousand thousands
        divisor, unit = step(divisor * 1000)
        shown, places = _round(abs(amount) / divisor, 1), 1
    pattern = "#,##0.0" if places else "#,##0"
    text = format_decimal(shown, format=pattern, locale=locale())
    return f"{_sign(amount / divisor, places, signed=signed)}{front}{text}{unit_name(unit)}"


def step(amount: Decimal) -> tuple[Decimal, str]:
    """By what an amount of this size is divided to be shown, and the sign of that unit."""
    return next(((size, unit) for size, unit in _STEPS if abs(amount) >= size), (Decimal(1), ""))


def unit_name(unit: str) -> str:
    """The letter behind a number: thousand, million, billion."""
    return {"B": _("B"), "M": _("M"), "K": _("K"), "": ""}[unit]


def unit_word(unit: str) -> str:
    """The same in a heading: `RM million`."""
    return {"B": _("billion"), "M": _("million"), "K": _("thousand"), "": ""}[unit]


def percent(share: Decimal | None, *, places: int = 1, signed: bool = False) -> str:
    """A share as percent with fixed decimals: `8.0%`."""
    if share is None:
        return UNKNOWN
    shown = share * 100
    text = format_decimal(_round(abs(shown), places), format=_pattern(places), locale=locale())
    return f"{_sign(shown, places, signed=signed)}{text}%"


def points(difference: Decimal | None) -> str:
    """A difference of two shares, in percentage points: `+0.9 pt`."""
    if difference is None:
        return UNKNOWN
    shown = difference * 100
    text = format_decimal(_round(abs(shown), 1), format=_pattern(1), locale=locale())
    return _("{number} pt").format(number=_sign(shown, 1, signed=True) + text)


def number(value: Decimal | int | None, *, places: int = 0, signed: bool = False) -> str:
    if value is None:
        return UNKNOWN
    exact = Decimal(value)
    text = format_decimal(_round(abs(exact), places), format=_pattern(places), locale=locale())
    return _sign(exact, places, signed=signed) + text


def quantity(value: Decimal | None) -> str:
    """As many decimals as there are, at most three."""
    if value is None:
        return UNKNOWN
    return _sign(value, 3, signed=False) + format_decimal(abs(value), format="#,##0.###", locale=locale())


def day(value: date | None) -> str:
    """`3 Nov 2026`."""
    return UNKNOWN if value is None else format_date(value, "d MMM y", locale=locale())


def month(value: date) -> str:
    """`Nov 2026`."""
    return format_date(value, "MMM y", locale=locale())


def short_month(value: date) -> str:
    """`Nov`, with the year in January: `Jan 26`."""
    return format_date(value, "MMM yy" if value.month == 1 else "MMM", locale=locale())


def moment(value: datetime | None) -> str:
    """`3 Nov 2026, 08:10` where this machine stands."""
    return (
        UNKNOWN if value is None else format_datetime(value.astimezone(), "d MMM y, HH:mm", locale=locale())
    )


def period(span: Period) -> str:
    """Both days included, no word said twice: `1 Jan – 23 Nov 2026`."""
    first, last = span.start, span.last_day
    if first == last:
        return day(first)
    if span.whole_months() == span:
        return _months(first, last)
    start = format_date(first, "d MMM" if first.year == last.year else "d MMM y", locale=locale())
    return f"{start} – {day(last)}"


def _months(first: date, last: date) -> str:
    if (first.year, first.month) == (last.year, last.month):
        return month(first)
    start = format_date(first, "MMM" if first.year == last.year else "MMM y", locale=locale())
    return f"{start} – {month(last)}"


def _pattern(places: int) -> str:
    return "#,##0" + ("." + "0" * places if places else "")


def _round(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _sign(value: Decimal, places: int, *, signed: bool) -> str:
    shown = _round(value, places)  # what rounds to nothing has no sign
    if shown < 0:
        return MINUS
    return "+" if signed and shown > 0 else ""
