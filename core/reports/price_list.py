"""A customer's price list for print: A4 upright as a PDF, or a workbook; in the customer's language."""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any

import xlsxwriter
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from core import formats, language
from core.language import _
from core.price_lists import Item, Payment, PriceList, Promotion
from core.reports import pdf

_MARGIN = 16 * mm
_WIDTHS = (23, 57, 15, 24, 24, 30.7)  # millimetres: they fill the width between the margins


def write(found: PriceList, form: str, speaks: str) -> bytes:
    """The list as a file of this form, in this language."""
    before = language.current()
    language.use(speaks)
    try:
        return _pdf(found) if form == "pdf" else _workbook(found)
    finally:
        language.use(before)


def _heads(found: PriceList) -> tuple[str, ...]:
    unit = formats.symbol(found.currency)
    return (
        _("Code"), _("Product"), _("Unit"), _("List price, {unit}").format(unit=unit),
        _("Your price, {unit}").format(unit=unit), _("From quantity"),
    )  # fmt: skip


def _notes(found: PriceList) -> tuple[str, ...]:
    return (
        _(
            "Prices are for one unit, for orders from {day} on, until a new list replaces this one or the day that "
            "stands with a price."
        ).format(day=formats.day(found.valid_from)),
        _("Prices by quantity count for one product on one order line."),
        *_payment(found.payment),
    )


def _payment(payment: Payment) -> Iterator[str]:
    if payment.due_days is not None:
        yield _("Payment terms: {days} days after the invoice.").format(days=payment.due_days)
    if payment.share is not None and payment.days is not None:
        yield _("Paid within {days} days: {share} off.").format(
            days=payment.days, share=formats.percent(payment.share)
        )


def _price(amount: Decimal | None) -> str:
    """Two decimals, and more only where a price has them."""
    if amount is None:
        return formats.UNKNOWN
    places = 2 if amount == round(amount, 2) else 4
    return formats.number(amount, places=places)


def _step(quantity: Decimal, price: Decimal) -> str:
    return _("{quantity}: {price}").format(quantity=formats.quantity(quantity), price=_price(price))


def _promotion(one: Promotion) -> str:
    price = _price(one.net_price) if one.quantity <= 1 else _step(one.quantity, one.net_price)
    if one.last is None:
        return _("Promotion from {first}: {price}").format(first=formats.day(one.first), price=price)
    return _("Promotion {first} to {last}: {price}").format(
        first=formats.day(one.first), last=formats.day(one.last), price=price
    )


def _categories(found: PriceList) -> Iterator[tuple[str, list[Item]]]:
    for category, items in groupby(found.items, key=lambda item: item.category):
        yield category or _("Other products"), list(items)


# --- PDF ---


def _pdf(found: PriceList) -> bytes:
    pdf.fonts()
    target = io.BytesIO()
    title = _("Price list")
    document = SimpleDocTemplate(
        target, pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN,
        title=f"{title}: {found.account}", author=found.company, invariant=True,
    )  # fmt: skip
    story: list[Any] = [
        Paragraph(pdf.safe(found.company), pdf.style(9, color=pdf.QUIET)),
        Paragraph(pdf.safe(title), pdf.style(20, bold=True, color=pdf.MAIN)),
        Spacer(1, 2 * mm),
        Paragraph(pdf.safe(f"{found.account} · {found.account_code}"), pdf.style(12, bold=True)),
        Paragraph(
            pdf.safe(
                _("Valid from {day} · prices in {currency}").format(
                    day=formats.day(found.valid_from), currency=found.currency
                )
            ),
            pdf.style(9, color=pdf.QUIET),
        ),
        Spacer(1, 5 * mm),
        _grid(found),
        Spacer(1, 4 * mm),
    ]
    story += [Paragraph(pdf.safe(note), pdf.style(7.5, color=pdf.QUIET)) for note in _notes(found)]
    footer = _Footer(found)
    document.build(story, onFirstPage=footer.draw, onLaterPages=footer.draw)
    return target.getvalue()


class _Footer:
    """Who it is from and for, and the page, below every page."""

    def __init__(self, found: PriceList) -> None:
        self._text = " · ".join(filter(None, (found.company, found.account, formats.day(found.valid_from))))

    def draw(self, canvas: Any, document: Any) -> None:
        canvas.setFillColor(pdf.QUIET)
        pdf.draw(canvas, _MARGIN, 8 * mm, self._text, 7)
        canvas.setFont(pdf.REGULAR, 7)
        canvas.drawRightString(document.pagesize[0] - _MARGIN, 8 * mm, str(document.page))


