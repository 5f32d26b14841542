"""What explains an on-invoice discount, and what leaked by account: worked out by hand."""

from datetime import date
from decimal import Decimal

import pytest

from core import clock, discount_kinds, leakage, priced_lines, rollups, term_versions, waterfall
from core.auth import OPERATOR
from core.leakage import Cause
from core.models import ListPrice, Segment
from core.periods import Period
from core.priced_lines import PricedLine
from core.pricing import Days, ForWhat, ForWhom, Layer, Offer, Price
from core.term_drafts import Scope, TermDraft
from core.vocabulary import TermKind, TermStatus
from tests import factories

DAY = date(2026, 6, 15)
YEAR = Period(date(2026, 1, 1), date(2027, 1, 1))


def offer(kind, value):
    return Offer(1, kind, ForWhom.ACCOUNT, ForWhat.PRODUCT, Decimal(value), Decimal(0), YEAR.start, None,
                 is_approved=True, stacks=True)  # fmt: skip


def line(net, *layers, gross="100", quantity="10"):
    found = [Layer(offer(kind, "0.1"), Decimal(amount)) for kind, amount in layers]
    off = sum((Decimal(amount) for _kind, amount in layers), Decimal(0))
    price = Price(Decimal(10), Decimal(10) - off, tuple(found))
    return PricedLine(1, 1, "O", 1, Days(DAY), Decimal(quantity), Decimal(gross), Decimal(net), price)


TIER, DISCOUNT = (TermKind.QUANTITY_TIER, "1"), (TermKind.DISCOUNT, "0.5")


@pytest.mark.parametrize(
    ("invoiced", "explained"),
    [
        ("85", [10, 5]),  # what the terms give, to the cent
        ("80", [10, 5]),  # 5 more than that has no term
        ("94", [4, 2]),  # of 6 given the tier has two thirds
        ("100", []),
        ("104", []),  # nothing was given: a surcharge is no discount
    ],
)
def test_what_was_given_is_laid_on_the_terms_as_far_as_it_reaches(invoiced, explained):
    found = discount_kinds.of_line(line(invoiced, TIER, DISCOUNT))

    assert [amount for _kind, amount in found] == explained


def test_a_return_takes_back_what_the_terms_gave():
    found = discount_kinds.of_line(line("-85", TIER, DISCOUNT, gross="-100", quantity="-10"))

    assert found == [(TermKind.QUANTITY_TIER, -10), (TermKind.DISCOUNT, -5)]


def test_a_special_price_takes_off_what_lies_between_it_and_the_list_price_of_the_order():
    """Listed at 12 by the order, at 10 by us, sold at the special price of 9.5."""
    assert discount_kinds.of_line(line("95", (TermKind.SPECIAL_PRICE, "0.5"), gross="120")) == [
        (TermKind.SPECIAL_PRICE, 25)
    ]


@pytest.fixture
def shop(session, kam):
    """Ten lines' worth at list price 10: A has a tenth off and once got two more, B is invoiced as it should be."""
    retail = Segment(name="Retail")
    session.add(retail)
    session.flush()
    a = factories.account(session, kam, "A", segment_id=retail.id)
    b = factories.account(session, None, "B", segment_id=retail.id)
    tea = factories.product(session, "P")
    session.add(
        ListPrice(product_id=tea.id, price=Decimal(10), valid_from=date(2025, 1, 1), recorded_at=clock.now())
    )
    draft = TermDraft(
        Scope(segment_id=retail.id), TermKind.DISCOUNT, Decimal("0.1"), YEAR.start, status=TermStatus.APPROVED
    )
    term_versions.record(session, OPERATOR, draft)
    for account, net in ((a, "9"), (a, "7"), (b, "9")):
        factories.line(session, account, tea, DAY, quantity="10", list_price="10", net_price=net)
    rollups.rebuild(session)
    session.flush()
    return {"a": a, "b": b}


@pytest.mark.usefixtures("shop")
def test_the_waterfall_shows_the_kinds_of_terms_and_the_rest(session, director):
    now, then = waterfall.of(session, director, YEAR)

    assert [(layer.name, layer.amount) for layer in now.on_invoice] == [
        ("Discounts", 30),
        (waterfall.REST, 20),
    ]
    assert (now.is_split, then.is_split, now.discount) == (True, False, 50)


@pytest.mark.usefixtures("shop")
def test_beyond_so_many_lines_the_discount_stays_in_one_piece(session, director):
    now, _then = waterfall.of(session, director, YEAR, split_up_to=2)

    assert [(layer.name, layer.amount) for layer in now.on_invoice] == [("On-invoice discount", 50)]


@pytest.mark.usefixtures("shop")
def test_what_leaked_stands_by_account_and_everybody_sees_their_own(session, kam, director):
    found = leakage.by_account(session, director, YEAR)

    assert (found.lines, found.priced, found.net, found.amount) == (3, 3, 250, 20)
    (only,) = found.accounts
    assert (only.code, only.lines, only.amount, only.net) == ("A", 1, 20, 160)
    assert only.cause is Cause.UNEXPLAINED
    assert found.by_cause == {Cause.UNEXPLAINED: 20}
    assert leakage.by_account(session, kam, YEAR).net == 160
    assert discount_kinds.explained(session, kam, YEAR) == {TermKind.DISCOUNT: 20}


def test_more_lines_than_can_be_priced_at_once_are_not_priced(session, shop, director, monkeypatch):
    monkeypatch.setattr(priced_lines, "MOST", 2)

    assert leakage.by_account(session, director, YEAR) is None
    assert leakage.of_account(session, director, shop["a"].id, YEAR).amount == 20
