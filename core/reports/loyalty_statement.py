"""An account's statement of points for print: A4 upright, in the customer's language."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from core import formats, language
from core.language import _
from core.loyalty import words
from core.loyalty.account_statement import AccountStatement
from core.reports import pdf

_MARGIN = 16 * mm
_WIDTHS = (24, 92, 30, 30)  # millimetres
_NARROW = (88, 44, 44)


def write(found: AccountStatement, speaks: str) -> bytes:
    """The statement as a PDF, in this language."""
    before = language.current()
    language.use(speaks)
    try:
        return _pdf(found)
    finally:
        language.use(before)


def _pdf(found: AccountStatement) -> bytes:
    pdf.fonts()
    target = io.BytesIO()
    title = _("Statement of points")
    document = SimpleDocTemplate(
        target, pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN,
        title=f"{title}: {found.account}", author=found.company, invariant=True,
    )  # fmt: skip
    story: list[Any] = [
        _line(found.company, 9, color=pdf.QUIET),
        _line(title, 20, bold=True, color=pdf.MAIN),
        Spacer(1, 2 * mm),
        _line(f"{found.account} · {found.account_code}", 12, bold=True),
        _line(formats.period(found.period), 9, color=pdf.QUIET),
        Spacer(1, 4 * mm),
        *(_line(text, 9) for text in _told(found)),
        Spacer(1, 4 * mm),
        _entries(found),
    ]
    if found.status.by_month():
        story += [
            Spacer(1, 5 * mm),
            _line(_("What lapses unless it is spent"), 11, bold=True),
            _lapsing(found),
        ]
    footer = _Footer(f"{found.company} · {found.account} · {formats.day(found.period.last_day)}")
    document.build(story, onFirstPage=footer.draw, onLaterPages=footer.draw)
    return target.getvalue()


def _line(text: str, size: float, **look: Any) -> Any:
    return Paragraph(pdf.safe(text), pdf.style(size, **look))


def _told(found: AccountStatement) -> Iterator[str]:
    """Where the account stands at the end of the period, in sentences."""
    status, tier = found.status, found.status.tier
    yield _("Points that can be spent: {active}. Pending: {pending}.").format(
        active=words.points(status.active), pending=words.points(status.pending)
    )
    if status.group is not None:
        yield _("The points are pooled with {group}.").format(group=status.group)
    if tier is None:
        return
    held = _("Tier: {tier}").format(tier=words.held(tier.loyalty_tier, tier.source))
    if tier.loyalty_tier and tier.until is not None:
        held += ", " + _("sure until {day}").format(day=formats.day(tier.until))
    yield held + "."
    if tier.next_tier is not None and tier.to_next is not None:
        yield _("To {tier}: {points} more qualifying by {day}.").format(
            tier=tier.next_tier, points=words.points(tier.to_next), day=formats.day(tier.window_ends_on)
        )
    if tier.to_stay:
        yield _("To stay in {tier}: {points} more qualifying by {day}.").format(
            tier=tier.loyalty_tier, points=words.points(tier.to_stay), day=formats.day(tier.window_ends_on)
        )


def _entries(found: AccountStatement) -> Any:
    rows: list[tuple[str, str, str, str]] = [
        ("", _("Balance before"), "", words.points(found.opening)),
        *(
            (
                formats.day(row.posted_on),
                words.about(row),
                words.points(row.points, signed=True),
                words.points(row.balance),
            )
            for row in found.entries
        ),
        (formats.day(found.period.last_day), _("Balance"), "", words.points(found.closing)),
    ]
    return _grid((_("Day"), _("For"), _("Points"), _("Balance")), rows, _WIDTHS, texts=2)


def _lapsing(found: AccountStatement) -> Any:
    rows = [(formats.month(month), words.points(points), "") for month, points in found.status.by_month()]
    return _grid((_("Month"), _("Points"), ""), rows, _NARROW, texts=1)


def _grid(heads: tuple[str, ...], rows: Any, widths: tuple[int, ...], *, texts: int) -> Any:
    cells = [[_line(head, 7.5, bold=True, right=place >= texts) for place, head in enumerate(heads)]]
    last = len(rows) - 1
    for number, row in enumerate(rows):
        bold = texts == 2 and number in (0, last)
        cells.append([_line(text, 8, bold=bold, right=place >= texts) for place, text in enumerate(row)])
    grid = Grid(cells, colWidths=[width * mm for width in widths], repeatRows=1)
    grid.setStyle(
        [
            ("LINEBELOW", (0, 0), (-1, 0), 0.8, pdf.MAIN),
            ("LINEBELOW", (0, 1), (-1, -1), 0.25, pdf.LINE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ("TOPPADDING", (0, 0), (-1, -1), 2.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ]
    )
    return grid


class _Footer:
    """Who it is from and for, and the page, below every page."""

    def __init__(self, text: str) -> None:
        self._text = text

    def draw(self, canvas: Any, document: Any) -> None:
        canvas.setFont(pdf.REGULAR, 7)
        canvas.setFillColor(pdf.QUIET)
        canvas.drawString(_MARGIN, 8 * mm, self._text)
        canvas.drawRightString(document.pagesize[0] - _MARGIN, 8 * mm, str(document.page))
