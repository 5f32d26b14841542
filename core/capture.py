"""One line of text, as typed between two calls, read as an entry: the grammar and its only parser.

    @acme #call BrandX -3% Snacks 500g until 31/3 src:buyer B2

    @account        code, name, part of a name; quotes around what has spaces: @"Kedai Maju"
    #tag            call visit email meeting event · a topic · strength weakness opportunity threat · confidential
    competitor      by name anywhere, or vs:NAME
    price           -3%, 3% cheaper, RM 12.50/ctn
    product         code, name, part of a name that only one product has; or a category
    until DAY       the last day it holds; on DAY, yesterday: when it was seen; the day comes first: 31/3
    src:KIND        buyer user staff distributor market press event; src:buyer/Siti says who
    B2              reliability A–F and credibility 1–6, or grade:B2
    !kind           what the entry is; without it a claim where a competitor is named, a note elsewhere

Each recogniser takes the parts of the line that it understands, and no two take the same; whatever is left is the
entry's text. Nothing is lost: the parts and what lies between them are the line. Another kind of entry joins with a
member of `Entry`, its `!word` in `_KINDS`, and recognisers of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from core import capture_days
from core import capture_words as words_of
from core.capture_words import Named, Run, Words
from core.claim_rules import fold
from core.vocabulary import ClaimTopic, SourceKind, Swot

__all__ = ["Capture", "Entry", "Named", "Part", "Words", "read"]

_LONGEST_NAME = 8


class Entry(StrEnum):
    """What a line becomes."""

    CLAIM = "claim"
    NOTE = "note"


# Fields that a kind of entry has; what other recognisers took is given back to its text.
_KINDS: Mapping[str, tuple[Entry, frozenset[str] | None]] = {
    "claim": (Entry.CLAIM, None), "dakwaan": (Entry.CLAIM, None),
    "note": (Entry.NOTE, frozenset({"kind", "account_id", "tag"})),
    "nota": (Entry.NOTE, frozenset({"kind", "account_id", "tag"})),
}  # fmt: skip
# Said about the entry, not part of what is claimed.
_MARKERS = frozenset({"kind", "account_id", "tag", "topic", "swot", "is_confidential", "source", "grade"})


@dataclass(frozen=True)
class Part:
    """A part of the line that was understood."""

    start: int
    end: int
    field: str


@dataclass(frozen=True)
class Capture:
    """What a line says; None where it does not say it."""

    line: str
    kind: Entry
    rest: str  # the words that were not understood
    statement: str  # the line without what is said about it
    parts: tuple[Part, ...]
    account_id: int | None = None
    tag: str = ""
    competitor_id: int | None = None
    topic: ClaimTopic | None = None
    swot: Swot | None = None
    gap: Decimal | None = None  # their price against ours, a share
    price: Decimal | None = None
    unit_id: int | None = None
    product_id: int | None = None
    category_id: int | None = None
    until: date | None = None  # the last day
    observed_on: date | None = None
    source_kind: SourceKind | None = None
    source: str = ""
    grade: str = ""
    is_confidential: bool = False


@dataclass
class _Reading:
    """The line while it is read."""

    line: str
    words: Words
    parts: list[Part] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def is_free(self, start: int, end: int) -> bool:
        return all(end <= part.start or part.end <= start for part in self.parts)

    def take(self, start: int, end: int, name: str, /, **values: Any) -> bool:
        """Note a part and what it says; not where something was said about that already."""
        if not self.is_free(start, end) or any(key in self.values for key in values):
            return False
        self.parts.append(Part(start, end, name))
        self.values |= values
        return True

    def tokens(self) -> list[tuple[int, int, str]]:
        """The words of the line that nothing has taken, folded, with their places."""
        return [
            (found.start(), found.end(), folded)
            for found in re.finditer(r"[^\W_]+", self.line)
            if (folded := fold(found.group())) and self.is_free(found.start(), found.end())
        ]


def read(line: str, words: Words) -> Capture:
    """What a line says. Never refuses: what it does not understand stays as text."""
    reading = _Reading(line, words)
    for recognise in _RECOGNISERS:
        recognise(reading)
    kind, kept = reading.values.get("kind", (None, None))
    if kind is None or (kind is Entry.CLAIM and "competitor_id" not in reading.values):
        kind, kept = _KINDS["claim" if "competitor_id" in reading.values else "note"]
    parts = [part for part in reading.parts if kept is None or part.field in kept]
    values = (
        reading.values if kept is None else {key: reading.values[key] for key in kept & reading.values.keys()}
    )
    values = {key: value for key, value in values.items() if key != "kind"}
    rest = _without(line, parts)
    if kind is Entry.CLAIM:
        values = _judged(values, rest)
    said = _without(line, [part for part in parts if part.field in _MARKERS])
    return Capture(line, kind, rest, said, tuple(sorted(parts, key=lambda part: part.start)), **values)


def _without(line: str, parts: list[Part]) -> str:
    pieces, at = [], 0
    for part in sorted(parts, key=lambda part: part.start):
        pieces.append(line[at : part.start])
        at = part.end
    return " ".join(" ".join([*pieces, line[at:]]).split())


def _judged(values: dict[str, Any], rest: str) -> dict[str, Any]:
    """Topic and side where the line does not name them: by its price, else by the words that tell."""
    said = fold(rest).split()
    priced = "gap" in values or "price" in values
    topic = next((words_of.TOPIC_OF[word] for word in said if word in words_of.TOPIC_OF), ClaimTopic.PRODUCT)
    swot = Swot.WEAKNESS if words_of.WEAK.intersection(said) else Swot.THREAT
    if priced:
        topic = ClaimTopic.PRICE
        swot = Swot.OPPORTUNITY if values.get("gap", 0) > 0 else Swot.THREAT
    return {"topic": topic, "swot": swot, **values}


# --- marks ---

_BANG = re.compile(r"(?<!\S)!([^\W\d_]+)(?!\S)")
_TAG = re.compile(r"(?<!\S)#([^\W_]+)(?!\S)")
_KEYED = re.compile(r'(?<!\S)([^\W\d_]+):(?:"([^"]+)"|(\S+))')
_GRADE = re.compile(r"(?<!\S)[A-F][1-6](?!\S)")
_ACCOUNT = re.compile(r'(?<!\S)@(?:"([^"]*)"|(?=\S))')


def _kind(reading: _Reading) -> None:
    for found in _BANG.finditer(reading.line):
        if (entry := _KINDS.get(fold(found.group(1)))) is not None:
            reading.take(*found.span(), "kind", kind=entry)


def _keyed(reading: _Reading) -> None:
    for found in _KEYED.finditer(reading.line):
        key, text = fold(found.group(1)), found.group(2) or found.group(3)
        if key in ("src", "source", "sumber"):
            kind, source = _source(text)
            reading.take(*found.span(), "source", source_kind=kind, source=source)
        elif key in ("grade", "gred") and _GRADE.fullmatch(text.upper()):
            reading.take(*found.span(), "grade", grade=text.upper())
        elif key in ("vs", "lwn"):
            competitor = reading.words.competitor_runs.get(tuple(fold(text).split()))
            if competitor is not None:
                reading.take(*found.span(), "competitor_id", competitor_id=competitor)


def _source(text: str) -> tuple[SourceKind, str]:
    first, *more = re.split(r"[\s/:]+", text, maxsplit=1)
    kind = words_of.SOURCES.get(fold(first).replace(" ", "_"))
    return (SourceKind.OTHER, text) if kind is None else (kind, "".join(more).strip())


def _account(reading: _Reading) -> None:
    for found in _ACCOUNT.finditer(reading.line):
        if found.group(1) is not None:
            account = reading.words.account(tuple(fold(found.group(1)).split()))
            end = found.end()
        else:
            account, end = _unquoted(reading, found.end())
        if account is not None:
            reading.take(found.start(), end, "account_id", account_id=account)


def _unquoted(reading: _Reading, start: int) -> tuple[int | None, int]:
    """The account that the most words after the @ name."""
    tokens = [one for one in reading.tokens() if one[0] >= start][:_LONGEST_NAME]
    if not tokens or tokens[0][0] != start:
        return None, start
    for count in range(len(tokens), 0, -1):
        run = tuple(word for _start, _end, folded in tokens[:count] for word in folded.split())
        if (account := reading.words.account(run)) is not None:
            return account, tokens[count - 1][1]
    return None, start


def _tags(reading: _Reading) -> None:
    for found in _TAG.finditer(reading.line):
        word = fold(found.group(1))
        if word in words_of.CONFIDENTIAL:
            reading.take(*found.span(), "is_confidential", is_confidential=True)
        for name, known in (
            ("tag", words_of.ACTIVITIES), ("topic", words_of.TOPICS), ("swot", words_of.SWOTS),
        ):  # fmt: skip
            if word in known:
                reading.take(*found.span(), name, **{name: known[word]})


# --- days ---


def _until(reading: _Reading) -> None:
    for start, end, day in capture_days.until(reading.line, reading.words.today):
        reading.take(start, end, "until", until=day)


def _observed(reading: _Reading) -> None:
    for start, end, day in capture_days.on(reading.line, reading.words.today):
        reading.take(start, end, "observed_on", observed_on=day)


# --- prices ---

_NUMBER = r"\d{1,9}(?:,\d{3})*(?:[.,]\d{1,4})?"
_LESS = r"cheaper|lower|less|below|murah|rendah"
_MORE = r"more\s+expensive|dearer|higher|above|mahal|tinggi"
_THAN = r"(?:\s+(?:than|dari|daripada)\s+(?:us|ours|kami|kita)(?!\w))?"
_SIGNED = re.compile(rf"(?<!\S)(?P<sign>[+\-−–])\s?(?P<number>{_NUMBER})\s?%(?!\w)")
_COMPARED = re.compile(
    rf"(?<!\S)(?P<number>{_NUMBER})\s?%\s+(?:lebih\s+)?(?:(?P<less>{_LESS})|(?P<more>{_MORE}))(?!\w){_THAN}",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"(?<!\S)(?:lebih\s+)?(?:(?P<less>{_LESS})|(?P<more>{_MORE}))(?:\s+by)?\s+(?P<number>{_NUMBER})\s?%(?!\w)",
    re.IGNORECASE,
)
_PER = re.compile(r"\s*(?:/|per\s+|setiap\s+)\s*(?=\S)", re.IGNORECASE)
_LARGEST = Decimal(10) ** 9


def _gap(reading: _Reading) -> None:
    for pattern in (_SIGNED, _COMPARED, _AFTER):
        for found in pattern.finditer(reading.line):
            share = _number(found["number"]) / 100
            said = found.groupdict()
            is_less = said["sign"] != "+" if "sign" in said else bool(said["less"])
            if 0 < share < 1 and share * 10**6 == int(share * 10**6) and "price" not in reading.values:
                reading.take(*found.span(), "gap", gap=-share if is_less else share)


def _price(reading: _Reading) -> None:
    signs = "|".join(re.escape(one) for one in (*reading.words.symbols, reading.words.currency) if one)
    if not signs or "gap" in reading.values:
        return
    pattern = rf"(?<!\S)(?:(?:{signs})\s?(?P<a>{_NUMBER})|(?P<b>{_NUMBER})\s?(?:{signs})(?!\w))(?![\d%])"
    for found in re.finditer(pattern, reading.line, re.IGNORECASE):
        amount = _number(found["a"] or found["b"])
        if not 0 < amount < _LARGEST:
            continue
        end, unit = _unit(reading, found.end())
        values = {"price": amount} if unit is None else {"price": amount, "unit_id": unit}
        reading.take(found.start(), end, "price", **values)


def _unit(reading: _Reading, start: int) -> tuple[int, int | None]:
    """A unit that is known, after a slash or `per`."""
    per = _PER.match(reading.line, start)
    if per is not None:
        for at, end, run, _joined in _runs(reading):
            if at == per.end() and run in reading.words.unit_runs:
                return end, reading.words.unit_runs[run]
    return start, None


def _number(text: str) -> Decimal:
    """A comma before one, two or four last digits is a decimal one; before three it parts thousands."""
    head, comma, tail = text.rpartition(",")
    if comma and "." not in text and len(tail) != 3:
        return Decimal(f"{head.replace(',', '')}.{tail}")
    return Decimal(text.replace(",", ""))


# --- names ---

_CONNECTIVE = re.compile(r"(?<!\S)(?:on|for|untuk|bagi)\s+$", re.IGNORECASE)


def _runs(reading: _Reading) -> Iterator[tuple[int, int, Run, str]]:
    """Runs of neighbouring words, the longest first from each place."""
    tokens = reading.tokens()
    for index in range(len(tokens)):
        for stop in range(min(len(tokens), index + _LONGEST_NAME), index, -1):
            some = tokens[index:stop]
            start, end = some[0][0], some[-1][1]
            if reading.is_free(start, end):
                yield (
                    start,
                    end,
                    tuple(word for one in some for word in one[2].split()),
                    reading.line[start:end],
                )


def _product(reading: _Reading) -> None:
    for name, known in (
        ("product_id", reading.words.product_runs),
        ("category_id", reading.words.category_runs),
    ):
        if "product_id" in reading.values:
            return
        for start, end, run, said in _runs(reading):
            if run in known and len(said) >= 3:
                before = _CONNECTIVE.search(reading.line, 0, start)
                first = before.start() if before and reading.is_free(before.start(), end) else start
                if reading.take(first, end, name, **{name: known[run]}):
                    break


def _competitor(reading: _Reading) -> None:
    for start, end, run, _said in _runs(reading):
        if run in reading.words.competitor_runs:
            value = reading.words.competitor_runs[run]
            if reading.take(start, end, "competitor_id", competitor_id=value):
                return


def _grade(reading: _Reading) -> None:
    for found in _GRADE.finditer(reading.line):
        reading.take(*found.span(), "grade", grade=found.group())


_RECOGNISERS: tuple[Callable[[_Reading], None], ...] = (
    _kind, _keyed, _account, _tags, _until, _observed, _gap, _price, _competitor, _product, _grade,
)  # fmt: skip
