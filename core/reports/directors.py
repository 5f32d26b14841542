"""The directors' overview as a report: each figure with period before, last year, target and formula."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from core import directors, formats, kpi_registry, kpi_words
from core.attention import Kind
from core.auth import Actor
from core.directors import Mover, Overview, Tile
from core.language import N_, _, ngettext
from core.money import ZERO, ratio
from core.reports.sheets import Cell, Column, Picture, Sheet, Table, Value
from core.vocabulary import Structure

MOVERS = 12
PICTURED = 10
DECISIONS = 15
_REASONS: dict[str, str] = {
    Kind.RHYTHM: N_("No order for longer than usual"),
    Kind.FALL: N_("Below last year"),
    Kind.TARGET: N_("Behind target"),
    Kind.OVERDUE: N_("Overdue receivables"),
    Kind.LATE: N_("Late orders"),
    Kind.REJECTS: N_("Refused rows of an import"),
    Kind.UNCONFIRMED: N_("Data not confirmed for long"),
    Kind.TIER_NEAR: N_("Near the next loyalty tier"),
    Kind.TIER_LOST: N_("About to lose a loyalty tier"),
}


def sheet(found: Overview, actor: Actor, currency: str, words: Mapping[str, str], at: datetime) -> Sheet:
    """The overview laid out for print; `words` are the filters as they are said."""
    return Sheet(
        title=_("Directors' KPIs"),
        lines=(scope(found, actor, words), _stamp(found, at)),
        currency=currency,
        tables=(
            _figures(found, currency),
            _managers(found),
            _movers(found, currency),
            _decisions(found, currency),
            _concentration(found),
            _retention(found),
        ),
        pictures=(_picture(found, currency),) if found.movers else (),
    )


def scope(found: Overview, actor: Actor, words: Mapping[str, str]) -> str:
    """Whose accounts, by which filters, and as of which structure."""
    whose = (
        _("All accounts") if actor.sees_everything else _("The accounts of {name}").format(name=actor.name)
    )
    how = (
        _("each month as it was reported then")
        if found.structure is Structure.THEN
        else _("restated to today's structure")
    )
    return " · ".join([whose, *words.values(), how])


def _stamp(found: Overview, at: datetime) -> str:
    return _("{period} · as of {day} · read {moment}").format(
        period=formats.period(found.period), day=formats.day(found.as_of), moment=formats.moment(at)
    )


def _figures(found: Overview, currency: str) -> Table:
    columns = (
        Column(_("Figure"), width=24), Column(_("Now"), "money", 14), Column(_("Period before"), "money", 14),
        Column(_("Change"), "ratio", 11), Column(_("Last year"), "money", 14), Column(_("Change"), "ratio", 11),
        Column(_("Target"), "money", 14), Column(_("Of target"), "ratio", 11), Column(_("Formula"), width=46),
    )  # fmt: skip
    pace = found.pace
    note = _(
        "Pace of the year: {value} = {actual} ÷ (target {target} × share expected by now {share})"
    ).format(
        value=formats.percent(pace.pace),
        actual=formats.money(pace.actual, currency, places=0),
        target=formats.money(pace.target, currency, places=0),
        share=formats.percent(pace.expected_share),
    )
    return Table(_("Figures"), columns, tuple(_figure(tile) for tile in found.tiles), note)


def _figure(tile: Tile) -> tuple[Value | Cell, ...]:
    unit = tile.kpi.unit
    reached = ratio(tile.value, tile.target) if unit == "money" else None
    return (
        directors.label(tile.kpi.name),
        Cell(tile.value, unit),
        Cell(tile.before, unit),
        _change(tile, tile.before),
        Cell(tile.year_ago, unit),
        _change(tile, tile.year_ago),
        Cell(tile.target, unit),
        Cell(reached, "ratio"),
        _(tile.kpi.formula),
    )


def _change(tile: Tile, then: Decimal | None) -> Cell:
    """As on screen: shares by points, counts by number, amounts relative to what they were."""
    moved = kpi_words.difference(tile.kpi, tile.value, then)
    unit = {"ratio": "points", "count": "count"}.get(tile.kpi.unit, "ratio")
    return Cell(moved, unit, is_change=True)


def _managers(found: Overview) -> Table:
    columns = [
        Column(_("Owner"), width=24), Column(_("Net revenue"), "money", 14), Column(_("Last year"), "money", 14),
        Column(_("vs last year"), "ratio", 11), Column(_("Target"), "money", 14), Column(_("Of target"), "ratio", 11),
        Column(_("Discount"), "ratio", 14), Column(_("Active accounts"), "count", 11),
        Column(_("Accounts needing attention"), "count", 12),
    ]  # fmt: skip
    if found.sees_cost:
        columns.append(Column(_("Margin rate"), "ratio", 11))
    rows = []
    for row in found.managers:
        values: list[Value | Cell] = [
            row.name or _("none"), row.now.net, row.year_ago.net, row.growth, row.target, row.attainment,
            row.now.discount_rate, row.accounts, row.attention,
        ]  # fmt: skip
        rows.append(tuple(values + ([row.now.margin_rate] if found.sees_cost else [])))
    return Table(_("Managers side by side"), tuple(columns), tuple(rows))


def _movers(found: Overview, currency: str) -> Table:
    columns = (
        Column(_("Account"), width=24), Column(_("Net revenue"), "money", 14), Column(_("Last year"), "money", 14),
        Column(_("Change"), "money", 14),
    )  # fmt: skip
    named, rest = found.movers[:MOVERS], found.movers[MOVERS:]
    rows: list[tuple[Value | Cell, ...]] = [
        (row.name, row.now.net, row.year_ago.net, Cell(row.change, "money", is_change=True)) for row in named
    ]
    if rest:
        rows.append(_rest(rest))
    change = formats.money(found.change, currency, places=0, signed=True)
    title = _("What moved it: {change} on last year").format(change=change)
    return Table(title, columns, tuple(rows))


def _rest(rows: tuple[Mover, ...]) -> tuple[Value | Cell, ...]:
    now = sum((row.now.net for row in rows), ZERO)
    then = sum((row.year_ago.net for row in rows), ZERO)
    name = _("{count} others").format(count=len(rows))
    return name, now, then, Cell(now - then, "money", is_change=True)


def _decisions(found: Overview, currency: str) -> Table:
    columns = (
        Column(_("Account"), width=24), Column(_("Amount"), "money", 14), Column(_("Owner"), width=20),
        Column(_("Why"), width=40),
    )  # fmt: skip
    rows = tuple(
        (
            one.first.name,
            one.first.amount,
            one.owner or "",
            " · ".join(_(_REASONS[item.kind]) if item.kind in _REASONS else item.kind for item in one.items),
        )
        for one in found.decisions[:DECISIONS]
    )
    stake = formats.money(found.at_stake, currency, places=0)
    title = _("What needs a decision: {amount} at stake").format(amount=stake)
    more = len(found.decisions) - DECISIONS
    note = ngettext("{count} more on Today", "{count} more on Today", more).format(count=more)
    return Table(title, columns, rows, note if more > 0 else "")


def _concentration(found: Overview) -> Table:
    shape = found.concentration
    columns = (
        Column(_("Account"), width=24),
        Column(_("Net revenue"), "money", 14),
        Column(_("Share"), "ratio", 14),
    )
    rows = tuple((row.name, row.now.net, ratio(row.now.net, shape.total)) for row in found.largest)
    note = _("Top-10 share {share} · HHI {hhi} · as concentrated as {count} accounts of one size").format(
        share=formats.percent(shape.top_share(10)),
        hhi=formats.number(shape.hhi),
        count=formats.number(shape.effective_accounts, places=1),
    )
    return Table(_("Concentration"), columns, rows, note)


def _retention(found: Overview) -> Table:
    kept = found.retention
    columns = (Column(_("Figure"), width=24), Column(_("Now"), "money", 14), Column(_("Formula"), width=40))
    accounts = _("Accounts with positive net revenue then and now ÷ accounts with positive net revenue then")
    rows: tuple[tuple[Value | Cell, ...], ...] = (
        (_("Opening, last year"), kept.opening, _("Net revenue then of the accounts that bought then")),
        (_("Kept"), kept.kept, _("Sum of the smaller of then and now, never below zero")),
        (_("Same accounts now"), kept.closing, _("Net revenue now of the accounts that bought then")),
        (
            kpi_registry.label("net_revenue_retention"),
            Cell(kept.net, "ratio"),
            _("Same accounts now ÷ opening"),
        ),
        (kpi_registry.label("gross_revenue_retention"), Cell(kept.gross, "ratio"), _("Kept ÷ opening")),
        (kpi_registry.label("logo_retention"), Cell(kept.logo, "ratio"), accounts),
    )
    return Table(_("Retention"), columns, rows)


def _picture(found: Overview, currency: str) -> Picture:
    moved = sorted((row for row in found.movers[:PICTURED] if row.change), key=lambda row: -row.change)
    title = _("What moved it: {change} on last year").format(
        change=formats.compact(found.change, currency, signed=True)
    )
    return Picture(title, tuple((row.name, row.change) for row in moved))
