"""What a cell means before it is a number or a day: unknown, an id, or a text."""

from __future__ import annotations

import re

from core.language import N_

LONGEST_ID, LONGEST_TEXT = 64, 500

_UNKNOWN = {"", "-", "?", "null", "nan", "–", "—", "−"}
_FLOAT_ID = re.compile(r"^(\d+)\.0+$")
_SHORTENED = re.compile(r"^\d(?:[.,]\d+)?E\+\d{1,3}$", re.IGNORECASE)
_ERRORS = {
    "#n/a",
    "#ref!",
    "#value!",
    "#div/0!",
    "#name?",
    "#null!",
    "#num!",
    "#spill!",
    "#calc!",
    "#getting_data",
}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\u200b]")
_BREAKS = re.compile(r"\s*[\r\n\t]+\s*")
_PLAIN_NUMBER = re.compile(r"^[-+]?[\d.,\s]*\d$")
_FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\x00")

EXCEL_ERROR = N_("the cell holds an Excel error")
SHORTENED = N_("Excel has shortened this number and lost digits: format the column as text and save again")
TOO_LONG = N_("the text is too long")


class Refused(ValueError):
    """A cell that cannot be used; its text is the reason."""


def clean(text: str) -> str:
    """The cell without outer blanks, control characters and the quote that disarms formulas."""
    if text.isascii() and text.isalnum():
        return text
    text = _BREAKS.sub(" ", _CONTROL.sub("", text)).strip()
    if text.startswith("'") and text[1:].startswith(_FORMULA_START):
        text = text[1:]
    return text


def disarmed(text: str) -> str:
    """The cell as it may stand in a file that a spreadsheet opens: never the start of a formula."""
    if text.startswith(_FORMULA_START) and not _PLAIN_NUMBER.match(text):
        return "'" + text
    return text


def is_unknown(text: str) -> bool:
    return text.casefold() in _UNKNOWN


def identifier(text: str) -> str:
    """An id or code: case kept, 17850.0 the same as 17850."""
    _refuse_error(text)
    if _SHORTENED.match(text):
        raise Refused(SHORTENED)
    if len(text) > LONGEST_ID:
        raise Refused(TOO_LONG)
    matched = _FLOAT_ID.match(text)
    return matched[1] if matched else text


def words(text: str) -> str:
    """A name or another text, as it stands."""
    _refuse_error(text)
    if len(text) > LONGEST_TEXT:
        raise Refused(TOO_LONG)
    return text


def _refuse_error(text: str) -> None:
    if text.startswith("#") and text.casefold() in _ERRORS:
        raise Refused(EXCEL_ERROR)
