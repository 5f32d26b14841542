"""What the demo company's customers were granted: yearly agreements by family, and promotions on top."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.demo.calendar import DemoCalendar, Factors
from core.demo.company import DemoAccount
from core.demo.scene import Scene

TIER_EXTRA = {"Strategic": 0.028, "Key": 0.004, "Growth": -0.018}
_STEP = 5  # thousandths: agreements are made in half percents
_PROMOTIONS_A_YEAR = 5
_DAYS_A_YEAR = 365.25


def discounts(
    scene: Scene, account: DemoAccount, random: np.random.Generator
) -> tuple[npt.NDArray[np.int64], Factors]:
    """Discount in thousandths and how much more is bought for it, by family and day."""
    calendar = scene.calendar
    families, days = len(calendar.families), len(calendar.working)
    habits = scene.company.buying[account.segment]
    base = habits.discount + TIER_EXTRA[account.tier] + random.normal(0, 0.010)
    by_family = base + random.normal(0, 0.016, families)
    # Whoever negotiates every year gets a little more every year; one account gets far too much.
    drift = 0.019 if account.story == "creep" else 0.0045
    negotiated = int(random.integers(0, 365))
    day = np.arange(days)
    round_no = (day + negotiated) // 365
    last_round = int(round_no[calendar.today_no])
    gains = random.normal(drift, 0.006, (families, int(round_no[-1]) + 1))
    gained = np.cumsum(gains, axis=1)
    gained -= gained[:, last_round : last_round + 1] - drift  # the facts describe today
    rate = by_family[:, np.newaxis] + gained[:, round_no]
    agreed = np.round(np.clip(rate, 0.0, 0.32) * 1000 / _STEP).astype(np.int64) * _STEP
    uplift = np.ones((families, days))
    if habits.basket == "shop":
        _promote(agreed, uplift, calendar, random)
    return agreed, uplift


def _promote(
    agreed: npt.NDArray[np.int64], uplift: Factors, calendar: DemoCalendar, random: np.random.Generator
) -> None:
    """Two to four weeks at a better price sell more, and the weeks after them a little less."""
    count = round(_PROMOTIONS_A_YEAR * len(calendar.working) / _DAYS_A_YEAR)
    starts = random.integers(0, len(calendar.working), count)
    for start, length in zip(starts.tolist(), random.integers(14, 29, count).tolist(), strict=True):
        family = int(random.integers(len(calendar.families)))
        extra = int(random.integers(5, 13)) * _STEP
        agreed[family, start : start + length] += extra
        uplift[family, start : start + length] *= 1 + extra / 100
        uplift[family, start + length : start + length + 14] *= 0.85
