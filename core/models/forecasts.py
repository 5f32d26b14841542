"""What net revenue was expected to be: frozen versions by account and month, and what managers set over them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Amount, Base, Id, OptionalAmount, Ref, whole_numbers
from core.vocabulary import ForecastMethod, ForecastStatus

_WITHOUT_ROWID = {"sqlite_with_rowid": False}


class ForecastVersion(Base):
    """One run; once done, nothing of it changes."""

    __tablename__ = "forecast_versions"

    id: Mapped[Id]
    first_month: Mapped[date]  # the first month that is forecast; only days before it were known
    horizon: Mapped[int]  # months
    status: Mapped[ForecastStatus]
    running: Mapped[int | None] = mapped_column(unique=True)  # 1 while it runs: there is one run at a time
    series_done: Mapped[int] = mapped_column(default=0)
    series_total: Mapped[int] = mapped_column(default=0)
    engine: Mapped[str]  # what computed it, with its version
    problem: Mapped[str]  # why it failed; empty otherwise
    made_by: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("users.id"))
    made_at: Mapped[datetime]
    heard_at: Mapped[datetime]  # the last sign of life of the run
    finished_at: Mapped[datetime | None]


class ForecastSeries(Base):
    """An account's series in a version: which method was chosen, and the errors of the back-test behind it."""

    __tablename__ = "forecast_series"
    __table_args__ = (*whole_numbers("scale_amount"), _WITHOUT_ROWID)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    version_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("forecast_versions.id"), primary_key=True, autoincrement=False
    )
    method: Mapped[ForecastMethod]
    months_known: Mapped[int]
    scale_amount: Mapped[OptionalAmount]  # mean |y(t) − y(t−12)| of the known months: MASE's denominator
    back_test: Mapped[list[Any]] = mapped_column(JSON)  # an origin each: what came, forecast, yardstick


class ForecastPoint(Base):
    __tablename__ = "forecast_points"
    __table_args__ = (*whole_numbers("mean_amount", "low_amount", "high_amount"), _WITHOUT_ROWID)

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    version_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("forecast_versions.id"), primary_key=True, autoincrement=False
    )
    month: Mapped[date] = mapped_column(primary_key=True)
    mean_amount: Mapped[Amount]
    low_amount: Mapped[OptionalAmount]  # none: too little history to say
    high_amount: Mapped[OptionalAmount]


class ForecastSum(Base):
    """The forecast of a summed series: the company (group 0) or a group as it was then.

    Small and local: only for actors who see every account.
    """

    __tablename__ = "forecast_sums"
    __table_args__ = (*whole_numbers("mean_amount", "low_amount", "high_amount"), _WITHOUT_ROWID)

    version_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("forecast_versions.id"), primary_key=True, autoincrement=False
    )
    group_id: Mapped[int] = mapped_column(Ref, primary_key=True, autoincrement=False)
    month: Mapped[date] = mapped_column(primary_key=True)
    method: Mapped[ForecastMethod]
    mean_amount: Mapped[Amount]
    low_amount: Mapped[OptionalAmount]
    high_amount: Mapped[OptionalAmount]


class ForecastOverride(Base):
    """A manager's own figure for an account's month; the newest one that is not withdrawn counts."""

    __tablename__ = "forecast_overrides"
    __table_args__ = (Index(None, "month"), *whole_numbers("amount"))

    account_id: Mapped[int] = mapped_column(
        Ref, ForeignKey("accounts.id"), primary_key=True, autoincrement=False
    )
    month: Mapped[date] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False
    )  # 1, 2, … per account and month
    amount: Mapped[Amount]
    reason: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]
