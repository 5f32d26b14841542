"""Reports: what a page shows, laid out for print as a workbook or a PDF, with the same figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from sqlalchemy.orm import Session

from core import audit, auth
from core.audit import Subject
from core.auth import Actor
from core.errors import Invalid
from core.language import _
from core.reports import pdf, workbook
from core.reports.sheets import Sheet
from core.vocabulary import Permission

PRICE_LIST = "price-list"
LOYALTY_STATEMENT = "loyalty-statement"
NAMES = ("directors", PRICE_LIST)
FORMS = ("pdf", "xlsx")


def form_of(file: str) -> str:
    """Whether a file's name asks for a PDF or a workbook; raises Invalid for any other."""
    ending = PurePath(file).suffix.lower().lstrip(".")
    if ending not in FORMS:
        raise Invalid(_("Call the file .pdf or .xlsx: {file} says neither.").format(file=file))
    return ending


def write(sheet: Sheet, form: str) -> bytes:
    """The report as a file of this form."""
    return pdf.write(sheet) if form == "pdf" else workbook.write(sheet)


def record_export(session: Session, actor: Actor, name: str, form: str, asked: Mapping[str, str]) -> None:
    """Note who took which report out, and by which filters; call it before the file is handed over."""
    auth.require(actor, Permission.DATA_EXPORT)
    changes = {"format": (None, form), **{word: (None, value) for word, value in asked.items()}}
    audit.record(session, actor, "export:report", Subject("export", name, name), changes)
