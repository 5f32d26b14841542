"""The revenue bridge from the store, against the definition worked out line by line in exact fractions."""

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from core import auth, bridge, bridge_pairs, kpis, revenue, rollups
from core.auth import OPERATOR
from core.bridge import Step
from core.errors import Forbidden
from core.filters import AccountFilter
from core.kpis import By, Options
from core.models import Account, OrderLine, Product, Unit
from core.money import round_money
from core.periods import Period
from tests import factories
from tests.core.test_price_volume_mix import six_orders

THEN = Period(date(2025, 1, 1), date(2026, 1, 1))
NOW = Period(date(2026, 1, 1), date(2027, 1, 1))
LAST, THIS = date(2025, 5, 10), date(2026, 5, 10)
STEPS = [step.value for step in Step]


def parts(found):
    return {step.value: amount for step, amount in found.parts.items() if amount}


def foreign(session, account, product, day, *, quantity, price, rate):
    line = factories.line(
        session, account, product, day, quantity=quantity, net_price=price, list_price=price
    )
    line.currency, line.fx_rate = "USD", Decimal(rate)
    line.net_amount = line.gross_amount = round_money(Decimal(quantity) * Decimal(price) * Decimal(rate))
    session.flush()
    return line


def test_the_known_answer_comes_out_of_the_store_and_its_negative_with_swapped_windows(session):
    account = factories.account(session)
    one, two = factories.product(session), factories.product(session)
    for product, day, quantity, price in (
        (one, LAST, "100", "10"), (two, LAST, "50", "20"), (one, THIS, "90", "11"), (two, THIS, "80", "19"),
    ):  # fmt: skip
        factories.line(session, account, product, day, quantity=quantity, net_price=price)
    rollups.rebuild(session)

    found = bridge.between(session, OPERATOR, NOW, THEN)
    back = bridge.between(session, OPERATOR, THEN, NOW)

    assert {name: round(amount, 3) for name, amount in parts(found).items()} == {
        "price": Decimal("30.915"),
        "volume": Decimal("281.895"),
        "mix": Decimal("197.190"),
    }
    assert found.change == sum(found.parts.values()) == 510
    assert {name: -amount for name, amount in parts(back).items()} == parts(found)


def test_new_lost_and_returned_are_told_apart_from_what_was_sold_in_both(session):
    account, other = factories.account(session), factories.account(session)
    both, gone, come = (factories.product(session) for _ in range(3))
    factories.line(session, account, both, LAST, quantity="10", net_price="10")
    factories.line(session, account, both, THIS, quantity="10", net_price="12")
    factories.line(session, account, both, THIS, quantity="-1", net_price="12")
    factories.line(session, account, gone, LAST, quantity="4", net_price="5")
    factories.line(session, account, gone, THIS, quantity="-2", net_price="5")  # a return is no sale
    factories.line(session, account, come, THIS, quantity="3", net_price="7")
    factories.line(session, other, both, THIS, quantity="1", net_price="9")  # new to this account
    rollups.rebuild(session)

    found = bridge.between(session, OPERATOR, NOW, THEN)

    assert parts(found) == {
        "price": Decimal(20),
        "new": Decimal(30),
        "lost": Decimal(-20),
        "returns": Decimal(-22),
    }
    assert (found.then, found.now, found.change) == (Decimal(120), Decimal(128), Decimal(8))
    assert (found.lines_then, found.lines_now) == (2, 5)


def test_free_goods_and_lines_without_a_quantity_leave_no_gap(session):
    account = factories.account(session)
    free, fee = factories.product(session), factories.product(session)
    factories.line(session, account, free, LAST, quantity="5", net_price="0")
    factories.line(session, account, free, THIS, quantity="5", net_price="2")
    line = factories.line(session, account, fee, THIS, quantity="0", net_price="0")
    line.net_amount = Decimal(30)  # an amount without a quantity: no sale, but money
    session.flush()
    rollups.rebuild(session)

    found = bridge.between(session, OPERATOR, NOW, THEN)

    assert parts(found) == {"price": Decimal(10), "new": Decimal(30)}
    assert found.change == 40


