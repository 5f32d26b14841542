"""Products, their packs, and prices with two clocks."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import audit, auth, clock, product_prices, products
from core.auth import OPERATOR
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.products import ProductDraft
from core.vocabulary import Role
from tests import factories

KICAP = ProductDraft("KCP", "Kicap manis 340 ml", category="Sauces", unit="bottle")
JAN, MAR, JUN = date(2026, 1, 1), date(2026, 3, 1), date(2026, 6, 1)


def _days(session, product_id):
    history = product_prices.price_history(session, OPERATOR, [product_id])
    return [(row.valid_from, row.valid_to, row.amount) for row in history]


def test_a_product_is_filed_under_a_category_and_a_unit(session, director, viewer):
    product_id = products.create(session, director, KICAP)

    found = products.get(session, viewer, product_id)
    assert (found.code, found.category, found.unit) == ("KCP", "Sauces", "bottle")
    assert products.get_by_code(session, viewer, " KCP ").id == product_id
    assert [row.code for row in products.search(session, viewer, "manis")] == ["KCP"]
    assert products.find(session, viewer, frozenset({product_id}))[product_id].name == "Kicap manis 340 ml"


def test_a_manager_changes_no_product(session, kam, director):
    product_id = products.create(session, director, KICAP)

    with pytest.raises(Forbidden):
        products.update(session, kam, product_id, KICAP, version=1)
    with pytest.raises(Forbidden):
        product_prices.set_list_price(session, kam, product_id, JAN, Decimal(5))


def test_a_product_code_is_given_once(session, director):
    products.create(session, director, KICAP)

    with pytest.raises(Invalid) as refused:
        products.create(session, director, KICAP)

    assert "code" in refused.value.fields


def test_an_unknown_product_is_said_to_be_unknown(session, viewer):
    with pytest.raises(NotFound):
        products.get_by_code(session, viewer, "NONE")


def test_a_renamed_product_leaves_one_difference_in_the_audit(session, director):
    product_id = products.create(session, director, KICAP)
    draft = ProductDraft("KCP", "Kicap 350 ml", "sauces", "bottle")

    products.update(session, director, product_id, draft, version=1)

    assert audit.search(session, OPERATOR).rows[0].changes == {"name": ["Kicap manis 340 ml", "Kicap 350 ml"]}
    with pytest.raises(Conflict) as refused:
        products.update(session, director, product_id, KICAP, version=1)
    assert refused.value.current == {"name": "Kicap 350 ml"}


def test_a_carton_holds_24_bottles(session, director):
    product_id = products.create(session, director, KICAP)

    products.set_packs(session, director, product_id, {"carton": Decimal(24)}, version=1)

    assert products.get(session, director, product_id).packs == (("carton", Decimal(24)),)
    with pytest.raises(Invalid):
        products.set_packs(session, director, product_id, {"carton": Decimal(0)}, version=2)


def test_a_price_holds_until_the_next_one(session, director):
    product_id = products.create(session, director, KICAP)

    product_prices.set_list_price(session, director, product_id, JAN, Decimal("4.50"))
    product_prices.set_list_price(session, director, product_id, JUN, Decimal("4.90"))

    assert _days(session, product_id) == [(JAN, JUN, Decimal("4.5")), (JUN, None, Decimal("4.9"))]
    on = [
        product_prices.list_price_on(session, director, product_id, JAN + timedelta(days=d))
        for d in (-1, 0, 150)
    ]
    assert on == [None, Decimal("4.5"), Decimal("4.5")]  # 31 May is the 151st day of 2026
    assert product_prices.list_price_on(session, director, product_id, JUN) == Decimal("4.9")


def test_a_price_put_in_between_ends_the_one_before_and_stops_at_the_next(session, director):
    product_id = products.create(session, director, KICAP)
    product_prices.set_list_price(session, director, product_id, JAN, Decimal(4))
    product_prices.set_list_price(session, director, product_id, JUN, Decimal(6))

    product_prices.set_list_price(session, director, product_id, MAR, Decimal(5))

    assert _days(session, product_id) == [
        (JAN, MAR, Decimal(4)),
        (MAR, JUN, Decimal(5)),
        (JUN, None, Decimal(6)),
    ]


def test_a_price_before_all_others_reaches_up_to_the_first(session, director):
    product_id = products.create(session, director, KICAP)
    product_prices.set_list_price(session, director, product_id, MAR, Decimal(5))

    product_prices.set_list_price(session, director, product_id, JAN, Decimal(4))

    assert _days(session, product_id) == [(JAN, MAR, Decimal(4)), (MAR, None, Decimal(5))]


def test_a_corrected_price_is_known_beside_what_we_thought_before(session, director):
    product_id = products.create(session, director, KICAP)
    product_prices.set_list_price(session, director, product_id, JAN, Decimal(4))
    then = clock.now()

    product_prices.set_list_price(session, director, product_id, JAN, Decimal("4.20"))

    assert product_prices.list_price_on(session, director, product_id, MAR) == Decimal("4.2")
    assert product_prices.list_price_on(session, director, product_id, MAR, known_at=then) == Decimal(4)
    every = product_prices.price_history(session, director, [product_id], with_superseded=True)
    assert [row.superseded_at is None for row in every] == [False, True]


def test_the_same_price_again_changes_nothing(session, director):
    product_id = products.create(session, director, KICAP)
    product_prices.set_list_price(session, director, product_id, JAN, Decimal(4))

    changed = product_prices.set_list_prices(
        session, director, [(product_id, JAN, Decimal(4)), (product_id, MAR, Decimal(4))]
    )

    assert changed == 0
    assert _days(session, product_id) == [(JAN, None, Decimal(4))]


def test_a_price_is_refused_that_the_store_cannot_keep_exactly(session, director):
    product_id = products.create(session, director, KICAP)

    for price in (Decimal(-1), Decimal("1.00001")):
        with pytest.raises(Invalid):
            product_prices.set_list_price(session, director, product_id, JAN, price)
    with pytest.raises(Invalid):
        product_prices.set_list_price(session, director, product_id, date(206, 1, 1), Decimal(1))


def test_cost_is_for_those_who_may_see_it(session, director, viewer):
    product_id = products.create(session, director, KICAP)
    product_prices.set_costs(session, director, [(product_id, JAN, Decimal("2.5"))])
    blind = auth.actor_for(factories.user(session, "dan", Role.DIRECTOR))

    assert product_prices.cost_on(session, director, product_id, MAR) == Decimal("2.5")
    assert product_prices.cost_history(session, director, [product_id])[0].valid_from == JAN
    for actor in (viewer, blind):
        with pytest.raises(Forbidden):
            product_prices.cost_on(session, actor, product_id, MAR)
    with pytest.raises(Forbidden):
        product_prices.set_cost(session, blind, product_id, JAN, Decimal(2))
