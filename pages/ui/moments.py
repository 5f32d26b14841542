"""Moments as people write them, in the time of the machine that serves."""

from __future__ import annotations

from datetime import datetime

from babel.dates import format_datetime

from core import language


def shown(moment: datetime | None) -> str:
    """Day and time; a dash where there is none."""
    if moment is None:
        return "–"
    return format_datetime(moment.astimezone(), "d MMM y, HH:mm", locale=language.current())
