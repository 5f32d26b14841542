"""A report as a PDF: A4 landscape, tables and pictures drawn from the same values, no browser needed."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import reportlab
from reportlab.graphics.shapes import Drawing, Rect, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from core import formats
from core.reports.sheets import Picture, Sheet, Table, said, widths

MAIN, QUIET, LINE = colors.HexColor("#0f5c5c"), colors.HexColor("#5c6664"), colors.HexColor("#e1e4e0")
_GOOD, _BAD, TEXT = colors.HexColor("#2f7d4f"), colors.HexColor("#b3423d"), colors.HexColor("#1d2424")
REGULAR, BOLD = "Vera", "VeraBd"  # they come with ReportLab, and know the minus sign of print
# For names in Chinese: known to every reader of PDFs, which brings the glyphs, so that none need to be in the file.
CHINESE = "STSong-Light"
_CHINESE_RUN = re.compile("[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]+")
_MARGIN = 12 * mm
_PICTURE_ROW = 10.5
_FRAME = 12  # what a page template keeps free on both sides within its margins
_NARROW = 4  # columns of a table that takes half a page's width
_GAP = 8 * mm


@cache
def fonts() -> None:
    folder = Path(reportlab.__file__).parent / "fonts"
    for name in (REGULAR, BOLD):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))


def write(sheet: Sheet) -> bytes:
    """The pages, with a footer that says what they are of."""
    fonts()
    target = io.BytesIO()
    size = landscape(A4)
    width = size[0] - 2 * _MARGIN - _FRAME
    document = SimpleDocTemplate(
        target, pagesize=size, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN,
        title=sheet.title, author="Utama", subject=" · ".join(sheet.lines), invariant=True,
    )  # fmt: skip
    story: list[Any] = [Paragraph(safe(sheet.title), style(16, bold=True, color=MAIN))]
    story += [Paragraph(safe(line), style(8, color=QUIET)) for line in sheet.lines]
    blocks = [(tables, _beside(tables, sheet.currency, width)) for tables in _rows(sheet.tables)]
    pictures = [_picture(picture, sheet.currency, width) for picture in sheet.pictures]
    wide = [block for tables, block in blocks if len(tables) == 1]
    for block in (*wide, *pictures, *(block for tables, block in blocks if len(tables) > 1)):
        story += [Spacer(1, 3 * mm), block]
    footer = _Footer(sheet)
    document.build(story, onFirstPage=footer.draw, onLaterPages=footer.draw)
    return target.getvalue()


class _Footer:
    """Title and page number below every page."""

    def __init__(self, sheet: Sheet) -> None:
        self._title = sheet.title

    def draw(self, canvas: Any, document: Any) -> None:
        canvas.setFillColor(QUIET)
        draw(canvas, _MARGIN, 6 * mm, self._title, 7)
        canvas.setFont(REGULAR, 7)
        canvas.drawRightString(document.pagesize[0] - _MARGIN, 6 * mm, str(document.page))


def style(size: float, *, bold: bool = False, color: Any = TEXT, right: bool = False) -> ParagraphStyle:
    return ParagraphStyle(
        "text", fontName=BOLD if bold else REGULAR, fontSize=size, leading=size * 1.25, textColor=color,
        alignment=2 if right else 0,
    )  # fmt: skip


def safe(text: str) -> str:
    """Text that somebody typed, never read as markup; what is Chinese of it in a font that knows it."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _CHINESE_RUN.sub(rf'<font name="{CHINESE}">\g<0></font>', plain)


def draw(canvas: Any, left: float, bottom: float, text: str, size: float) -> None:
    """A line of text outside paragraphs."""
    line = canvas.beginText(left, bottom)
    place = 0
    for found in (*_CHINESE_RUN.finditer(text), None):
        end = len(text) if found is None else found.start()
        line.setFont(REGULAR, size)
        line.textOut(text[place:end])
        if found is not None:
            line.setFont(CHINESE, size)
            line.textOut(found.group())
            place = found.end()
    canvas.drawText(line)


def _rows(tables: Sequence[Table]) -> Iterator[tuple[Table, ...]]:
    """Two narrow tables that follow each other stand side by side."""
    waiting = list(tables)
    while waiting:
        first = waiting.pop(0)
        if waiting and max(len(first.columns), len(waiting[0].columns)) <= _NARROW:
            yield first, waiting.pop(0)
        else:
            yield (first,)


def _beside(tables: tuple[Table, ...], currency: str, width: float) -> Any:
    if len(tables) == 1:
        return KeepTogether(_table(tables[0], currency, width))
    half = (width - _GAP) / 2
    left, right = (_table(table, currency, half) for table in tables)
    grid = Grid([[left, "", right]], colWidths=[half, _GAP, half])
    grid.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *_no_padding()])
    return grid


def _no_padding() -> list[tuple[Any, ...]]:
    sides = ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING")
    return [(side, (0, 0), (-1, -1), 0) for side in sides]


def _table(table: Table, currency: str, width: float) -> list[Any]:
    numeric = [column.unit != "text" for column in table.columns]
    head = [
        Paragraph(safe(column.label), style(6.5, bold=True, color=QUIET, right=right))
        for column, right in zip(table.columns, numeric, strict=True)
    ]
    body = [
        [
            Paragraph(safe(said(value, column, currency)), style(6.5, right=right))
            for value, column, right in zip(row, table.columns, numeric, strict=True)
        ]
        for row in table.rows
    ]
    grid = Grid([head, *body], colWidths=widths(table.columns, width), repeatRows=1)
    grid.setStyle(
        [
            ("LINEBELOW", (0, 0), (-1, 0), 0.6, MAIN),
            ("LINEBELOW", (0, 1), (-1, -1), 0.25, LINE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            *(
                ("LEFTPADDING", (place, 0), (place, -1), 7)
                for place in range(1, len(numeric))
                if not numeric[place]
            ),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
        ]
    )
    parts: list[Any] = [Paragraph(safe(table.title), style(10, bold=True)), grid]
    if table.note:
        parts.append(Paragraph(safe(table.note), style(6.5, color=QUIET)))
    return parts


def _picture(picture: Picture, currency: str, width: float) -> Any:
    """Bars from one zero, gains to the right of it and losses to the left."""
    count = len(picture.bars)
    drawing = Drawing(width, count * _PICTURE_ROW + 4)
    greatest = max((abs(amount) for _name, amount in picture.bars), default=Decimal(0)) or Decimal(1)
    names, half = width * 0.28, width * 0.3
    zero = names + half
    for place, (name, amount) in enumerate(picture.bars):
        bottom = (count - 1 - place) * _PICTURE_ROW + 3
        length = float(abs(amount) / greatest) * half
        left = zero if amount >= 0 else zero - length
        fill = _GOOD if amount >= 0 else _BAD
        drawing.add(Rect(left, bottom, length, _PICTURE_ROW - 3.5, fillColor=fill, strokeColor=None))
        drawing.add(_label(names - 4, bottom, name[:44], anchor="end"))
        said_amount = formats.compact(amount, currency, signed=True)
        edge = zero + length + 3 if amount >= 0 else zero + 3
        drawing.add(_label(edge, bottom, said_amount, anchor="start"))
    return KeepTogether([Paragraph(safe(picture.title), style(10, bold=True)), drawing])


def _label(left: float, bottom: float, text: str, *, anchor: str) -> Any:
    return String(left, bottom + 2, text, fontName=REGULAR, fontSize=7, fillColor=TEXT, textAnchor=anchor)
