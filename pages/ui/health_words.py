"""The health score in words: what each measure is called, what it read, and what would better it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from core.health_rules import Band, HealthRule, Measure, Reading, Rule, Score
from core.health_ways import Lever, Step, Ways
from core.language import _, ngettext
from pages.ui import formats

COLOURS = {Band.GREEN: "green", Band.AMBER: "orange", Band.RED: "red", Band.UNKNOWN: "gray"}


def measure(one: Measure) -> str:
    return {
        Measure.TREND: _("Revenue trend"),
        Measure.PRICE: _("Price realisation"),
        Measure.RHYTHM: _("Order rhythm"),
        Measure.OTIF: _("On time in full"),
        Measure.PAYMENT: _("Payment"),
        Measure.BREADTH: _("Breadth"),
        Measure.TARGET: _("Target"),
        Measure.DATA: _("Data confirmed"),
    }[one]


def meaning(one: Measure) -> str:
    """How the measure is made, in one sentence."""
    return {
        Measure.TREND: _(
            "Net revenue of six months less that of the same six a year before, in times the account's usual spread."
        ),
        Measure.PRICE: _(
            "Net revenue ÷ revenue at list price over six months, less the same a year before; cost is not looked at."
        ),
        Measure.RHYTHM: _("Days since the last order ÷ the account's own median days between orders."),
        Measure.OTIF: _("Share of the deliveries due in six months that came on time in full, from five on."),
        Measure.PAYMENT: _(
            "Overdue ÷ open amount in the newest snapshot of receivables of the last 92 days."
        ),
        Measure.BREADTH: _(
            "Categories bought in the six months before this one and since, of those bought in the same six "
            "a year before."
        ),
        Measure.TARGET: _("Net revenue of six months ÷ the targets of the same days."),
        Measure.DATA: _("Days since somebody last confirmed the account's data."),
    }[one]


def band(one: Band) -> str:
    return {
        Band.GREEN: _("green"),
        Band.AMBER: _("amber"),
        Band.RED: _("red"),
        Band.UNKNOWN: _("too little known"),
    }[one]


def score(value: Decimal | None) -> str:
    return formats.number(value, places=1)


def coverage(found: Score) -> str:
    return formats.percent(found.coverage, places=0)


def value(one: Measure, number: Decimal) -> str:
    """A value of a measure, as its rule is said in."""
    if one is Measure.TREND:
        return _("{number} × spread").format(number=formats.number(number, places=1, signed=True))
    if one is Measure.PRICE:
        return formats.points(number)
    if one is Measure.RHYTHM:
        return _("{number} × gap").format(number=formats.number(number, places=1))
    if one is Measure.DATA:
        return _("{days} days").format(days=formats.number(number))
    return formats.percent(number)


def read(one: Measure, reading: Reading, currency: str) -> str:
    """What the measure was made of, in figures."""
    now, base = (formats.compact(amount, currency) for amount in (reading.now, reading.base))
    if one is Measure.TREND:
        return _("{now}, {before} a year before; usual spread {usual}").format(
            now=now, before=base, usual=formats.compact(reading.more, currency)
        )
    if one is Measure.PRICE:
        paid = reading.now / reading.base
        return _("{now} of list, {before} a year before").format(
            now=formats.percent(paid), before=formats.percent(reading.more)
        )
    if one is Measure.RHYTHM:
        return _("{days} days since {day}; usual gap {usual} days").format(
            days=formats.number(reading.now),
            day=formats.day(reading.on),
            usual=formats.quantity(reading.base),
        )
    if one is Measure.PAYMENT:
        return _("{overdue} of {open} open is overdue, as of {day}").format(
            overdue=now, open=base, day=formats.day(reading.on)
        )
    if one is Measure.TARGET:
        return _("{now} of {target}").format(now=now, target=base)
    if one is Measure.DATA:
        return _("last on {day}").format(day=formats.day(reading.on))
    counted = {"count": formats.number(reading.now), "all": formats.number(reading.base)}
    if one is Measure.OTIF:
        return _("{count} of {all} due").format(**counted)
    return _("{count} of {all} categories").format(**counted)


def rule(one: Measure, decided: Rule) -> str:
    return _("0 points at {zero}, 100 at {full}").format(
        zero=value(one, decided.zero_at), full=value(one, decided.full_at)
    )


def bands(decided: HealthRule) -> str:
    return _(
        "Green from {green}, amber from {amber}; no colour where less than {coverage} is covered."
    ).format(
        green=formats.quantity(decided.green),
        amber=formats.quantity(decided.amber),
        coverage=formats.percent(decided.least_coverage, places=0),
    )


def listed(measures: Sequence[Measure]) -> str:
    return ", ".join(measure(one) for one in measures)


def equation(found: Score) -> str:
    """`Σ weight × points ÷ Σ weight = 6,840 ÷ 90 = 76.0`."""
    total = sum((part.weight * part.points for part in found.parts), Decimal(0))
    return _("Σ weight × points ÷ Σ weight = {total} ÷ {weight} = {score}").format(
        total=formats.number(total), weight=formats.number(found.weight), score=score(found.value)
    )


def way(found: Ways) -> str:
    """The heading above the steps."""
    if not found.wanted:
        return _("Nothing is left to gain.")
    if found.best:
        return _("Cheapest way to {points}").format(
            points=formats.number(found.wanted, places=1, signed=True)
        )
    return _("No way to {points}").format(points=formats.number(found.wanted, places=1, signed=True))


def step(one: Step, currency: str) -> str:
    """`Orders of RM 12,300 more lift revenue trend from 35 to 60: +10.0`."""
    gain = formats.number(one.gain, places=1, signed=True)
    return _("{what}: {moves}; {gain} points").format(what=_what(one, currency), moves=moves(one), gain=gain)


def moves(one: Step) -> str:
    return ", ".join(
        _("{measure} from {before} to {after}").format(
            measure=measure(move.measure),
            before=formats.number(move.before),
            after=formats.number(move.after),
        )
        for move in one.moves
    )


def _what(one: Step, currency: str) -> str:
    amount = formats.money(one.amount, currency, places=0)
    if one.lever is Lever.CONFIRM:
        return _("Confirm the account's data")
    if one.lever is Lever.ORDERS:
        return _("{amount} more in orders now").format(amount=amount)
    if one.lever is Lever.DISCOUNT:
        return _("{amount} less discount on goods as in these six months").format(amount=amount)
    if one.lever is Lever.DEBT:
        return _("{amount} of what is overdue collected").format(amount=amount)
    if one.lever is Lever.DELIVERIES:
        text = ngettext(
            "{count} more delivery on time in full (worth {amount})",
            "{count} more deliveries in a row on time in full (worth {amount})",
            one.count,
        )
        return text.format(count=formats.number(one.count), amount=amount)
    return _("{names} bought again ({amount} a year before)").format(
        names=", ".join(one.names), amount=amount
    )