def test_products_of_different_units_are_no_mix_of_each_other(session):
    account = factories.account(session)
    litres, pieces = Unit(name="litre"), Unit(name="piece")
    session.add_all([litres, pieces])
    session.flush()
    oil, box = (
        factories.product(session, unit_id=litres.id),
        factories.product(session, unit_id=pieces.id),
    )
    for product, day, quantity in (
        (oil, LAST, "10"),
        (box, LAST, "10"),
        (oil, THIS, "30"),
        (box, THIS, "10"),
    ):
        factories.line(session, account, product, day, quantity=quantity, net_price="4")
    rollups.rebuild(session)

    assert parts(bridge.between(session, OPERATOR, NOW, THEN)) == {"volume": Decimal(80)}


def test_what_rates_moved_is_currency_and_nothing_else(session):
    account, product = factories.account(session), factories.product(session)
    foreign(session, account, product, LAST, quantity="10", price="5", rate="4")  # 200
    foreign(session, account, product, THIS, quantity="20", price="5", rate="4.5")  # 450
    rollups.rebuild(session)

    found, back = bridge.between(session, OPERATOR, NOW, THEN), bridge.between(session, OPERATOR, THEN, NOW)

    # 50 and 100 dollars: (50 + 100) ÷ 2 × 0.5 by the rate; at the mean rate of 4.25, 50 dollars more by volume
    assert parts(found) == {"volume": Decimal("212.5"), "currency": Decimal("37.5")}
    assert {name: -amount for name, amount in parts(back).items()} == parts(found)


def test_a_currency_of_one_window_only_has_no_second_rate(session):
    account, product = factories.account(session), factories.product(session)
    factories.line(session, account, product, LAST, quantity="10", net_price="20")
    foreign(session, account, product, THIS, quantity="10", price="5", rate="4.5")
    rollups.rebuild(session)

    assert parts(bridge.between(session, OPERATOR, NOW, THEN)) == {"price": Decimal(25)}


def test_a_manager_sees_a_bridge_of_own_accounts_only(session, kam, other_kam, director):
    mine, theirs, product = (
        factories.account(session, kam),
        factories.account(session, other_kam),
        factories.product(session),
    )
    factories.line(session, mine, product, LAST, quantity="1", net_price="10")
    factories.line(session, mine, product, THIS, quantity="1", net_price="11")
    factories.line(session, theirs, product, LAST, quantity="1", net_price="1000")
    foreign(session, theirs, product, THIS, quantity="7", price="9", rate="4")
    rollups.rebuild(session)

    board = bridge.board(session, kam, NOW, THEN)
    products = bridge.by_product(session, kam, NOW, THEN)

    assert parts(board.total) == {"price": Decimal(1)}
    assert [row.id for row in board.accounts] == [mine.id]
    assert [parts(row.bridge) for row in products] == [{"price": Decimal(1)}]
    assert [row.account_id for row in bridge_pairs.search(session, kam, NOW, THEN).rows] == [mine.id]
    both = AccountFilter(account_ids=frozenset({mine.id, theirs.id}))
    assert bridge.between(session, kam, NOW, THEN, both) == board.total
    assert len(bridge.board(session, director, NOW, THEN).accounts) == 2


def test_who_may_not_read_revenue_gets_no_bridge(session):
    stranger = factories.user(session, "admin2")
    for ask in (bridge.between, bridge.board, bridge.by_product, bridge_pairs.search):
        with pytest.raises(Forbidden):
            ask(session, auth.actor_for(stranger), NOW, THEN)


