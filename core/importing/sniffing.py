"""What a text file is written in: its encoding, and the sign between its cells."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from pathlib import Path

from core.errors import Invalid
from core.language import _

_SIGNS = (",", ";", "\t", "|")
_BLOCK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The beginnings of files that people upload by mistake.
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0", ".xls"),
    (b"%PDF", "PDF"),
    (b"\x1f\x8b", "gzip"),
    (b"\x89PNG", "PNG"),
    (b"{\\rtf", "RTF"),
    (b"SQLite format 3", "SQLite"),
)


def encoding_of(path: Path) -> str:
    """The encoding of a text file: by its mark, by the zero bytes of UTF-16, or UTF-8 before Windows-1252."""
    with path.open("rb") as file:
        head = file.read(4096)
    for start, name in _FOREIGN:
        if head.startswith(start):
            raise Invalid(
                _("This is a {format} file. Save it as CSV or XLSX and upload that.").format(format=name)
            )
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\x00" in head:
        return _wide(head)
    return "utf-8" if _is_utf8(path) else "cp1252"


def _wide(head: bytes) -> str:
    """UTF-16 without a mark shows in the zero byte of each Latin letter."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(len(head) // 2, 1)
    if odd > half * 0.4 and even < half * 0.1:
        return "utf-16-le"
    if even > half * 0.4 and odd < half * 0.1:
        return "utf-16-be"
    if (even + odd) > len(head) * 0.05:
        raise Invalid(_("This is not a text file. Save the table as CSV or XLSX and upload that."))
    return "utf-8"


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def delimiter_of(sample: str) -> str:
    """The sign between cells: the one under which the sample's rows are widest and most alike."""
    best, best_score = ",", (0.0, 0)
    for sign in _SIGNS:
        try:
            rows = [row for row in csv.reader(sample.splitlines(keepends=True), delimiter=sign) if row]
        except csv.Error:
            continue
        # The sample may end in the middle of a row.
        widths = [len(row) for row in (rows[:-1] if len(rows) > 2 else rows)][:200]
        if not widths or widths[0] < 2:
            continue
        usual, times = Counter(widths).most_common(1)[0]
        if usual < 2:
            continue
        score = (round(times / len(widths), 1) + (0.5 if widths[0] == usual else 0.0), usual)
        if score > best_score:
            best, best_score = sign, score
    return best
