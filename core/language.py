"""Which language a text is shown in, and the catalogues behind it."""

from __future__ import annotations

import gettext
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = {"en": "English", "ms": "Bahasa Melayu"}
DEFAULT = "en"
CATALOGUES = Path(__file__).resolve().parents[1] / "data" / "locale"

_current: ContextVar[str] = ContextVar("language", default=DEFAULT)


def use(language: str) -> None:
    """Speak this language from here on in this thread of work; an unknown one means English."""
    _current.set(language if language in LANGUAGES else DEFAULT)


def current() -> str:
    return _current.get()


def _(message: str) -> str:
    """The message in the current language."""
    return _translations(current()).gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The message that fits the count, in the current language; placeholders are left to the caller."""
    return _translations(current()).ngettext(singular, plural, count)


def N_(message: str) -> str:  # noqa: N802  (gettext's own name for it)
    """Mark a constant for translation; `_` translates it where it is shown."""
    return message


@cache
def _translations(language: str) -> gettext.NullTranslations:
    # Catalogues are read from their source: nothing has to be compiled before the first start.
    source = CATALOGUES / language / "LC_MESSAGES" / "utama.po"
    if not source.exists():
        return gettext.NullTranslations()
    with source.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
