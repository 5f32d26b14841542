"""The upper half of Loyalty: its figures, the tiers over time, and what lapses in the months ahead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import streamlit as st

from core import clock, db
from core.auth import Actor
from core.filters import AccountFilter
from core.language import _, ngettext
from core.loyalty import boards, postings, programmes, status, sums
from core.loyalty.boards import Owed, Reach
from core.loyalty.programmes import ProgrammeRow
from core.loyalty.status import StandingRow
from core.loyalty.sums import AccountPoints, Cohort, Migration
from core.loyalty_vocabulary import ProgrammeStatus
from core.money import ZERO, ratio
from core.periods import Period, first_of_month, shift_day
from core.vocabulary import Permission
from pages.ui import (
    answers,
    charts,
    dialogs,
    formats,
    loyalty_charts,
    loyalty_requests,
    loyalty_words,
    navigation,
    portfolio_parts,
    tables,
)
from pages.ui.forms import plain

MONTHS = 12


@dataclass(frozen=True)
class Found:
    """What the page shows."""

    rows: Sequence[StandingRow]
    reaches: Sequence[Reach]
    owed: Sequence[Owed]
    expiring: Sequence[tuple[date, Decimal]]
    points: Sequence[AccountPoints]  # of the last twelve months, by account
    cohorts: Sequence[Cohort]
    moves: Migration
    held: Mapping[date, Mapping[str, int]]  # at the end of each month: accounts by tier
    tiers: Sequence[str]  # the lowest first

    @property
    def liability(self) -> Decimal | None:
        """None where nobody has said what a point costs."""
        known = [one.liability for one in self.owed if one.liability is not None]
        return sum(known, ZERO) if known else None


def read(actor: Actor, accounts: AccountFilter) -> Found:
    """Everything that the page shows of the accounts of the filter."""
    end = clock.today() + timedelta(days=1)
    year = Period(shift_day(end, -12), end)
    months = Period(shift_day(first_of_month(clock.today()), 1 - MONTHS), end)
    with db.read() as session:
        ask = answers.asker(session, actor)
        rows = ask(status.search, accounts)
        return Found(
            rows=rows,
            reaches=ask(boards.reaches, accounts),
            owed=ask(boards.liabilities, accounts),
            expiring=ask(boards.expiring, accounts),
            points=ask(sums.by_account, year, accounts),
            cohorts=ask(sums.cohorts, Period(shift_day(months.start, -MONTHS), end), accounts),
            moves=ask(sums.migration, year, accounts),
            held=ask(sums.tiers_over_time, months, accounts),
            tiers=_tiers(ask(programmes.search)),
        )


def _tiers(versions: Sequence[ProgrammeRow]) -> list[str]:
    """The names of all tiers in force, the lowest first."""
    names: dict[str, Decimal] = {}
    for row in versions:
        if row.status in (ProgrammeStatus.LIVE, ProgrammeStatus.CLOSED):
            for tier in row.spec.tiers:
                names.setdefault(tier.name, tier.threshold)
    return sorted(names, key=lambda name: names[name])


def names(versions: Sequence[ProgrammeRow]) -> list[str]:
    """The programmes in force, once each."""
    live = (row for row in versions if row.status is ProgrammeStatus.LIVE)
    return list(dict.fromkeys(plain(row.name) for row in live))


def nobody(actor: Actor, versions: Sequence[ProgrammeRow]) -> None:
    """Before anybody takes part: one sentence, one button."""
    if not names(versions):
        st.info(_("No loyalty programme is live, and no points came by file."))
        if actor.may(Permission.LOYALTY_DESIGN) and st.button(_("Design a programme"), type="primary"):
            st.switch_page(navigation.PAGES / "commercial/programmes.py")
        return
    st.info(_("None of your accounts takes part yet. An account is enrolled on its own page, under Loyalty."))


def requests(actor: Actor) -> None:
    """Adjustments beyond the limit that wait."""
    with db.read() as session:
        waiting = answers.asker(session, actor)(postings.requests)
    loyalty_requests.show(waiting)


@dataclass(frozen=True)
class _Sums:
    """What the tiles show, summed over the members."""

    issued: Decimal
    redeemed: Decimal
    inside: Decimal  # net revenue on days in a programme
    every: Decimal
    outstanding: Decimal
    lapsing: Decimal
    soon: Decimal
    drops: Sequence[Reach]

    @classmethod
    def of(cls, found: Found) -> _Sums:
        return cls(
            issued=sum((one.cohort_issued for one in found.points), ZERO),
            redeemed=sum((one.cohort_redeemed for one in found.points), ZERO),
            inside=sum((one.revenue or ZERO for one in found.points), ZERO),
            every=sum((one.all_revenue for one in found.points), ZERO),
            outstanding=sum((row.active + row.pending for row in found.rows), ZERO),
            lapsing=sum((row.expiring_90 for row in found.rows), ZERO),
            soon=sum((row.expiring_30 for row in found.rows), ZERO),
            drops=[one for one in found.reaches if one.is_drop],
        )


def tiles(found: Found, currency: str) -> None:
    """Six figures; each says how it is counted, and two more stand below it."""
    summed = _Sums.of(found)
    grid = st.grid(6, min_column_width=150)
    for label, value, formula, *beside in (
        *_of_members(found, summed, currency),
        *_of_points(found, summed, currency),
    ):
        with grid.cell(), st.container(border=True, height="stretch", gap="xsmall"):
            st.metric(label, value, help=formula)
            st.caption("  \n".join(beside))


def _of_members(found: Found, summed: _Sums, currency: str) -> Iterator[tuple[str, ...]]:
    near = len(found.reaches) - len(summed.drops)
    stake = formats.compact(sum((one.worth or ZERO for one in summed.drops), ZERO), currency)
    yield (
        _("Members"),
        formats.number(len(found.rows)),
        _("Accounts, and groups that earn together, with points or in a programme."),
        ngettext("{count} near a tier", "{count} near a tier", near).format(count=formats.number(near)),
        _("{share} of net revenue").format(share=formats.percent(ratio(summed.inside, summed.every))),
    )
    yield (
        _("About to fall"),
        formats.number(len(summed.drops)),
        _("Would lose their tier at the pace of the last twelve months."),
        _("{amount} a year to them").format(amount=stake),
        _("{up} rose, {down} fell").format(up=found.moves.up, down=found.moves.down),
    )


def _of_points(found: Found, summed: _Sums, currency: str) -> Iterator[tuple[str, ...]]:
    def compact(points: Decimal) -> str:
        return formats.compact(points, None)

    yield (
        _("Points outstanding"),
        compact(summed.outstanding),
        _("Issued less redeemed, expired and taken back: what can still be spent."),
        _("{count} issued").format(count=compact(summed.issued)),
        _("in 12 months"),
    )
    yield (
        _("Lapse within 90 days"),
        compact(summed.lapsing),
        _("Points whose last day is at most 90 days ahead, unless they are spent."),
        _("{share} of them").format(share=formats.percent(ratio(summed.lapsing, summed.outstanding))),
        _("{count} within 30").format(count=compact(summed.soon)),
    )
    yield (
        _("Redemption rate"),
        formats.percent(ratio(summed.redeemed, summed.issued)),
        _("Of the points issued in the last twelve months: redeemed so far ÷ issued."),
        _("{count} redeemed").format(count=compact(summed.redeemed)),
        _("of 12 months' points"),
    )
    yield (
        _("Liability"),
        formats.compact(found.liability, currency),
        _("Outstanding points × share that will be redeemed × cost of a point, as the programme says."),
        _("management estimate,"),
        _("not accounting"),
    )


def pictures(found: Found) -> None:
    """How many hold which tier, month by month; and what lapses when."""
    left, right = st.columns([3, 2])
    with left, st.container(border=True, height="stretch"):
        _migration(found)
    with right, st.container(border=True, height="stretch"):
        _expiring(found.expiring)


def _migration(found: Found) -> None:
    title = _("Tiers over twelve months: {up} accounts rose, {down} fell, {same} stayed").format(
        up=found.moves.up, down=found.moves.down, same=found.moves.stayed
    )
    opened = portfolio_parts.heading(title, "table_tiers")
    months = list(found.held)
    counts = {name: [found.held[month].get(name, 0) for month in months] for name in ("", *found.tiers)}
    newest = "; ".join(f"{loyalty_words.tier(name)}: {values[-1]}" for name, values in counts.items())
    charts.show(loyalty_charts.tiers(months, counts), alt=f"{title}. {newest}", key="chart_tiers")
    if opened:
        columns = {loyalty_words.tier(name): values for name, values in counts.items()}
        frame = pd.DataFrame({_("End of month"): [formats.month(month) for month in months], **columns})
        dialogs.show(title, _behind, frame)


def _expiring(expiring: Sequence[tuple[date, Decimal]]) -> None:
    soon = expiring[:MONTHS]
    if not soon:
        st.markdown("**" + _("Points that lapse") + "**")
        st.caption(_("No points have a last day."))
        return
    total = formats.compact(sum((points for _month, points in soon), ZERO), None)
    title = _("{points} points lapse in twelve months").format(points=total)
    opened = portfolio_parts.heading(title, "table_expiring")
    said = "; ".join(f"{formats.month(month)}: {formats.compact(points, None)}" for month, points in soon)
    charts.show(loyalty_charts.expiring(soon), alt=f"{title}. {said}", key="chart_expiring")
    if opened:
        frame = pd.DataFrame(
            {
                _("Month"): [formats.month(month) for month, _points in expiring],
                _("Points"): [float(points) for _month, points in expiring],
            }
        )
        dialogs.show(title, _behind, frame)


def _behind(_actor: Actor, frame: pd.DataFrame) -> None:
    numbers = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    column = st.column_config.NumberColumn
    tables.plain_frame(frame, {name: column(name, format="localized") for name in numbers}, key="behind")
