"""Numbers, money and days as the reader's language writes them: the same on screen, in files and on paper."""

from __future__ import annotations

from core.formats import (
    MINUS,
    UNKNOWN,
    compact,
    day,
    locale,
    moment,
    money,
    month,
    number,
    percent,
    period,
    points,
    price,
    quantity,
    short_month,
    step,
    symbol,
    unit_name,
    unit_word,
)

__all__ = [
    "MINUS", "UNKNOWN", "compact", "day", "locale", "moment", "money", "month", "number", "percent", "period", "points",
    "price", "quantity", "short_month", "step", "symbol", "unit_name", "unit_word",
]  # fmt: skip