def _grid(found: PriceList) -> Any:
    right = (False, False, False, True, True, True)
    head = [
        Paragraph(pdf.safe(label), pdf.style(7.5, bold=True, right=one))
        for label, one in zip(_heads(found), right, strict=True)
    ]
    rows: list[list[Any]] = [head]
    looks: list[tuple[Any, ...]] = [
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, pdf.MAIN),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
    for category, items in _categories(found):
        place = len(rows)
        rows.append(
            [Paragraph(pdf.safe(category), pdf.style(9, bold=True, color=pdf.MAIN)), "", "", "", "", ""]
        )
        looks += [("SPAN", (0, place), (-1, place)), ("TOPPADDING", (0, place), (-1, place), 8)]
        for item in items:
            looks.append(("LINEBELOW", (0, len(rows)), (-1, len(rows)), 0.25, pdf.LINE))
            rows.append(_cells(item))
    grid = Grid(rows, colWidths=[width * mm for width in _WIDTHS], repeatRows=1)
    grid.setStyle(looks)
    return grid


def _cells(item: Item) -> list[Any]:
    name = [Paragraph(pdf.safe(item.name), pdf.style(8))]
    name += [Paragraph(pdf.safe(_promotion(one)), pdf.style(7, color=pdf.MAIN)) for one in item.promotions]
    if item.last_day is not None:
        until = _("until {day}").format(day=formats.day(item.last_day))
        name.append(Paragraph(pdf.safe(until), pdf.style(7, color=pdf.QUIET)))
    steps = [
        Paragraph(pdf.safe(_step(one.quantity, one.net_price)), pdf.style(8, right=True))
        for one in item.steps
    ]
    return [
        Paragraph(pdf.safe(item.code), pdf.style(7.5, color=pdf.QUIET)),
        name,
        Paragraph(pdf.safe(item.unit or ""), pdf.style(8)),
        Paragraph(_price(item.list_price), pdf.style(8, right=True, color=pdf.QUIET)),
        Paragraph(_price(item.net_price), pdf.style(8, bold=True, right=True)),
        steps,
    ]


# --- workbook ---


def _workbook(found: PriceList) -> bytes:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    page = book.add_worksheet(_("Price list")[:31])
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.set_footer(f"&L{found.account.replace('&', '&&')}&R&P / &N")
    title, bold = (
        book.add_format({"bold": True, "font_size": 16}),
        book.add_format({"bold": True, "bottom": 1}),
    )
    quiet, money = book.add_format({"font_color": "#5c6664"}), book.add_format({"num_format": "#,##0.00##"})
    page.write_string(0, 0, found.company, quiet)
    page.write_string(1, 0, _("Price list"), title)
    page.write_string(2, 0, f"{found.account} · {found.account_code}")
    page.write_string(3, 0, _("Valid from {day} · prices in {currency}").format(
        day=formats.day(found.valid_from), currency=found.currency), quiet)  # fmt: skip
    most = max((len(item.steps) for item in found.items), default=0)
    heads = [*_heads(found)[:5]]
    for _number in range(most):
        heads += [_("From quantity"), _heads(found)[4]]
    heads = [_("Category"), *heads, _("Until"), _("Promotions")]
    for place, head in enumerate(heads):
        page.write_string(5, place, head, bold)
    row = 6
    for category, items in _categories(found):
        for item in items:
            _row(page, row, category, item, money, len(heads) - 1)
            row += 1
    for note in _notes(found):
        row += 1
        page.write_string(row, 0, note, quiet)
    page.freeze_panes(6, 3)
    page.set_column(0, 1, 14)
    page.set_column(2, 2, 36)
    page.set_column(3, len(heads) - 2, 12)
    page.set_column(len(heads) - 1, len(heads) - 1, 48)
    book.close()
    return target.getvalue()


def _row(page: Any, row: int, category: str, item: Item, money: Any, last: int) -> None:
    for place, text in enumerate((category, item.code, item.name, item.unit or "")):
        page.write_string(row, place, text)
    for place, amount in enumerate((item.list_price, item.net_price), start=4):
        if amount is not None:
            page.write_number(row, place, float(amount), money)
    for number, step in enumerate(item.steps):
        page.write_number(row, 6 + 2 * number, float(step.quantity))
        page.write_number(row, 7 + 2 * number, float(step.net_price), money)
    if item.last_day is not None:
        page.write_string(row, last - 1, formats.day(item.last_day))
    if item.promotions:
        page.write_string(row, last, "; ".join(_promotion(one) for one in item.promotions))
