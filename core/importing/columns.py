"""From cells to values: each different text of a column is read once, in the notation the whole file proves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from core.importing import amounts, cells, dates
from core.importing.amounts import Decimals, Written
from core.importing.dates import DateOrder, Reading
from core.importing.fields import Content, Field
from core.importing.tables import Codes, Column, Mask, Wholes
from core.language import N_
from core.money import MONEY_SCALE, QUANTITY_SCALE, RATE_SCALE

MISSING = int(np.iinfo(np.int64).min)

NOT_A_NUMBER = N_("this is not a number")
NOT_A_DAY = N_("this is not a date")
NOT_A_MONTH = N_("this is not a month")
NOT_WHOLE = N_("this is not a whole number")
NOT_A_CURRENCY = N_("give a currency by its three letters, such as MYR")
TOO_LARGE = N_("the number is too large")
ROUNDED = N_("more decimals than are kept were rounded half up")

_DIGITS = {Content.MONEY: 4, Content.QUANTITY: 3, Content.RATE: 6, Content.WHOLE: 0}
assert {10**digits for digits in _DIGITS.values()} == {1, MONEY_SCALE, QUANTITY_SCALE, RATE_SCALE}  # noqa: S101
_COLLOQUIAL = {"RM": "MYR"}  # what Malaysian files write instead of the ISO code
# Ten to the fifteenth, in the smallest unit of any column, still fits the store's whole numbers.
_LARGEST = 10**15


@dataclass(frozen=True)
class Question:
    """Something that the file leaves open: it is asked, never guessed."""

    about: str  # "decimal" or "date_order"
    headers: tuple[str, ...]
    examples: tuple[str, ...]
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Texts:
    """One text for each row, or none; each different text once."""

    values: list[str]
    codes: Codes  # -1: unknown

    @property
    def known(self) -> Mask:
        return np.asarray(self.codes >= 0)

    def at(self, row: int) -> str | None:
        return self.values[self.codes[row]] if self.codes[row] >= 0 else None


@dataclass
class Values:
    """What the columns of a file say, and which cells say nothing usable."""

    rows: int
    texts: dict[str, Texts] = field(default_factory=dict)
    wholes: dict[str, Wholes] = field(
        default_factory=dict
    )  # scaled numbers, or days as ordinals; MISSING: unknown
    refused: list[tuple[str, str, Mask]] = field(default_factory=list)  # field, reason, rows
    rounded: list[tuple[str, Mask]] = field(default_factory=list)  # field, rows
    questions: list[Question] = field(default_factory=list)

    def text(self, name: str) -> Texts:
        """A text column; one that the file lacks is unknown throughout."""
        found = self.texts.get(name)
        return found if found is not None else Texts([], np.full(self.rows, -1, dtype=np.int32))

    def whole(self, name: str) -> Wholes:
        found = self.wholes.get(name)
        return found if found is not None else np.full(self.rows, MISSING, dtype=np.int64)


def read(
    columns: Iterable[tuple[Field, Column]],
    rows: int,
    *,
    decimals: Decimals | None = None,
    date_order: DateOrder | None = None,
) -> Values:
    """Read every mapped column; what is ambiguous in the whole file becomes a question."""
    values = Values(rows)
    numbers: list[tuple[Field, Column, list[Written | None]]] = []
    days: list[tuple[Field, Column, list[Reading | None]]] = []
    for one, column in columns:
        if one.content in _DIGITS:
            numbers.append((one, column, [_number(text) for text in column.texts]))
        elif one.content is Content.DAY:
            days.append((one, column, [_reading(text, dates.read) for text in column.texts]))
        elif one.content is Content.MONTH:
            days.append((one, column, [_reading(text, dates.read_month) for text in column.texts]))
        else:
            _read_texts(values, one, column)
    _read_numbers(values, numbers, decimals)
    _read_days(values, days, date_order)
    return values


def _number(text: str) -> Written | None:
    return None if cells.is_unknown(text) else amounts.take_apart(text)


def _reading(text: str, reader: Callable[[str], Reading | None]) -> Reading | None:
    return None if cells.is_unknown(text) else reader(text)


def _read_texts(values: Values, one: Field, column: Column) -> None:
    """Texts by their meaning: different spellings of one id become one."""
    positions: dict[str, int] = {}
    reasons: dict[str, list[int]] = {}
    meaning = np.full(len(column.texts), -1, dtype=np.int32)
    for place, text in enumerate(column.texts):
        if cells.is_unknown(text):
            continue
        try:
            value = _text_value(one, text)
        except cells.Refused as refused:
            reasons.setdefault(str(refused), []).append(place)
            continue
        meaning[place] = positions.setdefault(value, len(positions))
    values.texts[one.name] = Texts(list(positions), meaning[column.codes])
    for reason, places in reasons.items():
        values.refused.append((one.name, reason, np.isin(column.codes, places)))


def _text_value(one: Field, text: str) -> str:
    if one.content is Content.ID:
        return cells.identifier(text)
    if one.content is Content.CURRENCY:
        code = cells.words(text).upper()
        code = _COLLOQUIAL.get(code, code)
        if len(code) != 3 or not code.isascii() or not code.isalpha():
            raise cells.Refused(NOT_A_CURRENCY)
        return code
    return cells.words(text)


def _read_numbers(
    values: Values, columns: list[tuple[Field, Column, list[Written | None]]], decimals: Decimals | None
) -> None:
    shared = _agreed(
        {proof for _one, _column, seen in columns for proof in amounts.evidence(filter(None, seen))}
    )
    open_columns = []
    for one, column, seen in columns:
        own = amounts.evidence(filter(None, seen))
        notation = decimals or _agreed(own) or (shared if not own else None)
        if notation is None and any(number is not None and number.ambiguous for number in seen):
            open_columns.append((column.header, amounts.examples(seen)))
        _scale_column(values, one, column, seen, notation or "point")
    if open_columns:
        values.questions.append(_question("decimal", open_columns, ("point", "comma")))


def _scale_column(
    values: Values, one: Field, column: Column, seen: list[Written | None], notation: Decimals
) -> None:
    digits = _DIGITS[one.content]
    meaning = np.full(len(seen), MISSING, dtype=np.int64)
    cut_places: list[int] = []
    reasons: dict[str, list[int]] = {}
    for place, (text, number) in enumerate(zip(column.texts, seen, strict=True)):
        if number is None:
            if not cells.is_unknown(text):
                reasons.setdefault(NOT_A_NUMBER, []).append(place)
            continue
        value, cut = amounts.scaled(number, digits, notation)
        if abs(value) > _LARGEST:
            reasons.setdefault(TOO_LARGE, []).append(place)
        elif cut and one.content is Content.WHOLE:
            reasons.setdefault(NOT_WHOLE, []).append(place)
        else:
            meaning[place] = value
            if cut:
                cut_places.append(place)
    values.wholes[one.name] = meaning[column.codes]
    for reason, places in reasons.items():
        values.refused.append((one.name, reason, np.isin(column.codes, places)))
    if cut_places:
        values.rounded.append((one.name, np.isin(column.codes, cut_places)))


def _read_days(
    values: Values, columns: list[tuple[Field, Column, list[Reading | None]]], order: DateOrder | None
) -> None:
    shared = _agreed(
        {proof for _one, _column, seen in columns for proof in dates.evidence(filter(None, seen))}
    )
    open_columns = []
    for one, column, seen in columns:
        own = dates.evidence(filter(None, seen))
        chosen = order or _agreed(own) or (shared if not own else None)
        unsure = [
            text for text, day in zip(column.texts, seen, strict=True) if day is not None and day.ambiguous
        ]
        if chosen is None and unsure:
            open_columns.append((column.header, unsure[:3]))
        reason = NOT_A_MONTH if one.content is Content.MONTH else NOT_A_DAY
        _place_days(
            values, one, column, [None if day is None else day.under(chosen or "day") for day in seen], reason
        )
    if open_columns:
        values.questions.append(_question("date_order", open_columns, ("day", "month")))


def _place_days(values: Values, one: Field, column: Column, days: list[date | None], reason: str) -> None:
    meaning = np.array([MISSING if day is None else day.toordinal() for day in days], dtype=np.int64)
    values.wholes[one.name] = meaning[column.codes] if len(meaning) else np.empty(0, dtype=np.int64)
    bad = [
        place
        for place, (text, day) in enumerate(zip(column.texts, days, strict=True))
        if day is None and not cells.is_unknown(text)
    ]
    if bad:
        values.refused.append((one.name, reason, np.isin(column.codes, bad)))


def _agreed(proofs: set[Any]) -> Any:
    return next(iter(proofs)) if len(proofs) == 1 else None


def _question(about: str, columns: list[tuple[str, list[str]]], choices: tuple[str, ...]) -> Question:
    shown = [example for _header, found in columns for example in found]
    return Question(
        about, tuple(header for header, _found in columns), tuple(dict.fromkeys(shown))[:3], choices
    )
