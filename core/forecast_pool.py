"""The work of a forecast run, spread over two processes where it is much."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from multiprocessing import get_context
from typing import Any, TypeVar

from core import forecast_methods
from core.forecast_methods import Carried

Key = TypeVar("Key")

WORKERS = 2
_FEW = 40  # series that are done sooner than another process starts
_AT_ONCE = 20
# Each series is small: more threads of the linear algebra only wait for each other.
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def carry_all(
    series: Mapping[Key, Sequence[Decimal]],
    horizon: int,
    progress: Callable[[int, int], None],
    *,
    workers: int | None = None,
) -> dict[Key, Carried]:
    """Carry every series on; `progress` is told how many are done of how many."""
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    keys = list(series)
    tasks = [
        ([list(map(float, series[key])) for key in keys[start : start + _AT_ONCE]], horizon)
        for start in range(0, len(keys), _AT_ONCE)
    ]
    found: dict[Key, Carried] = {}
    progress(0, len(keys))

    def gathered(answers: Any) -> dict[Key, Carried]:
        for answer in answers:
            place = len(found)
            found.update(zip(keys[place : place + len(answer)], answer, strict=True))
            progress(len(found), len(keys))
        return found

    count = workers if workers is not None else (1 if len(keys) <= _FEW else WORKERS)
    if count == 1:
        return gathered(map(_work, tasks))
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        return gathered(pool.map(_work, tasks))


def _work(task: tuple[list[list[float]], int]) -> list[Carried]:
    some, horizon = task
    return [forecast_methods.carry_on(one, horizon) for one in some]
