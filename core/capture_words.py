"""The words that quick notes are written in, English and Malay, and the names that they may mention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from types import MappingProxyType

from core.claim_rules import fold
from core.vocabulary import ClaimTopic, SourceKind, Swot

Run = tuple[str, ...]

ACTIVITIES = {
    "call": "call", "phone": "call", "telefon": "call", "panggilan": "call",
    "visit": "visit", "lawatan": "visit", "lawat": "visit",
    "email": "email", "emel": "email",
    "meeting": "meeting", "mesyuarat": "meeting", "perjumpaan": "meeting",
    "event": "event", "acara": "event", "pameran": "event",
}  # fmt: skip
TOPICS = {
    **{topic.value: topic for topic in ClaimTopic},
    "harga": ClaimTopic.PRICE, "syarat": ClaimTopic.TERMS, "produk": ClaimTopic.PRODUCT,
    "orang": ClaimTopic.PEOPLE, "pekerja": ClaimTopic.PEOPLE, "logistik": ClaimTopic.LOGISTICS,
    "kewangan": ClaimTopic.FINANCE, "undang": ClaimTopic.LEGAL, "matlamat": ClaimTopic.GOAL,
}  # fmt: skip
SWOTS = {
    **{one.value: one for one in Swot},
    "kekuatan": Swot.STRENGTH, "kelemahan": Swot.WEAKNESS, "peluang": Swot.OPPORTUNITY, "ancaman": Swot.THREAT,
}  # fmt: skip
CONFIDENTIAL = frozenset({"confidential", "sulit"})
SOURCES = {
    **{kind.value: kind for kind in SourceKind},
    "staff": SourceKind.OWN_STAFF, "own": SourceKind.OWN_STAFF, "we": SourceKind.OWN_STAFF,
    "shelf": SourceKind.MARKET, "tender": SourceKind.MARKET, "catalogue": SourceKind.MARKET,
    "fair": SourceKind.EVENT, "news": SourceKind.PRESS,
    "pembeli": SourceKind.BUYER, "pengguna": SourceKind.USER, "kakitangan": SourceKind.OWN_STAFF,
    "pengedar": SourceKind.DISTRIBUTOR, "pasaran": SourceKind.MARKET, "rak": SourceKind.MARKET,
    "akhbar": SourceKind.PRESS, "berita": SourceKind.PRESS, "pameran": SourceKind.EVENT,
    "pesaing": SourceKind.COMPETITOR, "lain": SourceKind.OTHER,
}  # fmt: skip

# What a claim without a price is about, by its first word that tells.
_TOPIC_WORDS = {
    ClaimTopic.LOGISTICS: "lorry lori delivery deliveries deliver delivers delivered stock stok warehouse gudang "
    "penghantaran hantar menghantar",
    ClaimTopic.TERMS: "credit kredit payment bayaran rebate rebat bonus contract kontrak discount diskaun listing",
    ClaimTopic.PEOPLE: "hired hires hiring resigned salesman salesmen dilantik berhenti",
    ClaimTopic.FINANCE: "loss losses profit debt rugi kerugian untung hutang",
    ClaimTopic.LEGAL: "court sued licence halal mahkamah saman lesen",
    ClaimTopic.GOAL: "plans plan planning wants aims mahu rancang merancang",
    ClaimTopic.PRODUCT: "launch launches launched quality taste kualiti rasa pelancaran melancarkan",
}
TOPIC_OF = {word: topic for topic, words in _TOPIC_WORDS.items() for word in words.split()}
WEAK = frozenset(
    {
        "late", "delayed", "short", "poor", "lost", "damaged", "complaint", "complaints",
        "lewat", "lambat", "lemah", "rosak", "aduan", "habis", "kurang",
    }
)  # fmt: skip

WEEKDAYS = {
    "mon": 0, "monday": 0, "isnin": 0, "tue": 1, "tuesday": 1, "selasa": 1, "wed": 2, "wednesday": 2, "rabu": 2,
    "thu": 3, "thursday": 3, "khamis": 3, "fri": 4, "friday": 4, "jumaat": 4, "sat": 5, "saturday": 5, "sabtu": 5,
    "sun": 6, "sunday": 6, "ahad": 6,
}  # fmt: skip
MONTHS = {
    "jan": 1, "january": 1, "januari": 1, "feb": 2, "february": 2, "februari": 2, "mar": 3, "march": 3, "mac": 3,
    "apr": 4, "april": 4, "may": 5, "mei": 5, "jun": 6, "june": 6, "jul": 7, "july": 7, "julai": 7, "aug": 8,
    "august": 8, "ogo": 8, "ogos": 8, "sep": 9, "sept": 9, "september": 9, "oct": 10, "october": 10, "okt": 10,
    "oktober": 10, "nov": 11, "november": 11, "dec": 12, "december": 12, "dis": 12, "disember": 12,
}  # fmt: skip


@dataclass(frozen=True)
class Named:
    """Something that a note may mention: by its name, or by a code or another name."""

    id: int
    name: str
    others: tuple[str, ...] = ()

    @cached_property
    def run(self) -> Run:
        return tuple(fold(self.name).split())

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.others)


@dataclass(frozen=True)
class Words:
    """What the writer of a note may mention, and the day on which it is written."""

    today: date
    accounts: tuple[Named, ...] = ()
    competitors: tuple[Named, ...] = ()
    products: tuple[Named, ...] = ()
    categories: tuple[Named, ...] = ()
    units: tuple[Named, ...] = ()
    currency: str = "MYR"
    symbols: tuple[str, ...] = ("RM",)

    def account(self, said: Run) -> int | None:
        """The one account that these words name: its code or name, part of its name, or how a word of it begins."""
        if not said:
            return None
        written = " ".join(said)
        ways = (
            lambda one: written in map(fold, one.others),
            lambda one: one.run == said,
            lambda one: any(_begins(one.run[at:], said) for at in range(len(one.run))),
            lambda one: len(said[-1]) >= 3 and any(_starts(one.run[at:], said) for at in range(len(one.run))),
        )
        for way in ways:
            found = [one.id for one in self.accounts if way(one)]
            if found:
                return found[0] if len(found) == 1 else None
        return None

    @cached_property
    def competitor_runs(self) -> Mapping[Run, int]:
        return _by_run(self.competitors)

    @cached_property
    def unit_runs(self) -> Mapping[Run, int]:
        return _by_run(self.units)

    @cached_property
    def category_runs(self) -> Mapping[Run, int]:
        return _by_run(self.categories)

    @cached_property
    def product_runs(self) -> Mapping[Run, int]:
        """Codes and names, and every part of a name, of two words or more, that only one product has."""
        parts: dict[Run, set[int]] = {}
        for one in self.products:
            for run in _parts(one.run):
                parts.setdefault(run, set()).add(one.id)
        unique = {run: next(iter(ids)) for run, ids in parts.items() if len(ids) == 1}
        return MappingProxyType({**unique, **_by_run(self.products)})


def _by_run(known: tuple[Named, ...]) -> Mapping[Run, int]:
    runs = {tuple(fold(name).split()): one.id for one in known for name in one.names}
    runs.pop((), None)
    return MappingProxyType(runs)


def _parts(run: Run) -> Iterator[Run]:
    for start in range(len(run)):
        for end in range(start + 2, len(run) + 1):
            part = run[start:end]
            if any(len(word) >= 4 and word.isalpha() for word in part):
                yield part


def _begins(run: Run, said: Run) -> bool:
    return run[: len(said)] == said


def _starts(run: Run, said: Run) -> bool:
    return (
        len(run) >= len(said)
        and run[: len(said) - 1] == said[:-1]
        and run[len(said) - 1].startswith(said[-1])
    )
