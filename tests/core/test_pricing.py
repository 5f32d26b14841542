from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import pricing
from core.pricing import Days, ForWhat, ForWhom, LostReason, Offer
from core.vocabulary import TermDate, TermKind, TierBasis, TierMode

DAY = date(2026, 6, 15)
_numbers = count(1)


def offer(kind=TermKind.DISCOUNT, value="0.1", *, whom=ForWhom.ACCOUNT, what=ForWhat.PRODUCT, minimum="0",
          valid_from=date(2026, 1, 1), valid_to=None, approved=True, stacks=False, by=TermDate.ORDER,
          **more):  # fmt: skip
    return Offer(
        next(_numbers), kind, whom, what, Decimal(value), Decimal(minimum), valid_from, valid_to, approved, stacks, by,
        **more,
    )  # fmt: skip


def asked(*offers, quantity="1", day=DAY, listed="100", floor=None, days=None):
    return pricing.price(
        None if listed is None else Decimal(listed),
        pricing.ordered(offers),
        quantity=Decimal(quantity),
        days=days or Days(day),
        floor=None if floor is None else Decimal(floor),
    )


def why(found):
    return {loser.offer.number: loser.reason for loser in found.lost}


def test_without_terms_the_list_price_is_the_price():
    found = asked()

    assert (found.list_price, found.net_price, found.layers, found.lost) == (100, 100, (), ())


def test_a_special_price_is_terminal_even_for_discounts_that_stack():
    special = offer(TermKind.SPECIAL_PRICE, "80", stacks=True)
    general = offer(what=ForWhat.EVERYTHING, value="0.05", stacks=True)

    found = asked(special, general)

    assert found.net_price == 80
    assert [layer.amount for layer in found.layers] == [20]
    assert why(found) == {general.number: LostReason.SCOPE_BEATEN}


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        ((ForWhom.ACCOUNT, ForWhat.EVERYTHING), (ForWhom.GROUP, ForWhat.PRODUCT)),
        ((ForWhom.GROUP, ForWhat.EVERYTHING), (ForWhom.SEGMENT, ForWhat.PRODUCT)),
        ((ForWhom.SEGMENT, ForWhat.PRODUCT), (ForWhom.SEGMENT, ForWhat.CATEGORY)),
        ((ForWhom.GROUP, ForWhat.CATEGORY), (ForWhom.GROUP, ForWhat.EVERYTHING)),
    ],
)
def test_the_more_specific_scope_wins_however_little_it_gives(winner, loser):
    small = offer(value="0.01", whom=winner[0], what=winner[1])
    large = offer(value="0.5", whom=loser[0], what=loser[1])

    found = asked(large, small)

    assert found.net_price == 99
    assert why(found) == {large.number: LostReason.SCOPE_BEATEN}


def test_of_the_tiers_of_one_scope_the_highest_reached_wins():
    tiers = [offer(TermKind.QUANTITY_TIER, rate, minimum=at) for rate, at in
             (("0.05", "10"), ("0.1", "50"), ("0.2", "200"))]  # fmt: skip

    assert [asked(*tiers, quantity=q).net_price for q in ("9", "10", "49", "50", "199", "200")] == [
        100, 95, 95, 90, 90, 80,
    ]  # fmt: skip
    found = asked(*tiers, quantity="50")
    assert [one.number for one in found.won] == [tiers[1].number]
    assert why(found) == {tiers[0].number: LostReason.QUANTITY, tiers[2].number: LostReason.QUANTITY}


def test_discounts_multiply_and_only_where_both_stack():
    # 10% and then 5% of what is left make 14.5% (kpis.md 6).
    ten, five = offer(value="0.1", stacks=True), offer(value="0.05", what=ForWhat.EVERYTHING, stacks=True)
    alone = offer(value="0.05", what=ForWhat.EVERYTHING)

    assert asked(ten, five).net_price == Decimal("85.5")
    assert [layer.amount for layer in asked(ten, five).layers] == [10, Decimal("4.5")]
    assert asked(ten, alone).net_price == 90
    assert asked(offer(value="0.1"), five).net_price == 90


