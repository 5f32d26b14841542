"""Order files: every row becomes a priced line of an account and a product, or says why it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from core import line_prices, settings
from core.accounts import UNASSIGNED
from core.auth import Actor
from core.importing import findings, lookups
from core.importing.columns import MISSING, Texts, Values
from core.importing.findings import Findings
from core.importing.lookups import AMBIGUOUS, UNKNOWN, Directory
from core.importing.options import Options
from core.importing.tables import Codes, Mask, Wholes
from core.language import N_
from core.line_prices import Booked, Given
from core.money import RATE_SCALE
from core.vocabulary import Permission

NO_ACCOUNT = N_("there is no such account among those you may book to")
NO_PRODUCT = N_("there is no such product")
AMBIGUOUS_ACCOUNT = N_("more than one account is called this by other systems: say which with the source")
NO_RATE = N_("an order in another currency needs its exchange rate")
BASE_RATE = N_("an order in the base currency has an exchange rate of 1")
BAD_RATE = N_("an exchange rate is above zero")
LINE_NEEDED = N_("a line number is needed in every row once the column is matched")
LINE_TWICE = N_("this line number stands twice in the order")
LINE_BEYOND = N_("a line number is a whole number from 1 to 2,000,000,000")
EARLY = N_("delivered before it was ordered")
LIST_ONLY = N_("only the list price is given: it was taken as the net price")

REQUIRED = ("order_no", "ordered_on", "product", "quantity")
NEW_ACCOUNT, NEW_PRODUCT = -10, -10  # and downwards: the first, second … that has to be created


@dataclass(frozen=True)
class NewAccount:
    code: str
    name: str
    country: str | None


@dataclass(frozen=True)
class NewProduct:
    code: str
    name: str
    category: str | None
    unit: str | None


@dataclass
class OrderRows:
    """The rows of an order file as lines; only those that are not refused may be booked."""

    values: Values
    order_no: Texts
    account: Wholes  # ids; NEW_ACCOUNT and below: those to be created; 0: the account without a name
    product: Wholes
    line_no: Wholes | None  # none: the file does not number its lines
    ordered_on: Wholes
    invoiced_on: Wholes
    booked: list[Booked | None]
    currency: Texts
    fx_rate: Wholes
    country: Texts
    unit: Texts
    new_accounts: list[NewAccount]
    new_products: list[NewProduct]
    mapped: frozenset[str]
    base_currency: str

    @property
    def rows(self) -> int:
        return self.values.rows

    @property
    def booked_on(self) -> Wholes:
        """The day revenue belongs to."""
        return np.where(self.invoiced_on == MISSING, self.ordered_on, self.invoiced_on)


UNASSIGNED_TO_CREATE = 0


def check(session: Session, actor: Actor, values: Values, found: Findings, options: Options) -> OrderRows:
    """Resolve accounts and products, work out prices, and refuse the rows that cannot be booked."""
    known = {name: values.text(name).known for name in ("order_no", "product")}
    known |= {name: values.whole(name) != MISSING for name in ("ordered_on", "quantity")}
    findings.required(found, known, REQUIRED)
    account, new_accounts = _accounts(session, actor, values, found, options)
    product, new_products = _products(session, actor, values, found, options)
    base = settings.get(session).base_currency
    fx_rate = _rates(values, found, base)
    rows = OrderRows(
        values=values,
        order_no=values.text("order_no"),
        account=account,
        product=product,
        line_no=_line_numbers(values, found) if "line_no" in options.columns else None,
        ordered_on=values.whole("ordered_on"),
        invoiced_on=values.whole("invoiced_on"),
        booked=_prices(values, found, fx_rate),
        currency=values.text("currency"),
        fx_rate=fx_rate,
        country=values.text("country"),
        unit=values.text("unit"),
        new_accounts=new_accounts,
        new_products=new_products,
        mapped=frozenset(options.columns),
        base_currency=base,
    )
    delivered = values.whole("delivered_on")
    found.notice("delivered_on", EARLY, int(((delivered != MISSING) & (delivered < rows.ordered_on)).sum()))
    return rows


def _accounts(
    session: Session, actor: Actor, values: Values, found: Findings, options: Options
) -> tuple[Wholes, list[NewAccount]]:
    codes = values.text("account")
    directory = lookups.accounts(session, actor, options.source)
    may_create = options.create_missing and actor.sees_everything and actor.may(Permission.ACCOUNT_CREATE)
    unassigned = options.missing_account == "unassigned" and actor.sees_everything
    if directory.unassigned is None and (unassigned or may_create):
        # Our own exports name the account without a name by its code, also before it exists.
        directory.unassigned = directory.ids[UNASSIGNED] = UNASSIGNED_TO_CREATE
    ids, new = _resolve(codes, directory, may_create=may_create, first_new=NEW_ACCOUNT)
    account = _spread(codes, ids)
    found.refuse("account", NO_ACCOUNT, account == UNKNOWN)
    found.refuse("account", AMBIGUOUS_ACCOUNT, account == AMBIGUOUS)
    without = ~codes.known
    if unassigned and directory.unassigned is not None:
        account = np.where(without & ~found.already("account"), directory.unassigned, account)
    else:
        found.refuse("account", findings.REQUIRED, without & ~found.already("account"))
    names, countries = (
        _described(codes, values.text("account_name")),
        _described(codes, values.text("country")),
    )
    created = [
        NewAccount(codes.values[place], names.get(place) or codes.values[place], countries.get(place))
        for place in new
    ]
    return account, created


def _products(
    session: Session, actor: Actor, values: Values, found: Findings, options: Options
) -> tuple[Wholes, list[NewProduct]]:
    codes = values.text("product")
    may_create = options.create_missing and actor.may(Permission.PRODUCT_WRITE)
    ids, new = _resolve(codes, lookups.products(session), may_create=may_create, first_new=NEW_PRODUCT)
    product = _spread(codes, ids)
    found.refuse("product", NO_PRODUCT, product == UNKNOWN)
    if not new:
        return product, []
    names, categories, units = (
        _described(codes, values.text(name)) for name in ("product_name", "category", "unit")
    )
    created = [
        NewProduct(
            codes.values[place],
            names.get(place) or codes.values[place],
            categories.get(place),
            units.get(place),
        )
        for place in new
    ]
    return product, created


def _resolve(
    codes: Texts, directory: Directory, *, may_create: bool, first_new: int
) -> tuple[list[int], list[int]]:
    """The id of each different code, and the positions of those that have to be created."""
    ids: list[int] = []
    new: list[int] = []
    for place, code in enumerate(codes.values):
        found = directory.find(code)
        if found == UNKNOWN and may_create:
            found = first_new - len(new)
            new.append(place)
        ids.append(found)
    return ids, new


def _spread(codes: Texts, ids: list[int]) -> Wholes:
    """The id in each row; MISSING where the cell is unknown."""
    padded = np.array([*ids, MISSING], dtype=np.int64)  # position -1 is the last: unknown
    return padded[codes.codes]


def _described(codes: Texts, texts: Texts) -> dict[int, str]:
    """For each code the first text that the file gives beside it."""
    found: dict[int, str] = {}
    if not texts.values:
        return found
    both = np.flatnonzero(codes.known & texts.known)
    places, first = np.unique(codes.codes[both], return_index=True)
    for place, row in zip(places.tolist(), both[first].tolist(), strict=True):
        found[place] = texts.values[texts.codes[row]]
    return found


def _rates(values: Values, found: Findings, base: str) -> Wholes:
    """The exchange rate of every row: 1 in the base currency, given in any other."""
    currency, given = values.text("currency"), values.whole("fx_rate")
    is_base = np.array([*(code == base for code in currency.values), True], dtype=np.bool_)[currency.codes]
    is_base |= found.already("currency")
    missing = (given == MISSING) & ~found.already("fx_rate")
    found.refuse("fx_rate", NO_RATE, ~is_base & missing)
    found.refuse("fx_rate", BAD_RATE, (given != MISSING) & (given <= 0))
    found.refuse("fx_rate", BASE_RATE, is_base & (given > 0) & (given != RATE_SCALE))
    return np.where(given == MISSING, RATE_SCALE, given)


def _line_numbers(values: Values, found: Findings) -> Wholes:
    numbers = values.whole("line_no")
    found.refuse("line_no", LINE_NEEDED, (numbers == MISSING) & ~found.already("line_no"))
    found.refuse("line_no", LINE_BEYOND, (numbers != MISSING) & ((numbers < 1) | (numbers > 2_000_000_000)))
    pairs = np.stack([values.text("order_no").codes.astype(np.int64), numbers], axis=1)
    usable = np.flatnonzero(~found.refused)
    _unique, first = np.unique(pairs[usable], axis=0, return_index=True)
    again: Mask = np.zeros(values.rows, dtype=np.bool_)
    again[usable] = True
    again[usable[first]] = False
    found.refuse("line_no", LINE_TWICE, again)
    return numbers


_GIVEN = ("quantity", "unit_price", "list_price", "discount_rate", "net_amount", "unit_cost", "cost_amount")


def _prices(values: Values, found: Findings, fx_rate: Wholes) -> list[Booked | None]:
    """Work out each different set of prices once; half a million rows have far fewer."""
    refused = found.refused.tolist()
    given: list[list[Any]] = [values.whole(name).tolist() for name in _GIVEN]
    known: dict[tuple[int, ...], Booked | str] = {}
    booked: list[Booked | None] = []
    against: dict[str, list[int]] = {}
    for row, numbers in enumerate(zip(*given, fx_rate.tolist(), strict=True)):
        if refused[row]:
            booked.append(None)
            continue
        outcome = known.get(numbers)
        if outcome is None:
            outcome = known[numbers] = line_prices.book(_given(numbers))
        if isinstance(outcome, str):
            against.setdefault(outcome, []).append(row)
            booked.append(None)
        else:
            booked.append(outcome)
    for reason, rows in against.items():
        mask = np.zeros(values.rows, dtype=np.bool_)
        mask[rows] = True
        found.refuse("", reason, mask)
    found.notice("list_price", LIST_ONLY, _list_only(values, found))
    return booked


def _given(numbers: Sequence[int]) -> Given:
    known = [None if one == MISSING else one for one in numbers[1:7]]
    unit_price, list_price, discount_rate, net_amount, unit_cost, cost_amount = known
    return Given(
        numbers[0], unit_price, list_price, discount_rate, net_amount, unit_cost, cost_amount, numbers[7]
    )


def _list_only(values: Values, found: Findings) -> int:
    missing = [values.whole(name) == MISSING for name in ("unit_price", "discount_rate", "net_amount")]
    alone = missing[0] & missing[1] & missing[2] & (values.whole("list_price") != MISSING)
    return int((alone & ~found.refused).sum())


def day(ordinal: int) -> date | None:
    return None if ordinal == MISSING else date.fromordinal(ordinal)


def grouped(codes: Codes, usable: Mask) -> list[np.ndarray]:
    """The rows of each order, in the order of the file; orders as they first appear."""
    rows = np.flatnonzero(usable)
    ordered = rows[np.argsort(codes[rows], kind="stable")]
    if not len(ordered):
        return []
    starts = np.flatnonzero(np.diff(codes[ordered])) + 1
    return np.split(ordered, starts)
