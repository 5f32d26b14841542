"""Carrying a monthly series on: candidates against the seasonal naive, chosen by what they would have done.

Numbers here are floats, since the methods estimate; amounts are rounded where they are stored. The library is
loaded only where a series is carried on, so that pages start without it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.vocabulary import ForecastMethod

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Series = npt.NDArray[np.float64]

SEASON = 12
ORIGINS = 12  # how many months back the comparison begins
_LEAST = 6  # months that a method must have seen before it is tried
_INTERVAL = 1.2816  # standard deviations that eight in ten of a normal distribution lie within
_ENOUGH = 3  # errors from which a spread is said


@dataclass(frozen=True)
class Origin:
    """What would have been said some months before the end, and what came."""

    back: int  # months before the first forecast month
    actual: tuple[float, ...]
    forecast: tuple[float, ...]
    yardstick: tuple[float | None, ...]  # seasonal naive; None where it had no year to look at


@dataclass(frozen=True)
class Carried:
    """A series carried on."""

    method: ForecastMethod
    mean: tuple[float, ...]
    spread: tuple[float | None, ...]  # half the width of the 80 % interval; None: too little history
    origins: tuple[Origin, ...]


def carry_on(known: Sequence[float], horizon: int) -> Carried:
    """The best method of those that the series is long enough for, and its forecast.

    Each is tried from up to twelve earlier months on, knowing only what came before them; the smallest WAPE wins,
    the seasonal naive where it is as good. A series of nothing but zeros in its last year stays at nothing.
    """
    import numpy as np

    series = np.asarray(known, dtype=float)
    if not len(series) or not np.any(series[-SEASON:]):
        nothing = (0.0,) * horizon
        return Carried(ForecastMethod.NOTHING, nothing, (None,) * horizon, ())
    tried = {method: _tried(series, horizon, method) for method in _candidates(len(series))}
    best = min(tried, key=lambda method: _wape(tried[method]))
    origins = tried[best]
    mean = _safe(best, series, horizon)
    return Carried(best, tuple(map(float, mean)), spreads(origins, horizon), origins)


def naive_only(known: Sequence[float], horizon: int) -> Carried:
    """The yardstick alone, or the average where a year is not known: no library is needed for it."""
    import numpy as np

    series = np.asarray(known, dtype=float)
    if not len(series) or not np.any(series[-SEASON:]):
        return Carried(ForecastMethod.NOTHING, (0.0,) * horizon, (None,) * horizon, ())
    method = ForecastMethod.SEASONAL_NAIVE if len(series) > SEASON else ForecastMethod.AVERAGE
    origins = _tried(series, horizon, method)
    mean = tuple(map(float, _safe(method, series, horizon)))
    return Carried(method, mean, spreads(origins, horizon), origins)


def seasonal_naive(series: Series, horizon: int) -> Series:
    """The same month of the newest year known; the series needs twelve months."""
    import numpy as np

    return np.resize(series[-SEASON:], horizon)


def spreads(origins: Sequence[Origin], horizon: int) -> tuple[float | None, ...]:
    """Half the width of the 80 % interval at each horizon, from the back-test's errors.

    1.28 × root mean square error of that horizon, never narrower than that of a nearer month; from where fewer
    than three errors are known it stays as wide. None where not even the next month has three.
    """
    found: list[float | None] = []
    widest: float | None = None
    for step in range(horizon):
        off = [one.forecast[step] - one.actual[step] for one in origins if len(one.actual) > step]
        if len(off) >= _ENOUGH:
            width = _INTERVAL * (sum(error * error for error in off) / len(off)) ** 0.5
            widest = width if widest is None else max(widest, width)
        found.append(widest)
    return tuple(found)


def _candidates(length: int) -> list[ForecastMethod]:
    """In the order in which they win where they are equally good."""
    found = [ForecastMethod.SEASONAL_NAIVE] if length >= SEASON + 1 else []
    found.append(ForecastMethod.AVERAGE)
    if length >= _LEAST + 4:
        found.append(ForecastMethod.SMOOTHING)
    if length >= 2 * SEASON + 1:
        found.append(ForecastMethod.THETA)
    return found


def _tried(series: Series, horizon: int, method: ForecastMethod) -> tuple[Origin, ...]:
    shortest = SEASON if len(series) > SEASON + _ENOUGH else _LEAST
    origins = []
    for back in range(min(ORIGINS, len(series) - shortest), 0, -1):
        before, after = series[:-back], series[len(series) - back :][:horizon]
        said = _safe(method, before, len(after))
        naive: Any = seasonal_naive(before, len(after)) if len(before) >= SEASON else [None] * len(after)
        origins.append(
            Origin(
                back,
                tuple(map(float, after)),
                tuple(map(float, said)),
                tuple(None if one is None else float(one) for one in naive),
            )
        )
    return tuple(origins)


def _wape(origins: Sequence[Origin]) -> float:
    off = sum(
        abs(said - came) for one in origins for said, came in zip(one.forecast, one.actual, strict=True)
    )
    size = sum(abs(came) for one in origins for came in one.actual)
    return off / size if size else float("inf")


def _safe(method: ForecastMethod, series: Series, horizon: int) -> Series:
    """The method's forecast, or the average where it cannot give one (too short, no seasons, no convergence)."""
    import numpy as np

    if method is not ForecastMethod.AVERAGE and len(series) >= _SHORTEST[method]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = np.asarray(_METHODS[method](series, horizon), dtype=float)
            except (ValueError, np.linalg.LinAlgError, ZeroDivisionError):
                return _average(series, horizon)
        limit = 10 * float(np.abs(series).max())
        if np.isfinite(found).all() and float(np.abs(found).max()) <= limit:
            return found
    return _average(series, horizon)


def _average(series: Series, horizon: int) -> Series:
    import numpy as np

    return np.full(horizon, series[-SEASON:].mean())


def _smoothing(series: Series, horizon: int) -> Series:
    from statsmodels.tsa.holtwinters import SimpleExpSmoothing

    fitted = SimpleExpSmoothing(series, initialization_method="heuristic").fit()
    return fitted.forecast(horizon)  # type: ignore[no-any-return]


def _theta(series: Series, horizon: int) -> Series:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    model = ThetaModel(
        series, period=SEASON, deseasonalize=len(series) >= 2 * SEASON, use_test=False, method="additive"
    )
    return model.fit().forecast(horizon).to_numpy()  # type: ignore[no-any-return]


_METHODS: dict[ForecastMethod, Callable[[Any, int], Any]] = {
    ForecastMethod.SEASONAL_NAIVE: seasonal_naive,
    ForecastMethod.SMOOTHING: _smoothing,
    ForecastMethod.THETA: _theta,
}
_SHORTEST = {
    ForecastMethod.SEASONAL_NAIVE: SEASON,
    ForecastMethod.SMOOTHING: 10,
    ForecastMethod.THETA: SEASON + 1,
}