def test_a_term_holds_from_its_first_day_up_to_the_day_before_its_end():
    short = offer(valid_from=date(2026, 3, 1), valid_to=date(2026, 4, 1))

    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1)]
    assert [asked(short, day=day).net_price for day in days] == [100, 90, 90, 100]
    assert why(asked(short, day=days[-1])) == {short.number: LostReason.WRONG_DATE}


def test_the_term_says_which_of_the_days_decides():
    by_delivery = offer(by=TermDate.DELIVERY, valid_from=date(2026, 7, 1))

    assert asked(by_delivery, days=Days(DAY)).net_price == 100
    assert asked(by_delivery, days=Days(DAY, delivery=date(2026, 7, 1))).net_price == 90
    assert asked(by_delivery, days=Days(DAY, invoice=date(2026, 7, 1))).net_price == 100


def test_what_is_not_approved_makes_no_price():
    draft = offer(TermKind.SPECIAL_PRICE, "50", approved=False)
    approved = offer(value="0.1")

    found = asked(draft, approved)

    assert found.net_price == 90
    assert why(found) == {draft.number: LostReason.NOT_APPROVED}


def test_what_would_fall_below_the_floor_does_not_apply_and_the_next_one_does():
    special, discount = offer(TermKind.SPECIAL_PRICE, "60"), offer(value="0.1", what=ForWhat.CATEGORY)

    found = asked(special, discount, floor="85")

    assert found.net_price == 90
    assert why(found) == {special.number: LostReason.BELOW_FLOOR}


def test_without_a_list_price_only_a_special_price_gives_one():
    assert asked(offer(), listed=None).net_price is None
    found = asked(offer(TermKind.SPECIAL_PRICE, "60"), listed=None)
    assert (found.net_price, found.layers[0].amount) == (60, None)


def test_dated_special_offers_with_quantity_tiers_can_be_expressed():
    june = {"valid_from": date(2026, 6, 1), "valid_to": date(2026, 7, 1)}
    offers = [
        offer(TermKind.SPECIAL_PRICE, price, minimum=at, **june) for price, at in (("90", "0"), ("80", "24"))
    ]

    assert asked(*offers, quantity="23").net_price == 90
    assert asked(*offers, quantity="24").net_price == 80
    assert asked(*offers, quantity="24", day=date(2026, 7, 1)).net_price == 100


def test_the_next_cheaper_quantity_is_found_in_the_cliff_zone():
    # 15% from 50 on: 43 to 49 cost more than 50 (kpis.md 8).
    tier = [offer(TermKind.QUANTITY_TIER, "0.15", minimum="50")]

    def cheaper(quantity):
        return pricing.next_cheaper_quantity(Decimal(100), tier, quantity=Decimal(quantity), days=Days(DAY))

    assert cheaper(42) is None
    assert cheaper(43) == (50, 4250)
    assert cheaper(49) == (50, 4250)
    assert cheaper(50) is None


offers = st.builds(
    offer,
    kind=st.sampled_from(TermKind),
    value=st.decimals(0, 1, places=4).map(str),
    whom=st.sampled_from(ForWhom),
    what=st.sampled_from(ForWhat),
    minimum=st.sampled_from(["0", "5", "10"]),
    valid_from=st.sampled_from([DAY - timedelta(9), DAY, DAY + timedelta(1)]),
    approved=st.booleans(),
    stacks=st.booleans(),
)


@given(st.lists(offers, max_size=8), st.randoms(use_true_random=False), st.sampled_from(["1", "7", "12"]))
def test_the_order_in_which_terms_are_given_changes_nothing_and_each_is_accounted_for(found, dice, quantity):
    shuffled = list(found)
    dice.shuffle(shuffled)

    one, other = asked(*found, quantity=quantity), asked(*shuffled, quantity=quantity)

    assert one == other
    assert {o.number for o in one.won} | set(why(one)) == {o.number for o in found}
    assert not {o.number for o in one.won} & set(why(one))
    taken = sum((layer.amount for layer in one.layers), Decimal(0))
    assert one.net_price == 100 - taken


YEAR = {"basis": TierBasis.PERIOD_REVENUE, "what": ForWhat.EVERYTHING}