def trade(session, seed, *, currencies=True):
    """Three years of a few accounts, UNASSIGNED among them, in two units and three currencies."""
    dice = random.Random(seed)
    unassigned = session.query(Account).filter(Account.is_unassigned).first() or factories.account(
        session, code="UNASSIGNED", is_unassigned=True
    )
    accounts = [unassigned, *(factories.account(session) for _ in range(3))]
    unit = Unit(name=f"litre {seed}")
    session.add(unit)
    session.flush()
    products = [factories.product(session, unit_id=unit.id if n % 2 else None) for n in range(5)]
    for _ in range(400):
        line = factories.line(
            session,
            dice.choice(accounts),
            dice.choice(products),
            date(2024, 1, 1) + timedelta(days=dice.randrange(1096)),
            quantity=str(dice.choice((-3, -1, 0, 1, 2, 5, 12, 40))),
            net_price=str(Decimal(dice.randrange(0, 300_000)) / 10_000),
        )
        if currencies and dice.random() < 0.3:
            line.currency = dice.choice(("USD", "SGD"))
            line.fx_rate = Decimal(dice.randrange(3_000_000, 5_000_000)) / 1_000_000
            line.net_amount = round_money(line.net_amount * line.fx_rate)
    session.flush()
    rollups.rebuild(session)
    return accounts


def expected(session, now, then, account_ids=None):
    """Each part from the lines, by the definition, in exact fractions; nothing of ours is used."""
    total = dict.fromkeys(STEPS, Fraction(0))
    sold: defaultdict[tuple, list[Fraction]] = defaultdict(
        lambda: [Fraction(0)] * 4
    )  # quantity then and now, amount then and now
    rates: defaultdict[tuple, list[Fraction]] = defaultdict(
        lambda: [Fraction(0)] * 4
    )  # amount then and now, in the base currency and in its own
    for line in session.query(OrderLine):
        for side, window in enumerate((then, now)):
            if account_ids is not None and line.account_id not in account_ids:
                continue
            if not window.start <= line.booked_on < window.end:
                continue
            amount, pair = Fraction(line.net_amount), (line.account_id, line.product_id)
            if line.quantity < 0:
                total["returns"] += amount if side else -amount
                continue
            sold[pair] = added(sold[pair], side, Fraction(line.quantity), amount)
            if line.fx_rate != 1:
                key = (*pair, line.currency)
                rates[key] = added(rates[key], side, amount, amount / Fraction(line.fx_rate))
    return total | moved(session, total, sold, rates)


def added(sums, side, first, second):
    return [
        *(one + (first if place == side else 0) for place, one in enumerate(sums[:2])),
        *(one + (second if place == side else 0) for place, one in enumerate(sums[2:])),
    ]


def moved(session, total, sold, rates):
    units = {product.id: product.unit_id for product in session.query(Product)}
    families = defaultdict(list)
    for (account, product), (before, after, was, became) in sold.items():
        if not (before > 0 and after > 0):
            total["new"] += became
            total["lost"] -= was
            continue
        kept = [rate for key, rate in rates.items() if key[:2] == (account, product) and rate[2] and rate[3]]
        halves = [(b1 / f1 - b0 / f0) / 2 for b0, b1, f0, f1 in kept]
        up = sum(rate[2] * half for rate, half in zip(kept, halves, strict=True))
        down = sum(rate[3] * half for rate, half in zip(kept, halves, strict=True))
        total["currency"] += up + down
        families[account, units[product]].append((before, after, was + up, became - down))
    for pairs in families.values():
        for name, amount in zip(("price", "volume", "mix"), six_orders(pairs), strict=True):
            total[name] += amount
    return total


WINDOWS = [
    (NOW, THEN),
    (Period(date(2026, 2, 1), date(2026, 5, 1)), Period(date(2025, 2, 1), date(2025, 5, 1))),
    (Period(date(2025, 3, 5), date(2026, 3, 21)), Period(date(2024, 1, 9), date(2025, 2, 27))),
    (Period(date(2026, 1, 1), date(2026, 11, 26)), Period(date(2025, 1, 1), date(2025, 11, 26))),
    (
        Period(date(2024, 6, 15), date(2026, 6, 15)),
        Period(date(2025, 1, 1), date(2026, 1, 1)),
    ),  # they overlap
]


