"""The demo company's facts: its customers, products and people, read from `data/demo`."""

from __future__ import annotations

import csv
import itertools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np

from core.demo.calendar import FACTS, DemoCalendar, Factors, first_of_month_before
from core.money import MONEY_SCALE, scaled

_ACCOUNTS = 103  # its stream of random numbers


@dataclass(frozen=True)
class DemoAccount:
    """One key account and what happens to it: `story` is its kind, `story_months` (or days) when."""

    code: str
    name: str
    group: str
    segment: str
    tier: str
    industry: str
    region: str
    country: str
    owner: str
    member: str  # who else works on it
    since_year: int | None  # none: as old as its story says
    currency: str
    payment_days: int
    credit_limit: int
    erp_code: str
    revenue: float  # net, base currency, in the last twelve months as planned
    growth: float  # a year
    story: str
    story_age: int


@dataclass(frozen=True)
class DemoProduct:
    code: str
    name: str
    category: str
    unit: str
    units_per_pallet: int
    list_price: int  # ten-thousandths, today
    cost_share: Decimal  # unit cost ÷ list price, today
    channel: str
    popularity: int
    launched_months_ago: int | None
    ended_months_ago: int | None


@dataclass(frozen=True)
class DemoPerson:
    username: str
    name: str
    email: str
    roles: tuple[str, ...]
    regions: tuple[str, ...]
    sees_cost: bool
    language: str


@dataclass(frozen=True)
class DemoDeputy:
    """Who stands in for an account's owner; days are counted from today."""

    account: str
    user: str
    from_days: int
    to_days: int  # exclusive


@dataclass(frozen=True)
class DemoFormer:
    """What an account was until some months ago; empty: the same as today."""

    account: str
    months_ago: int
    owner: str = ""
    segment: str = ""
    tier: str = ""


@dataclass(frozen=True)
class Buying:
    """How a kind of customer buys."""

    basket: str
    lines: float
    range: int
    discount: float
    lead_days: int
    weight: float


@dataclass(frozen=True)
class DemoCompany:
    name: str
    currency: str
    regions: tuple[str, ...]
    segments: tuple[str, ...]
    tiers: tuple[str, ...]
    groups: Mapping[str, str]
    families: Mapping[str, Mapping[str, Any]]
    buying: Mapping[str, Buying]
    delivery: Mapping[str, Mapping[str, float]]
    currencies: Mapping[str, float]
    accounts: tuple[DemoAccount, ...]
    products: tuple[DemoProduct, ...]
    people: tuple[DemoPerson, ...]
    deputies: tuple[DemoDeputy, ...]
    former: tuple[DemoFormer, ...]


def of_size(accounts: int, seed: int) -> DemoCompany:
    """The company with so many key accounts; those beyond the facts are modelled on them."""
    facts = _facts()
    known = facts.accounts[:accounts]
    more = itertools.islice(_more_accounts(facts, seed), max(0, accounts - len(facts.accounts)))
    everyone = (*known, *more)
    groups = dict(facts.groups)
    for account in everyone[len(known) :]:
        groups.setdefault(account.group, account.group.title())
    used = {account.group for account in everyone}
    return replace(facts, accounts=everyone, groups={code: groups[code] for code in groups if code in used})


@cache
def _facts() -> DemoCompany:
    facts = tomllib.loads((FACTS / "company.toml").read_text(encoding="utf-8"))
    people = tomllib.loads((FACTS / "users.toml").read_text(encoding="utf-8"))["user"]
    return DemoCompany(
        name=facts["name"],
        currency=facts["base_currency"],
        regions=tuple(facts["regions"]),
        segments=tuple(facts["segments"]),
        tiers=tuple(facts["tiers"]),
        groups=facts["groups"],
        families=facts["families"],
        buying={segment: Buying(**habits) for segment, habits in facts["buying"].items()},
        delivery=facts["delivery"],
        currencies=facts["currencies"],
        accounts=tuple(_accounts(facts["yearly_revenue"])),
        products=tuple(_product(row) for row in _rows("products.csv")),
        people=tuple(_person(person, facts["email_domain"]) for person in people),
        deputies=tuple(DemoDeputy(**deputy) for deputy in facts["deputies"]),
        former=tuple(DemoFormer(**former) for former in facts["former"]),
    )


