"""The parts of the Replay lab: the question, its figures beside the programme in force, and the rows behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pandas as pd
import streamlit as st

from core import clock, db, revenue
from core.auth import Actor
from core.language import _, ngettext
from core.loyalty import lab, programmes
from core.loyalty import replay as replays
from core.loyalty.lab import Question
from core.loyalty.programmes import ProgrammeRow
from core.loyalty.replay import Compared, Landed, Replayed
from core.loyalty_vocabulary import ProgrammeStatus
from core.money import ZERO, ratio
from core.vocabulary import Permission
from pages.ui import answers, charts, dialogs, filters, formats, loyalty_charts, loyalty_words, tables
from pages.ui.forms import plain

_MONTHS = ("12", "18", "24")
_FACTORS = ("0.8", "0.9", "1", "1.1", "1.25")
_STEPS = tuple(Decimal(one) for one in ("0.7", "0.8", "0.9", "1", "1.1", "1.2", "1.3"))


@dataclass(frozen=True)
class Answered:
    """A replay beside that of the programme in force over the same period; `rows` are winners and losers."""

    question: Question
    then: Replayed
    now: Replayed | None  # none: no programme is in force
    rows: Sequence[Compared]

    @property
    def winners(self) -> int:
        return sum(1 for row in self.rows if row.difference > 0)

    @property
    def losers(self) -> int:
        return sum(1 for row in self.rows if row.difference < 0)

    @property
    def near(self) -> list[Landed]:
        """One usual order from the next tier, the nearest first."""
        found = [one for one in self.then.landed if one.is_one_order_away]
        return sorted(found, key=lambda one: one.to_next or ZERO)


def name(row: ProgrammeRow) -> str:
    """`Harvest Circle · live · from 1 Jan 2026`."""
    said = f"{row.name} · {_(loyalty_words.STATUSES[row.status])}"
    if row.valid_from is not None:
        said += " · " + _("from {day}").format(day=formats.day(row.valid_from))
    return said


def question(versions: Sequence[ProgrammeRow]) -> Question:
    """What is asked, by the address: the version, the months, and how far thresholds and points are moved."""
    names = {str(row.version): name(row) for row in versions}
    version = filters.choice("version", _("Version"), names, next(iter(names)), width=320)
    until = filters.choice("until", _("Until"), _ends(), str(lab.last_full_month(clock.today())), width=150)
    months = {one: _("{count} months").format(count=one) for one in _MONTHS}
    span = filters.choice("months", _("Orders of"), months, "12", width=130)
    factors = {one: formats.percent(Decimal(one), places=0) for one in _FACTORS}
    thresholds = filters.choice("thresholds", _("Thresholds"), factors, "1", width=110)
    earning = filters.choice("earning", _("Points a unit"), factors, "1", width=110)
    return Question(int(version), date.fromisoformat(until), int(span), Decimal(thresholds), Decimal(earning))


def _ends() -> dict[str, str]:
    """Ends of the last twelve months."""
    found, day = {}, clock.today()
    for _number in range(12):
        day = lab.last_full_month(day)
        found[str(day)] = formats.day(day)
    return found


def live(versions: Sequence[ProgrammeRow], asked: Question) -> ProgrammeRow | None:
    """The version in force today of the same programme, else of any."""
    today, chosen = clock.today(), next((row for row in versions if row.version == asked.version), None)
    there = [
        row for row in versions
        if row.status is ProgrammeStatus.LIVE and row.valid_from and row.valid_from <= today
        and (row.valid_to is None or today < row.valid_to)
    ]  # fmt: skip
    there.sort(key=lambda row: chosen is None or row.number != chosen.number)
    return there[0] if there else None


def answer(actor: Actor, asked: Question, versions: Sequence[ProgrammeRow]) -> Answered:
    """The replay, and the same orders under the version in force as it stands."""
    held = live(versions, asked)
    with db.read() as session:
        ask = answers.asker(session, actor)
        then = ask(lab.ask, asked)
        now = None if held is None else ask(lab.ask, Question(held.version, asked.until, asked.months))
    nothing = Replayed(then.period, then.spec, ())
    return Answered(asked, then, now, replays.compare(now or nothing, then))


def tiles(found: Answered, currency: str) -> None:
    """Six figures, each with the same under the programme in force."""
    grid = st.grid(6, min_column_width=150)
    for label, value, formula, before in (*_of_accounts(found), *_of_money(found, currency)):
        with grid.cell(), st.container(border=True, height="stretch", gap="xsmall"):
            st.metric(label, value, help=formula)
            st.caption(_("in force: {value}").format(value=before) if before else _("against in force"))


Tile = tuple[str, str, str, str]


def _of_accounts(found: Answered) -> Iterator[Tile]:
    def in_tier(one: Replayed) -> int:
        return sum(1 for row in one.landed if row.loyalty_tier)

    now, all_of_them = found.now, len(found.then.landed)
    yield (
        _("In a tier"),
        f"{in_tier(found.then)} / {all_of_them}",
        _("Accounts with orders in the period that end in a tier."),
        formats.UNKNOWN if now is None else str(in_tier(now)),
    )
    yield (
        _("One order away"),
        formats.number(len(found.near)),
        _("An order of their usual size would reach the next tier."),
        formats.UNKNOWN if now is None else str(sum(1 for one in now.landed if one.is_one_order_away)),
    )
    yield (
        _("Winners and losers"),
        f"{found.winners} / {found.losers}",
        _(
            "Accounts that the version gives more, and less, than the programme in force over the same orders."
        ),
        "",
    )


def _of_money(found: Answered, currency: str) -> Iterator[Tile]:
    then, now = found.then, found.now
    yield (
        _("Cost of the period"),
        formats.compact(then.cost, currency),
        _("Points × share that will be redeemed × cost of a point, and the tiers' extra discounts."),
        formats.UNKNOWN if now is None else formats.compact(now.cost, currency),
    )
    yield (
        _("Liability at its end"),
        formats.compact(then.liability, currency),
        _("Nobody redeems in a replay: the most that can be owed. A management estimate, not accounting."),
        formats.UNKNOWN if now is None else formats.compact(now.liability, currency),
    )
    yield (
        _("Margin needed"),
        formats.percent(then.margin_needed, places=2),
        _("Cost ÷ net revenue of the accounts in it: so much of each sale pays for the programme."),
        formats.UNKNOWN if now is None else formats.percent(now.margin_needed, places=2),
    )


def paying(actor: Actor, found: Answered, currency: str) -> None:
    """What the difference would have to bring, for who may see margins."""
    extra = found.then.cost - (found.now.cost if found.now else ZERO)
    said = _("It costs {amount} more than the programme in force.")
    if extra < 0:
        said = _("It costs {amount} less than the programme in force.")
    text = said.format(amount=formats.money(abs(extra), currency, places=0))
    if actor.may(Permission.COST_READ) and extra > 0:
        with db.read() as session:
            sums = answers.asker(session, actor)(revenue.totals, found.then.period)
        rate = sums.margin_rate
        needed = ratio(extra, rate) if rate and rate > 0 else None
        if needed is not None:
            text += " " + _("At the period's margin of {rate} that takes {amount} more net revenue.").format(
                rate=formats.percent(rate), amount=formats.money(needed, currency, places=0)
            )
    st.caption(plain(text))


def pictures(found: Answered, currency: str) -> None:
    """Who lands where, beside the programme in force; and who wins or loses most."""
    left, right = st.columns([2, 3])
    with left, st.container(border=True, height="stretch"):
        then = found.then.by_tier
        now = found.now.by_tier if found.now else {}
        st.markdown("**" + _("Who lands where, accounts") + "**")
        names = list(dict.fromkeys([*then, *now]))
        said = "; ".join(f"{loyalty_words.tier(one)}: {then.get(one, 0)}" for one in names)
        counts = {one: (then.get(one, 0), now.get(one) if now else None) for one in names}
        charts.show(loyalty_charts.landed(counts), alt=said, key="chart_landed")
    with right, st.container(border=True, height="stretch"):
        title = ngettext(
            "{count} account gains, {others} lose", "{count} accounts gain, {others} lose", found.winners
        )
        st.markdown("**" + title.format(count=found.winners, others=found.losers) + "**")
        moved = [row for row in found.rows if row.difference]
        ends = [*moved[:6], *moved[-6:]] if len(moved) > 12 else moved
        moves = [charts.Move(row.name, row.difference) for row in ends]
        if not moves:
            st.caption(_("Every account gets what it gets from the programme in force."))
            return
        said = "; ".join(f"{one.name} {formats.compact(one.amount, currency, signed=True)}" for one in moves)
        charts.show(charts.movers(moves, currency=currency), alt=said, key="chart_winners")


def landed(found: Answered, currency: str) -> None:
    """Every account: its tier under both, and what it gets."""
    now = {row.account_id: row.now for row in found.rows}
    rows = sorted(found.then.landed, key=lambda one: -one.value)
    frame = pd.DataFrame(
        {
            "name": [one.name for one in rows],
            "then": [loyalty_words.tier(one.loyalty_tier) for one in rows],
            "now": [_tier_of(now.get(one.account_id)) for one in rows],
            "issued": [float(one.issued) for one in rows],
            "expired": [float(one.expired) for one in rows],
            "to_next": [tables.as_float(one.to_next) for one in rows],
            "value": [tables.as_float(one.value) for one in rows],
            "change": [tables.as_float(_change(one, now.get(one.account_id))) for one in rows],
            "net": [tables.whole(one.net_revenue) for one in rows],
        }
    )
    column = st.column_config
    columns = {
        "name": column.TextColumn(_("Account"), width=200),
        "then": column.TextColumn(_("Loyalty tier")),
        "now": column.TextColumn(_("In force")),
        "issued": column.NumberColumn(_("Points issued"), format="localized"),
        "expired": column.NumberColumn(_("Expired"), format="localized"),
        "to_next": column.NumberColumn(_("To next tier"), format="localized"),
        "value": tables.money_column(_("Value to the account"), currency),
        "change": tables.money_column(_("Against in force"), currency),
        "net": tables.money_column(_("Net revenue"), currency, places=0),
    }
    tables.plain_frame(frame, columns, key="landed", alt=_("Where each account lands"))


def _tier_of(one: Landed | None) -> str:
    return formats.UNKNOWN if one is None else loyalty_words.tier(one.loyalty_tier)


def _change(one: Landed, before: Landed | None) -> Decimal:
    return one.value - (before.value if before else ZERO)


def near(found: Answered, _currency: str) -> None:
    """One usual order from the next tier."""
    rows = found.near
    if not rows:
        st.info(_("Nobody ends one usual order away from the next tier."))
        return
    frame = pd.DataFrame(
        {
            _("Account"): [one.name for one in rows],
            _("Loyalty tier"): [loyalty_words.tier(one.loyalty_tier) for one in rows],
            _("Next tier"): [one.next_tier for one in rows],
            _("Missing"): [tables.as_float(one.to_next) for one in rows],
            _("A usual order brings"): [float(round(one.qualifying / one.orders)) for one in rows],
            _("Orders"): [one.orders for one in rows],
        }
    )
    number = st.column_config.NumberColumn
    names = (_("Missing"), _("A usual order brings"))
    tables.plain_frame(frame, {one: number(one, format="localized") for one in names}, key="near")


def sensitivity(actor: Actor, found: Answered, currency: str) -> None:
    """All thresholds moved together: accounts by tier and what it costs."""
    with db.read() as session:
        rows = answers.asker(session, actor)(lab.sensitivity, found.question, _STEPS)
    names = ["", *(tier.name for tier in found.then.spec.tiers)]
    frame = pd.DataFrame(
        {_("Thresholds"): [formats.percent(step, places=0) for step in _STEPS]}
        | {loyalty_words.tier(one): [row.by_tier[one] for row in rows] for one in names}
        | {
            _("One order away"): [sum(1 for one in row.landed if one.is_one_order_away) for row in rows],
            _("Cost"): [tables.whole(row.cost) for row in rows],
            _("Margin needed"): [tables.hundred(row.margin_needed) for row in rows],
        }
    )
    costs = [row.cost for row in rows]
    spread = _("Cost goes from {least} to {most} when all thresholds move from {first} to {last}.").format(
        least=formats.compact(min(costs), currency),
        most=formats.compact(max(costs), currency),
        first=formats.percent(_STEPS[0], places=0),
        last=formats.percent(_STEPS[-1], places=0),
    )
    st.caption(plain(spread))
    columns = {
        _("Cost"): tables.money_column(_("Cost"), currency, places=0),
        _("Margin needed"): st.column_config.NumberColumn(_("Margin needed"), format="%.2f%%"),
    }
    tables.plain_frame(frame, columns, key="sensitivity", alt=spread)


def matches(row: ProgrammeRow) -> None:
    """Replays the programme in force for its members and compares with the ledger that is kept."""
    if st.button(_("Compare with the ledger"), icon=":material/fact_check:", key="compare_ledger"):
        dialogs.ask(_("Replay of the programme in force"), _compare, row.number)


def _compare(actor: Actor, number: int) -> None:
    with db.read() as session:
        found = replays.of_programme(session, actor, number)
    if not found.differences:
        text = _("{count} entries replayed: the ledger says exactly the same.")
        st.success(text.format(count=formats.number(len(found.lines))), icon=":material/check_circle:")
        return
    st.warning(_("The ledger differs; the next daily run books what is missing."))
    for said in found.differences[:20]:
        st.caption(plain(said))


def versions_of(actor: Actor) -> list[ProgrammeRow]:
    """Every version that may be tried: the open ones first."""
    with db.read() as session:
        rows = answers.asker(session, actor)(programmes.search)
    return sorted(rows, key=lambda row: row.status is not ProgrammeStatus.DRAFT)