# What lines brought in their own currency is kept in millionths: prices of a few cents cannot show every digit.
@pytest.mark.parametrize(("currencies", "off"), [(False, 0.0001), (True, 0.0003)])
@pytest.mark.parametrize(("now", "then"), WINDOWS)
def test_any_two_windows_agree_with_the_lines_at_every_level(session, now, then, currencies, off):
    accounts = trade(session, 7, currencies=currencies)
    whole = expected(session, now, then)

    board = bridge.board(session, OPERATOR, now, then)
    by_product = bridge.by_product(session, OPERATOR, now, then)
    found, back = board.total, bridge.between(session, OPERATOR, then, now)

    assert found == bridge.between(session, OPERATOR, now, then)
    for name in STEPS:
        assert float(abs(Fraction(getattr(found, name)) - whole[name])) <= off, name
    change = revenue.totals(session, OPERATOR, now).net - revenue.totals(session, OPERATOR, then).net
    assert sum(found.parts.values()) == found.change == change
    assert (back.price, back.volume, back.mix) == (-found.price, -found.volume, -found.mix)
    assert (back.new, back.lost, back.returns, back.currency) == (
        -found.lost, -found.new, -found.returns, -found.currency,
    )  # fmt: skip
    for rows in (board.accounts, by_product):
        for name in (*STEPS, "then", "now", "lines_then", "lines_now"):
            assert sum(getattr(row.bridge, name) for row in rows) == getattr(found, name)
        assert all(sum(row.bridge.parts.values()) == row.bridge.change for row in rows)
    pairs = bridge_pairs.search(session, OPERATOR, now, then, limit=1_000)
    for name in STEPS:  # each pair is rounded by itself
        apart = sum(getattr(row.bridge, name) for row in pairs.rows) - getattr(found, name)
        assert abs(apart) <= Decimal("0.0001") * (len(pairs.rows) + 1), name
    some = frozenset(account.id for account in accounts[1:3])
    narrow = bridge.between(session, OPERATOR, now, then, AccountFilter(account_ids=some))
    for name, amount in expected(session, now, then, some).items():
        assert float(abs(Fraction(getattr(narrow, name)) - amount)) <= off, name


def test_each_step_opens_its_pairs_with_quantities_and_prices(session):
    account, product = factories.account(session), factories.product(session)
    come = factories.product(session)
    factories.line(session, account, product, LAST, quantity="10", net_price="10")
    factories.line(session, account, product, THIS, quantity="8", net_price="12.5")
    factories.line(session, account, come, THIS, quantity="2", net_price="3")
    rollups.rebuild(session)

    found = bridge_pairs.search(session, OPERATOR, NOW, THEN, step=Step.VOLUME)
    new = bridge_pairs.search(session, OPERATOR, NOW, THEN, step=Step.NEW)
    of_product = bridge_pairs.search(session, OPERATOR, NOW, THEN, product_ids=frozenset({come.id}))

    (pair,) = found.rows
    assert (pair.product_id, found.count) == (product.id, 1)
    assert (pair.quantity_then, pair.quantity_now, pair.price_then, pair.price_now) == (
        Decimal(10), Decimal(8), Decimal(10), Decimal("12.5"),
    )  # fmt: skip
    assert (pair.bridge.price, pair.bridge.volume, pair.bridge.mix) == (
        Decimal("22.5"),
        Decimal("-22.5"),
        Decimal(0),
    )
    assert [row.product_id for row in new.rows] == [row.product_id for row in of_product.rows] == [come.id]
    assert (new.rows[0].price_then, new.rows[0].bridge.new) == (None, Decimal(6))


def test_the_kpi_has_the_parts_of_the_contract_and_its_keys_add_up(session):
    trade(session, 11)

    for by in By:
        (whole,) = kpis.compute(session, OPERATOR, ["bridge"], NOW, Options(by=by))
        assert list(whole.figure.parts) == STEPS
        assert sum(amount or 0 for amount, _unit in whole.figure.parts.values()) == whole.figure.value
        assert sum(value or 0 for _key, value in whole.by) == whole.figure.value
        assert all(value is not None for _key, value in whole.by)
    found = bridge.between(session, OPERATOR, NOW, NOW.shifted(-12))
    assert whole.figure.value == found.change
    assert whole.figure.rows == found.lines_then + found.lines_now
