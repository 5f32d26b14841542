"""The only way to ask for the time; tests replace it here."""

from __future__ import annotations

from datetime import UTC, date, datetime


def now() -> datetime:
    """This moment in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The business day where this machine stands."""
    return datetime.now().astimezone().date()
