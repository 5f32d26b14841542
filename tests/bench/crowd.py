"""Many people at once: each clicks every three seconds, all on one process."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

from tests.bench.reruns import PEOPLE
from tests.bench.stores import Store
from tests.bench.visitors import Server, Visitor, served, tokens

PAUSE = 3.0
DURATION = 45.0
_CLICKS = ("", "period=12m", "period=quarter", "period=month")


@dataclass
class Crowd:
    people: int
    seconds: list[float] = field(default_factory=list)
    errors: int = 0
    megabytes: float = 0.0
    cpu: float = 0.0  # share of one core

    def at(self, share: float) -> float:
        """The time in milliseconds that this share of all clicks stayed within."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else float("nan")


def measure(store: Store, sizes: tuple[int, ...] = (10, 30, 60)) -> list[Crowd]:
    """Portfolio, clicked on by directors and managers in equal parts."""
    with served(store) as server:
        held = tokens(store, *(PEOPLE[name] for name in ("director", "regional", "manager")))
        return [asyncio.run(_crowd(server, held, size)) for size in sizes]


async def _crowd(server: Server, held: list[str], size: int) -> Crowd:
    crowd = Crowd(size)
    dice = random.Random(size)
    start = time.monotonic() + 2
    server.counted()
    await asyncio.gather(
        *(_one(server, held[place % len(held)], crowd, dice, start) for place in range(size))
    )
    crowd.megabytes = server.megabytes()
    crowd.cpu = server.counted()["cpu"] / (time.monotonic() - start)
    return crowd


async def _one(server: Server, token: str, crowd: Crowd, dice: random.Random, start: float) -> None:
    await asyncio.sleep(dice.random() * PAUSE)
    try:
        async with Visitor(server.port, token) as visitor:
            await visitor.open("portfolio")
            turn = 0
            while time.monotonic() < start + DURATION:
                await asyncio.sleep(PAUSE * (0.5 + dice.random()))
                run = await asyncio.wait_for(visitor.click(_CLICKS[turn % len(_CLICKS)]), timeout=60)
                turn += 1
                crowd.seconds.append(run.seconds)
                crowd.errors += len(run.exceptions)
    except (OSError, TimeoutError):
        crowd.errors += 1


def show(crowds: list[Crowd], title: str) -> None:
    print(f"\n{title}\n")
    print(
        "{:>8}{:>10}{:>10}{:>10}{:>8}{:>10}{:>8}".format(
            "people", "clicks", "p50", "p95", "errors", "MB", "CPU"
        )
    )
    for crowd in crowds:
        print(
            f"{crowd.people:>8}{len(crowd.seconds):>10}{crowd.at(0.5):>10.0f}{crowd.at(0.95):>10.0f}"
            f"{crowd.errors:>8}{crowd.megabytes:>10.0f}{crowd.cpu:>8.0%}"
        )
