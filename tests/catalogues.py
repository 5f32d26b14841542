"""Translation catalogues: what the sources say, and what a catalogue lacks of it.

`make catalogues` runs this module: it writes data/locale/utama.pot from the sources and brings every
language's utama.po up to date with it. Nothing is compiled: core/language.py reads the .po files.
English is the source and has no catalogue.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "data" / "locale"
TEMPLATE = LOCALE / "utama.pot"
SOURCES = ("app.py", "core", "pages")
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "N_": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"\{(\w*)(?:[!:][^{}]*)?\}")

# Messages that are the same word in Malay: names, units and words that both languages share.
SAME_IN_MALAY = frozenset(
    {
        "Audit",
        "B",
        "Bonus",
        "Data",
        "Data & import",
        "Format",
        "HHI",
        "Import",
        "K",
        "MASE",
        "Margin",
        "No.",
        "Portfolio",
        "Status",
        "Theta",
        "Unit",
        "WAPE",
        "margin",
    }
)


def languages() -> list[str]:
    """Every language that has a catalogue."""
    return sorted(path.parents[1].name for path in LOCALE.glob("*/LC_MESSAGES/utama.po"))


def catalogue_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "utama.po"


def source_files(root: Path = ROOT) -> Iterator[Path]:
    """The files that speak to people."""
    for name in SOURCES:
        place = root / name
        yield from sorted(place.rglob("*.py")) if place.is_dir() else root.glob(name)


def extract(root: Path = ROOT) -> Catalog:
    """Every message of the sources; files without line numbers, so that moving code changes no catalogue."""
    found = Catalog(project="Utama", charset="utf-8", fuzzy=False, header_comment="# Messages of Utama.")
    for path in source_files(root):
        for _line, message, comments, context in extract_from_file(
            "python", path, KEYWORDS, ("Translators:",)
        ):
            place = (path.relative_to(root).as_posix(), 0)
            found.add(message, None, [place], auto_comments=comments, context=context)
    return found


def template(messages: Catalog) -> bytes:
    """The template's text; the same messages give the same bytes on any day."""
    target = BytesIO()
    write_po(target, messages, width=110, sort_output=True, omit_header=True, include_lineno=False)
    return (
        b"# Messages of Utama, in English. `make catalogues` writes this file.\n"
        + _header()
        + target.getvalue()
    )


def _header(language: str = "") -> bytes:
    lines = ['msgid ""', 'msgstr ""', '"Content-Type: text/plain; charset=utf-8\\n"']
    if language:
        # Malay has one form for any count.
        lines += [f'"Language: {language}\\n"', '"Plural-Forms: nplurals=1; plural=0;\\n"']
    return "\n".join([*lines, "", ""]).encode()


def read(path: Path, language: str | None = None) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(messages: Catalog, language: str) -> bytes:
    """The language's catalogue with the sources' messages: new ones empty, old ones gone, none guessed."""
    path = catalogue_path(language)
    catalogue = read(path, language) if path.exists() else Catalog(locale=language)
    catalogue.update(messages, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    target = BytesIO()
    write_po(target, catalogue, width=110, sort_output=True, omit_header=True, include_lineno=False)
    return f"# Messages of Utama in {language}.\n".encode() + _header(language) + target.getvalue()


def texts(value: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """A message's forms: one, or singular and plural."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def faults(messages: Catalog, catalogue: Catalog, same: frozenset[str] = SAME_IN_MALAY) -> list[str]:
    """What a catalogue lacks or says wrongly, a sentence a fault."""
    found = [f"not translated: {source}" for source in missing(messages, catalogue)]
    found += [f"no longer said: {texts(m.id)[0]}" for m in catalogue if m.id and _find(messages, m) is None]
    for message in catalogue:
        if not message.id or _find(messages, message) is None:
            continue
        source, said = texts(message.id), texts(message.string)
        if message.fuzzy:
            found.append(f"marked as doubtful: {source[0]}")
        if all(said):
            found += [f"{fault}: {source[0]}" for fault in _wrong(source, said, same)]
    return found


def missing(messages: Catalog, catalogue: Catalog) -> list[str]:
    """The messages of the sources that the catalogue has nothing for."""
    found = []
    for message in messages:
        known = _find(catalogue, message)
        said = texts(known.string) if known else ()
        if message.id and not (said and all(said)):
            found.append(texts(message.id)[0])
    return found


def _wrong(source: tuple[str, ...], said: tuple[str, ...], same: frozenset[str]) -> Iterator[str]:
    wanted = {name for text in source for name in PLACEHOLDER.findall(text)}
    for text in said:
        if text in source and text not in same and re.search(r"[^\W\d_]", PLACEHOLDER.sub("", text)):
            yield "said in English"
        # A singular may leave the count out; a form for any count has to bring every placeholder.
        if set(PLACEHOLDER.findall(text)) != wanted:
            yield "other placeholders"
        if text[:1].isspace() != source[0][:1].isspace() or text[-1:].isspace() != source[0][-1:].isspace():
            yield "other blanks at an end"


def _find(catalogue: Catalog, message: Message) -> Message | None:
    return catalogue.get(message.id, message.context)


def main() -> int:
    """Write the template and every catalogue; say what is left to translate."""
    messages = extract()
    TEMPLATE.write_bytes(template(messages))
    for language in languages():
        catalogue_path(language).write_bytes(updated(messages, language))
        left = missing(messages, read(catalogue_path(language), language))
        sys.stdout.write(f"{language}: {len(messages)} messages, {len(left)} to translate\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