def test_the_pocket_price_is_the_invoice_less_everything_given_after_it():
    # kpis.md 6: 100,000 less 8% and 5% is 87,400; less 3%, 1% and 1,500 of freight 82,404 (loyalty is no term).
    found = asked(
        offer(value="0.08", stacks=True),
        offer(value="0.05", what=ForWhat.EVERYTHING, stacks=True),
        offer(TermKind.VOLUME_TIER, "0.03", mode=TierMode.ALL_UNITS, **YEAR),
        offer(TermKind.PROMPT_PAYMENT, "0.01"),
        offer(TermKind.FREIGHT, "1500"),
        listed="100000",
    )

    assert (found.net_price, found.pocket_price) == (87_400, 82_404)
    assert [layer.amount for layer in found.after] == [2622, 874, 1500]


def test_a_volume_tier_is_reached_by_what_was_bought_before_and_the_line_itself():
    tiers = [
        offer(TermKind.VOLUME_TIER, rate, minimum=at, mode=TierMode.ALL_UNITS, **YEAR)
        for rate, at in (("0.02", "1000"), ("0.04", "2500"))
    ]
    before = dict.fromkeys((tier.number for tier in tiers), Decimal(2000))

    def pocket(quantity, volumes):
        found = pricing.price(Decimal(100), pricing.ordered(tiers), quantity=Decimal(quantity), days=Days(DAY),
                              volumes=volumes)  # fmt: skip
        return found.pocket_price, [one.number for one in found.won]

    assert pocket("9", {}) == (100, [])
    assert pocket("10", {}) == (98, [tiers[0].number])
    assert pocket("4", before) == (98, [tiers[0].number])
    assert pocket("5", before) == (96, [tiers[1].number])


def test_marginal_tiers_each_give_on_their_own_slice_of_the_line():
    tiers = [
        offer(TermKind.VOLUME_TIER, rate, minimum=at, mode=TierMode.MARGINAL, **YEAR)
        for rate, at in (("0.02", "1000"), ("0.04", "2500"))
    ]
    # 30 units at 100 after 500: 500 at nothing, 1,500 at 2% (30), 1,000 at 4% (40): 70 in all, 2.3333 a unit.
    found = pricing.price(
        Decimal(100), pricing.ordered(tiers), quantity=Decimal(30), days=Days(DAY),
        volumes=dict.fromkeys((tier.number for tier in tiers), Decimal(500)),
    )  # fmt: skip

    assert [(layer.offer.number, layer.amount) for layer in found.after] == [
        (tiers[1].number, Decimal("1.3333")),
        (tiers[0].number, Decimal("1.0000")),
    ]


def test_of_what_is_given_after_the_invoice_the_most_specific_counts_and_the_others_say_why_not():
    own = offer(TermKind.FREIGHT, "1.5", what=ForWhat.EVERYTHING)
    general = offer(TermKind.FREIGHT, "3", whom=ForWhom.SEGMENT, what=ForWhat.PRODUCT)
    waiting = offer(TermKind.PROMPT_PAYMENT, "0.02", approved=False)

    found = asked(general, own, waiting)

    assert found.pocket_price == Decimal("98.5")
    assert why(found) == {general.number: LostReason.SCOPE_BEATEN, waiting.number: LostReason.NOT_APPROVED}


def test_payment_terms_make_no_price_and_are_told():
    thirty = offer(TermKind.PAYMENT_TERMS, "30", what=ForWhat.EVERYTHING)

    found = asked(thirty)

    assert (found.net_price, found.pocket_price, found.payment, found.won) == (100, 100, thirty, (thirty,))


def test_a_term_in_a_unit_that_the_product_lacks_gives_nothing_and_says_so():
    by_pallet = replace(offer(value="0.1"), counts=False)

    found = asked(by_pallet)

    assert (found.net_price, why(found)) == (100, {by_pallet.number: LostReason.UNIT_UNKNOWN})


def test_without_a_price_the_pocket_price_is_unknown_and_not_zero():
    found = asked(offer(TermKind.FREIGHT, "1"), listed=None)

    assert (found.net_price, found.pocket_price) == (None, None)