def _rows(name: str) -> list[dict[str, str]]:
    with (FACTS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _accounts(yearly_revenue: int) -> Iterator[DemoAccount]:
    rows = _rows("accounts.csv")
    total = sum(float(row["revenue"]) for row in rows)
    for row in rows:
        story, _colon, age = row["story"].partition(":")
        yield DemoAccount(
            **{name: row[name] for name in _TEXTS},
            since_year=int(row["since_year"]) if row["since_year"] else None,
            payment_days=int(row["payment_days"]),
            credit_limit=int(row["credit_limit"]),
            revenue=yearly_revenue * float(row["revenue"]) / total,
            growth=float(row["growth"]),
            story=story,
            story_age=int(age or 0),
        )


_TEXTS = (
    "code", "name", "group", "segment", "tier", "industry", "region", "country", "owner", "member",
    "currency", "erp_code",
)  # fmt: skip


def _product(row: Mapping[str, str]) -> DemoProduct:
    return DemoProduct(
        code=row["code"],
        name=row["name"],
        category=row["category"],
        unit=row["unit"],
        units_per_pallet=int(row["units_per_pallet"]),
        list_price=scaled(Decimal(row["list_price"]), MONEY_SCALE),
        cost_share=Decimal(row["cost_share"]),
        channel=row["channel"],
        popularity=int(row["popularity"]),
        launched_months_ago=int(row["launched_months_ago"]) if row["launched_months_ago"] else None,
        ended_months_ago=int(row["ended_months_ago"]) if row["ended_months_ago"] else None,
    )


def _person(facts: Mapping[str, Any], email_domain: str) -> DemoPerson:
    return DemoPerson(
        username=facts["username"],
        name=facts["name"],
        email=f"{facts['username']}@{email_domain}",
        roles=tuple(facts["roles"]),
        regions=tuple(facts.get("regions", ())),
        sees_cost=facts.get("cost", False),
        language=facts["language"],
    )


def _more_accounts(facts: DemoCompany, seed: int) -> Iterator[DemoAccount]:
    """Further accounts without end: each takes its habits from one of the fifty, and a name of its own."""
    parts = tomllib.loads((FACTS / "company.toml").read_text(encoding="utf-8"))["names"]
    random = np.random.default_rng([seed, _ACCOUNTS])
    taken: dict[str, int] = {}
    for number in itertools.count(len(facts.accounts)):
        model = facts.accounts[number % len(facts.accounts)]
        root = parts["roots"][int(random.integers(len(parts["roots"])))]
        kinds = parts["kinds"][model.segment]
        places = parts["places"][model.region or "Central"]
        name = f"{root} {kinds[int(random.integers(len(kinds)))]} {places[int(random.integers(len(places)))]}"
        taken[name] = taken.get(name, 0) + 1
        yield replace(
            model,
            code=f"KA-{number + 1:04d}",
            name=name if taken[name] == 1 else f"{name} {taken[name]}",
            group=root.upper(),
            erp_code=str(300100 + number * 7),
            revenue=model.revenue * float(random.lognormal(0, 0.4)),
            growth=model.growth + float(random.normal(0, 0.03)),
        )


def account_start(account: DemoAccount, calendar: DemoCalendar) -> int:
    """The first day on which the account may order; long-standing ones from the calendar's first."""
    if account.story != "new":
        return 0
    return calendar.number(first_of_month_before(calendar.today, account.story_age)) + 8


def account_end(account: DemoAccount, calendar: DemoCalendar) -> int:
    """The last day on which the account has ordered or may have."""
    if account.story == "lost":
        return calendar.number(first_of_month_before(calendar.today, account.story_age)) + 11
    if account.story == "silent":
        return calendar.today_no - account.story_age
    return calendar.today_no


def since_on(account: DemoAccount, calendar: DemoCalendar) -> date:
    """When business with the account began."""
    if account.since_year is None:
        return calendar.day(account_start(account, calendar)) - timedelta(days=7)
    return date(account.since_year, 1 + int(account.erp_code) % 12, 1 + int(account.erp_code) % 28)


def levels(account: DemoAccount, calendar: DemoCalendar) -> Factors:
    """The account's expected net revenue a day, without seasons, over the whole calendar."""
    days = np.arange(len(calendar.working), dtype=np.float64)
    level = account.revenue / 365 * (1 + account.growth) ** ((days - (calendar.today_no - 182)) / 365)
    start, end = account_start(account, calendar), account_end(account, calendar)
    if account.story == "new":
        level *= np.clip(0.35 + 0.65 * (days - start) / 110, 0, 1)  # the first orders fill one shelf
        level[:start] = 0
    if account.story == "lost":
        level *= np.clip(1 - 0.6 * (days - (end - 150)) / 150, 0.4, 1)  # it went a step at a time
        level[end + 1 :] = 0
    return level
