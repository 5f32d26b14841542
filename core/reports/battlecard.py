"""A battlecard for print: one A4 page, from what its reader may see; old claims never stand as facts."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import KeepInFrame, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from core import formats
from core.battlecards import Battlecard
from core.competitor_claims import ClaimRow
from core.language import _, ngettext
from core.reports import pdf
from core.vocabulary import Swot

_MARGIN = 14 * mm
_MOST = 6  # of a kind: what matters most stands first


@dataclass(frozen=True)
class Words:
    """How the reader's language says what the card holds; the page has the same words."""

    sides: dict[Swot, str]
    facts: Callable[[ClaimRow], str]  # what stands behind a statement


def write(card: Battlecard, said: Words, currency: str) -> bytes:
    """The card as a PDF of one page: what does not fit at full size is drawn smaller."""
    pdf.fonts()
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target, pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN,
        title=_title(card), author="Utama", invariant=True,
    )  # fmt: skip
    width, height = A4[0] - 2 * _MARGIN - 12, A4[1] - 2 * _MARGIN - 12
    story = list(_story(card, said, currency, width))
    document.build([KeepInFrame(width, height, story, mode="shrink")])
    return target.getvalue()


def _title(card: Battlecard) -> str:
    parts = [_("Battlecard"), card.competitor.name, card.account or ""]
    return " · ".join(part for part in parts if part)


def _story(card: Battlecard, said: Words, currency: str, width: float) -> Iterator[Any]:
    yield Paragraph(pdf.safe(_title(card)), pdf.style(16, bold=True, color=pdf.MAIN))
    yield _small(_as_of(card))
    if _has_confidential(card):
        yield _small(_("Holds confidential claims: for the account's team and directors only."))
    if card.competitor.goals:
        yield _small(_("Goals: {text}").format(text=card.competitor.goals))
    yield Spacer(1, 3 * mm)
    half = (width - 6 * mm) / 2
    for left, right in ((Swot.STRENGTH, Swot.WEAKNESS), (Swot.THREAT, Swot.OPPORTUNITY)):
        cells = [_claims(said.sides[side], card.facts.sides[side], said) for side in (left, right)]
        yield Grid([cells], colWidths=[half + 3 * mm] * 2, style=[("VALIGN", (0, 0), (-1, -1), "TOP")])
    yield from _section(_("What speaks for us"), _advantages(card))
    yield from _section(_("Prices against ours"), _prices(card, currency))
    yield from _section(
        _("Answers that won"), (f"{row.draft.objection} → {row.draft.answer}" for row in card.answers)
    )
    yield from _section(_("Won and lost"), _contests(card))
    yield from _section(
        _("To be confirmed: ask, do not claim"), (_line(row, said) for row in card.to_confirm)
    )


def _as_of(card: Battlecard) -> str:
    left = ngettext(
        "{count} stale or refuted claim left out", "{count} stale or refuted claims left out", card.left_out
    ).format(count=card.left_out)
    day = _("As of {day}").format(day=formats.day(card.day))
    return f"{day} · {left}" if card.left_out else day


def _has_confidential(card: Battlecard) -> bool:
    rows = [row for side in card.facts.sides.values() for row in side]
    return any(row.draft.is_confidential for row in [*rows, *card.to_confirm])


def _claims(title: str, rows: Sequence[ClaimRow], said: Words) -> list[Any]:
    return list(_section(title, (_line(row, said) for row in rows), empty="–"))


def _line(row: ClaimRow, said: Words) -> str:
    label = _("confidential")
    said_first = f"[{label}] " if row.draft.is_confidential else ""
    return f"{said_first}{row.draft.statement} ({said.facts(row)})"


def _section(title: str, lines: Iterable[str], *, empty: str = "") -> Iterator[Any]:
    known = list(lines)
    if not known and not empty:
        return
    yield Paragraph(pdf.safe(title), pdf.style(10, bold=True, color=pdf.MAIN))
    for line in known[:_MOST] or [empty]:
        yield Paragraph(pdf.safe(line), pdf.style(8))
    if len(known) > _MOST:
        yield _small(_("and {count} more").format(count=len(known) - _MOST))
    yield Spacer(1, 2 * mm)


def _advantages(card: Battlecard) -> Iterator[str]:
    for one in card.advantages:
        scope = one.scope or _("In general")
        yield f"{scope}: {'; '.join(row.draft.statement for row in one.claims[:3])}"


def _prices(card: Battlecard, currency: str) -> Iterator[str]:
    for one in card.gaps:
        gap = formats.percent(one.gap, places=1, signed=True)
        scope = one.claim.scope or _("everything")
        text = f"{scope}: {gap}"
        if one.ours is not None and one.theirs is not None:
            ours, theirs = formats.price(one.ours, currency), formats.price(one.theirs, currency)
            text += " · " + _("theirs {theirs}, ours {ours}").format(theirs=theirs, ours=ours)
        if one.break_even is not None:
            share = formats.percent(one.break_even, places=1)
            text += " · " + _("match only if not matching would lose more than {share} of volume").format(
                share=share
            )
        yield text


def _contests(card: Battlecard) -> Iterator[str]:
    whole = card.contests
    if not whole.contests:
        return
    rate = formats.percent(whole.rate, places=0)
    yield _("Won {won} of {count} contests ({rate})").format(won=whole.won, count=whole.contests, rate=rate)
    for row in card.lost:
        if row.draft.lesson:
            yield f"{row.draft.title}: {row.draft.lesson}"


def _small(text: str) -> Any:
    return Paragraph(pdf.safe(text), pdf.style(8, color=pdf.QUIET))
