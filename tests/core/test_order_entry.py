"""Orders by hand: their figures worked out by hand, and the kept sums counted anew after each."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from core import (
    auth,
    clock,
    db,
    delivery,
    order_entry,
    orders,
    portfolio,
    product_prices,
    revenue,
    rollups,
    settings,
)
from core.auth import OPERATOR
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.models import AuditEntry, Order, OrderLine
from core.order_drafts import LineDraft, OrderDraft
from core.periods import Period
from core.vocabulary import Permission, Role
from tests import factories

DAY = date(2026, 11, 24)
YEAR = Period.of(date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture(autouse=True)
def _that_day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def account(session, kam):
    return factories.account(session, kam, "A", name="Alpha")


@pytest.fixture
def tea(session):
    row = factories.product(session, "TEA", category="Drinks")
    product_prices.set_list_price(session, OPERATOR, row.id, date(2026, 1, 1), Decimal("12.50"))
    product_prices.set_cost(session, OPERATOR, row.id, date(2026, 1, 1), Decimal(7))
    return row


def _draft(*lines, number="H-1", ordered_on=date(2026, 11, 3), **values):
    return OrderDraft(number, ordered_on, lines or (LineDraft("TEA", Decimal(10)),), **values)


def _sums_are_right(session):
    session.flush()
    assert rollups.differences(session) == []


def test_without_a_price_the_list_price_of_the_day_counts_and_the_cost_with_it(
    session, kam, director, account, tea
):
    order_entry.enter(session, kam, account.id, _draft())

    sums = revenue.totals(session, director, YEAR)
    assert (sums.lines, sums.net, sums.gross, sums.cost) == (1, Decimal(125), Decimal(125), Decimal(70))
    assert revenue.totals(session, kam, YEAR).cost is None
    _sums_are_right(session)


def test_net_price_and_discount_are_booked_against_list(session, kam, account, tea):
    order_entry.enter(
        session,
        kam,
        account.id,
        _draft(
            LineDraft("TEA", Decimal(3), net_price=Decimal("11.1111")),  # 33.3333 of 37.50
            LineDraft("TEA", Decimal(2), discount_rate=Decimal("0.1")),  # 22.50 of 25
            LineDraft("TEA", Decimal(1), list_price=Decimal(20), discount_rate=Decimal("0.25")),  # 15 of 20
        ),
    )

    detail = orders.detail(session, kam, "H-1")
    assert [(line.net_amount, line.gross_amount) for line in detail.lines] == [
        (Decimal("33.3333"), Decimal("37.5")), (Decimal("22.5"), Decimal(25)), (Decimal(15), Decimal(20)),
    ]  # fmt: skip
    assert session.get(Order, (account.id, "H-1")).net_amount == Decimal("70.8333")
    _sums_are_right(session)


def test_another_currency_is_booked_at_its_rate(session, kam, account, tea):
    line = LineDraft("TEA", Decimal(10), net_price=Decimal(4))
    order_entry.enter(session, kam, account.id, _draft(line, currency="sgd", fx_rate=Decimal("3.25")))

    assert revenue.totals(session, kam, YEAR).net == 130
    assert orders.detail(session, kam, "H-1").lines[0].currency == "SGD"
    _sums_are_right(session)


def test_the_list_price_of_the_day_is_turned_into_the_currency_of_the_order(session, kam, account, tea):
    order_entry.enter(session, kam, account.id, _draft(currency="SGD", fx_rate=Decimal("2.5")))

    (line,) = orders.detail(session, kam, "H-1").lines
    assert (line.list_price, line.net_amount) == (Decimal(5), Decimal(125))


def test_a_credit_note_takes_away(session, kam, account, tea):
    order_entry.enter(session, kam, account.id, _draft())
    order_entry.enter(
        session, kam, account.id, _draft(LineDraft("TEA", Decimal(4)), number="C-1", is_credit_note=True)
    )

    sums = revenue.totals(session, kam, YEAR)
    assert (sums.net, sums.returns, sums.quantity) == (Decimal(75), Decimal(-50), Decimal(6))
    assert order_entry.get(session, kam, account.id, "C-1").draft.is_credit_note
    _sums_are_right(session)


def test_revenue_belongs_to_the_day_of_the_invoice(session, kam, account, tea):
    order_entry.enter(
        session, kam, account.id, _draft(ordered_on=date(2026, 9, 30), invoiced_on=date(2026, 10, 2))
    )

    months = revenue.by_month(session, kam, Period.of(date(2026, 9, 1), date(2026, 10, 31)))
    assert [sums.net for sums in months.values()] == [0, 125]


def test_a_change_replaces_the_lines_and_keeps_the_first_promise(session, kam, account, tea):
    order_entry.enter(session, kam, account.id, _draft(promised_on=date(2026, 11, 10)))
    entered = order_entry.get(session, kam, account.id, "H-1")
    draft = replace(
        entered.draft,
        promised_on=date(2026, 11, 20),
        delivered_on=date(2026, 11, 12),
        lines=(LineDraft("TEA", Decimal(6), net_price=Decimal(10)), LineDraft("TEA", Decimal(1))),
    )
    version = order_entry.change(session, kam, account.id, "H-1", draft, version=entered.version)

    assert version == entered.version + 1
    assert revenue.totals(session, kam, YEAR).net == Decimal("72.5")
    first, second = session.query(OrderLine).order_by(OrderLine.line_no)
    assert (first.first_promised_on, second.first_promised_on) == (date(2026, 11, 10), date(2026, 11, 20))
    service = delivery.totals(session, kam, YEAR)
    assert (service.due, service.on_time) == (
        2,
        0,
    )  # late against the first promise, early against the second
    _sums_are_right(session)
    entry = session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
    assert entry.changes["lines"] == [["10 × TEA at 12.5"], ["6 × TEA at 10", "1 × TEA at 12.5"]]
    assert "7" not in str(entry.changes["lines"])  # never the cost


def test_what_was_read_back_and_saved_again_changes_nothing(session, kam, account, tea):
    order_entry.enter(
        session, kam, account.id, _draft(LineDraft("TEA", Decimal(3), net_price=Decimal("9.9999")))
    )
    entered = order_entry.get(session, kam, account.id, "H-1")
    before = revenue.totals(session, kam, YEAR)
    order_entry.change(session, kam, account.id, "H-1", entered.draft, version=entered.version)

    assert revenue.totals(session, kam, YEAR) == before
    assert order_entry.get(session, kam, account.id, "H-1").draft == entered.draft
    _sums_are_right(session)


def test_taken_back_nothing_is_left_but_the_record(session, kam, account, tea):
    order_entry.enter(session, kam, account.id, _draft())
    order_entry.remove(session, kam, account.id, "H-1", version=1)

    assert revenue.totals(session, kam, YEAR).lines == 0
    assert session.query(Order).count() == 0
    assert [row.action for row in session.query(AuditEntry).order_by(AuditEntry.id)][-2:] == [
        "order:create",
        "order:remove",
    ]
    assert portfolio.board(session, kam, YEAR, day=DAY).standings[0].last_order_on is None
    _sums_are_right(session)


def test_two_who_change_one_order_follow_each_other(session, kam, director, account, tea):
    order_entry.enter(session, kam, account.id, _draft())
    entered = order_entry.get(session, kam, account.id, "H-1")
    order_entry.change(
        session,
        director,
        account.id,
        "H-1",
        replace(entered.draft, lines=(LineDraft("TEA", Decimal(2)),)),
        version=1,
    )

    with pytest.raises(Conflict) as refused:
        order_entry.change(session, kam, account.id, "H-1", entered.draft, version=1)
    assert refused.value.current["lines"] == "2 × TEA at 12.5"
    assert refused.value.current["ordered_on"] == date(2026, 11, 3)
    assert refused.value.current["promised_on"] is None
    assert refused.value.version == 2
    with pytest.raises(Conflict):
        order_entry.remove(session, kam, account.id, "H-1", version=1)


def test_an_imported_order_is_not_changed_by_hand(session, kam, account, tea):
    factories.line(session, account, tea, date(2026, 3, 1), order_no="SO1", batch_id=7)

    for attempt in (
        lambda: order_entry.change(session, kam, account.id, "SO1", _draft(number="SO1"), version=1),
        lambda: order_entry.remove(session, kam, account.id, "SO1", version=1),
    ):
        with pytest.raises(Conflict, match="file"):
            attempt()
    assert not order_entry.get(session, kam, account.id, "SO1").is_by_hand


def test_a_taken_number_is_refused_without_telling_whose_it_is(session, kam, other_kam, account, tea):
    hidden = factories.account(session, other_kam, "ZZHIDDEN")
    factories.line(session, hidden, tea, date(2026, 3, 1), order_no="H-1")

    with pytest.raises(Invalid) as refused:
        order_entry.enter(session, kam, account.id, _draft())
    assert list(refused.value.fields) == ["order_no"]
    assert "ZZHIDDEN" not in str(refused.value.fields)


def test_the_next_number_follows_the_greatest_of_the_year(session, kam, account, tea):
    assert order_entry.next_number(session, kam) == "H-2026-0001"
    for number in ("H-2026-0009", "H-2026-0010", "H-2025-0500", "H-2026-X"):
        order_entry.enter(session, kam, account.id, _draft(number=number))
    assert order_entry.next_number(session, kam) == "H-2026-0011"


WRONG = [
    (_draft(number=" "), "order_no"),
    (_draft(number="x" * 65), "order_no"),
    (_draft(ordered_on=None), "ordered_on"),
    (_draft(ordered_on=date(2026, 11, 25)), "ordered_on"),
    (
        _draft(LineDraft("TEA", Decimal(1), net_price=Decimal(1)), ordered_on=date(1989, 1, 1)),
        "ordered_on",
    ),
    (_draft(promised_on=date(2026, 11, 2)), "promised_on"),
    (_draft(delivered_on=date(2026, 11, 2)), "delivered_on"),
    (_draft(delivered_on=date(2026, 11, 25)), "delivered_on"),
    (_draft(is_credit_note=True, promised_on=date(2026, 11, 9)), "promised_on"),
    (_draft(currency="RINGGIT"), "currency"),
    (_draft(currency="SGD"), "fx_rate"),
    (_draft(fx_rate=Decimal(2)), "fx_rate"),
    (replace(_draft(), lines=()), "lines"),
    (_draft(LineDraft("NONE", Decimal(1))), "lines"),
    (_draft(LineDraft("TEA", None)), "lines"),
    (_draft(LineDraft("TEA", Decimal(0))), "lines"),
    (_draft(LineDraft("TEA", Decimal(-1))), "lines"),
    (_draft(LineDraft("TEA", Decimal(1), discount_rate=Decimal("1.5"))), "lines"),
    (_draft(LineDraft("TEA", Decimal(1), net_price=Decimal("1.23456"))), "lines"),
    (_draft(LineDraft("TEA", Decimal(1), net_price=Decimal(-1))), "lines"),
    (_draft(LineDraft("SOAP", Decimal(1))), "lines"),  # without any list price
    (
        _draft(LineDraft("TEA", Decimal(1)), ordered_on=date(2025, 12, 31)),
        "lines",
    ),  # before its first price
    (_draft(LineDraft("TEA", Decimal(10) ** 14)), "lines"),
]


def test_what_breaks_a_rule_is_named_and_nothing_is_booked(session, kam, account, tea):
    factories.product(session, "SOAP")
    for draft, field in WRONG:
        with pytest.raises(Invalid) as refused:
            order_entry.enter(session, kam, account.id, draft)
        assert list(refused.value.fields) == [field], draft
    assert session.query(OrderLine).count() == 0


def test_every_wrong_line_is_named_by_its_number(session, kam, account, tea):
    lines = (LineDraft("TEA", Decimal(1)), LineDraft("NONE", Decimal(1)), LineDraft("TEA", Decimal(0)))
    with pytest.raises(Invalid) as refused:
        order_entry.enter(session, kam, account.id, _draft(*lines))

    text = refused.value.fields["lines"]
    assert "Line 2: there is no product NONE." in text
    assert "Line 3: give a quantity above zero." in text
    assert "Line 1" not in text


def test_nobody_books_to_accounts_that_are_not_theirs(session, other_kam, viewer, account, tea):
    with pytest.raises(NotFound):
        order_entry.enter(session, other_kam, account.id, _draft())
    with pytest.raises(Forbidden):
        order_entry.enter(session, viewer, account.id, _draft())
    assert Permission.ORDER_WRITE not in auth.ROLE_PERMISSIONS[Role.VIEWER]


def test_the_same_form_sent_twice_books_once(store, session, kam, account, tea):
    from core.errors import AlreadyDone

    number, name = account.id, kam.username
    session.commit()
    with db.write(once="nonce-1", actor_name=name) as first:
        order_entry.enter(first, kam, number, _draft())
    with pytest.raises(AlreadyDone), db.write(once="nonce-1", actor_name=name) as second:
        order_entry.enter(second, kam, number, _draft(number="H-2"))
    with db.read() as reading:
        assert reading.query(Order).count() == 1


def test_a_base_currency_of_another_company_counts(session, kam, account, tea):
    settings.update(session, OPERATOR, {"base_currency": "SGD"})
    order_entry.enter(session, kam, account.id, _draft())

    assert session.query(OrderLine).one().currency == "SGD"
