"""A line that somebody types becomes an entry, and no word of it is lost."""

import re
from collections import Counter
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core import capture
from core.capture import Entry
from tests.core.capture_corpus import CORPUS, WORDS

DEFAULTS = {
    field.name: field.default
    for field in capture.Capture.__dataclass_fields__.values()
    if field.name not in ("line", "kind", "statement", "parts")
} | {"rest": ""}


@pytest.mark.parametrize(("line", "label"), CORPUS, ids=[line or "nothing" for line, _label in CORPUS])
def test_a_line_says_what_its_label_says(line, label):
    found = capture.read(line, WORDS)

    assert {name: getattr(found, name) for name in (*DEFAULTS, "kind")} == {**DEFAULTS, **label}


def test_the_corpus_is_large_and_in_both_languages():
    assert len(CORPUS) >= 60
    malay = re.compile(
        r"\b(hingga|lebih|sumber|sampai|pada|semalam|esok|lewat|beri|mahu|tamat|kualiti|pemilik)\b"
    )
    assert sum(bool(malay.search(line)) for line, _label in CORPUS) >= 15


def test_what_is_claimed_is_the_line_without_what_is_said_about_it():
    line = "@acme #call BrandX -3% Snacks 500g until 31/3 src:buyer B2 #sulit"

    assert capture.read(line, WORDS).statement == "BrandX -3% Snacks 500g until 31/3"


PIECES = [
    "@", "#", "!", "src:", "sumber:", "vs:", '"', "@acme", '@"Kedai Maju"', "#call", "#sulit", "!note", "BrandX",
    "segar", "-3%", "−", "3 % cheaper", "lebih murah", "RM", "RM 12.50", "/ctn", "per kg", "until", "31/3", "31/2",
    "hingga", "yesterday", "on 2/3", "Snacks", "500g", "SN-500", "B2", "grade:", ":", "/", "\t", "\n", "￼", "½", "ﬁ",
    "İ", "99/99/9999", "1e999", "0%", "9" * 40, "%%", "until 0-0-0", "RM ,,,", "<b>", "![x](http://e/p.png)",
]  # fmt: skip
lines = st.text() | st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=14).flatmap(
    lambda some: st.sampled_from([" ", "", "  "]).map(lambda gap: gap.join(some))
)


@settings(max_examples=2500)
@given(line=lines)
@example(line="@acme @acme brandx brandx -3% -4% RM 3 RM 4 src:a src:b")
def test_no_line_is_refused_and_no_word_of_it_lost(line):
    found = capture.read(line, WORDS)

    assert found.line == line
    at = 0
    between = []
    for part in found.parts:
        assert at <= part.start < part.end <= len(line)
        between.append(line[at : part.start])
        at = part.end
    between.append(line[at:])
    assert " ".join(" ".join(between).split()) == found.rest
    # Every word stands in a part that was understood, or in the text.
    taken = " ".join(line[part.start : part.end] for part in found.parts)
    words = Counter(re.sub(r"\s", "", line))
    assert words == Counter(re.sub(r"\s", "", taken + found.rest))
    if found.kind is Entry.NOTE:
        assert not {part.field for part in found.parts} - {"kind", "account_id", "tag"}


@settings(max_examples=500)
@given(line=lines, today=st.dates(date(1999, 12, 1), date(2100, 3, 31)))
def test_a_note_read_on_any_day_has_its_days_on_the_right_side(line, today):
    words = capture.Words(today, WORDS.accounts, WORDS.competitors, WORDS.products)
    found = capture.read(f"{line} brandx", words)

    assert found.observed_on is None or found.observed_on <= today


@given(day=st.dates(date(2020, 1, 1), date(2090, 12, 31)))
def test_the_day_comes_before_the_month(day):
    for written in (
        f"{day.day}/{day.month}/{day.year}",
        f"{day:%d-%m-%Y}",
        f"{day:%d.%m.%y}",
        f"{day:%d %b %Y}",
    ):
        assert capture.read(f"brandx -3% until {written}", WORDS).until == day
