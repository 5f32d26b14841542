"""Whoever chose Malay reads Malay: every text is in the catalogue, translated and whole."""

import ast
from pathlib import Path

import pytest
from babel.messages import Catalog

from core import language
from tests import catalogues


@pytest.fixture(scope="module")
def messages() -> Catalog:
    return catalogues.extract()


def catalogue(**said: str) -> Catalog:
    """A catalogue of these messages; keys are the English texts with _ for a blank."""
    found = Catalog(locale="ms")
    for source, translated in said.items():
        found.add(source.replace("_", " "), translated)
    return found


def source(*texts: str) -> Catalog:
    found = Catalog()
    for text in texts:
        found.add(text)
    return found


def test_every_language_that_can_be_chosen_has_a_catalogue():
    assert {*catalogues.languages(), language.DEFAULT} == set(language.LANGUAGES)


def test_the_template_says_what_the_sources_say(messages):
    written = catalogues.TEMPLATE.read_bytes().decode("utf-8")

    is_current = written == catalogues.template(messages).decode("utf-8")
    assert is_current, "data/locale/utama.pot is behind the sources: run `make catalogues`"


@pytest.mark.parametrize("chosen", catalogues.languages())
def test_a_catalogue_is_complete(messages, chosen):
    found = catalogues.faults(messages, catalogues.read(catalogues.catalogue_path(chosen), chosen))

    assert not found, "\n".join(
        [f"{chosen}, {len(found)} faults; `make catalogues` brings it up to date:", *found]
    )


@pytest.mark.parametrize("chosen", catalogues.languages())
def test_a_catalogue_is_in_the_order_that_make_catalogues_gives_it(messages, chosen):
    written = catalogues.catalogue_path(chosen).read_bytes().decode("utf-8")

    is_tidy = written == catalogues.updated(messages, chosen).decode("utf-8")
    assert is_tidy, "run `make catalogues`"


def test_the_exceptions_are_messages_that_there_are(messages):
    known = {text for message in messages for text in catalogues.texts(message.id)}

    assert catalogues.SAME_IN_MALAY - known == set()


def test_a_text_reaches_the_screen_in_the_chosen_language(messages):
    translated = catalogues.read(catalogues.catalogue_path("ms"), "ms")
    example = next(m for m in translated if isinstance(m.id, str) and m.id and m.string not in ("", m.id))

    language.use("ms")

    assert language._(example.id) == example.string


def test_every_kind_of_message_is_extracted(tmp_path: Path):
    (tmp_path / "core").mkdir()
    (tmp_path / "core/x.py").write_text(
        '_("One")\nN_("Two")\nngettext("{n} row", "{n} rows", n)\nprint("Three")\n'
    )
    (tmp_path / "app.py").write_text('_("Four")')

    found = catalogues.extract(tmp_path)

    assert [m.id for m in found if m.id] == ["Four", "One", "Two", ("{n} row", "{n} rows")]


def test_a_missing_translation_is_a_fault():
    assert catalogues.faults(source("Save"), catalogue()) == ["not translated: Save"]
    assert catalogues.faults(source("Save"), catalogue(Save="")) == ["not translated: Save"]


def test_english_left_standing_is_a_fault_outside_the_short_list():
    assert catalogues.faults(source("Save"), catalogue(Save="Save")) == ["said in English: Save"]
    assert catalogues.faults(source("Margin"), catalogue(Margin="Margin"), frozenset({"Margin"})) == []
    assert catalogues.faults(source("{n} %"), catalogue(**{"{n}_%": "{n} %"})) == []


def test_a_lost_or_misspelt_placeholder_is_a_fault():
    english = source("{rows} rows of {name}")
    said = {"{rows}_rows_of_{name}": "{baris} baris bagi {name}"}

    assert catalogues.faults(english, catalogue(**said)) == ["other placeholders: {rows} rows of {name}"]
    assert (
        catalogues.faults(english, catalogue(**{"{rows}_rows_of_{name}": "{rows} baris bagi {name}"})) == []
    )


def test_a_format_may_differ_and_the_placeholder_not():
    assert catalogues.faults(source("{day:%d %b}"), catalogue(**{"{day:%d_%b}": "{day:%d hb %b}"})) == []


def test_what_nobody_says_any_more_is_a_fault():
    assert catalogues.faults(source(), catalogue(Save="Simpan")) == ["no longer said: Save"]


def test_a_doubtful_translation_is_a_fault():
    doubtful = Catalog(locale="ms")
    doubtful.add("Save", "Simpan", flags=["fuzzy"])

    assert catalogues.faults(source("Save"), doubtful) == ["marked as doubtful: Save"]


def test_a_lost_blank_at_an_end_is_a_fault():
    assert catalogues.faults(source("Owner: "), catalogue(**{"Owner:_": "Pemilik:"})) == [
        "other blanks at an end: Owner: "
    ]


def test_no_message_hides_inside_an_f_string():
    """Python 3.11 reads an f-string as one word, so a `_()` inside it never reaches the template."""
    hidden = [
        f"{path.relative_to(catalogues.ROOT)}:{call.lineno}"
        for path in catalogues.source_files()
        for text in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        if call.func.id in catalogues.KEYWORDS and isinstance(call.args[0], ast.Constant)
    ]

    assert hidden == []
